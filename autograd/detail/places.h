#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg::detail {

/// `values` as the result of picking x at `indices` (int64, as gather takes them) along dim: records the gradient.
/// For functions that find elements and know their places: sort, topk, max, min.
Tensor picked(const char* op, const Tensor& x, int dim, const Tensor& indices, Array values);

}  // namespace eg::detail
