#pragma once
#include <eigengrad/autograd/ops/attention.h>

namespace eg::detail {

/// softmax(scale q k^T + mask), [..., L, S]: what scaled_dot_product_attention multiplies v with. `op` is for errors.
Tensor attention_weights(const char* op, const Tensor& q, const Tensor& k, const AttentionOptions& options);

}  // namespace eg::detail
