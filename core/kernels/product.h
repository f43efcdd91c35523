#pragma once
#include <eigengrad/core/array.h>

namespace eg::kernels {

/// op(A) op(B) over the last two dimensions, the others broadcast; op transposes where trans_a, trans_b. A and B have
/// at least two dimensions, one floating-point type, and inner sizes that agree. Strided operands are used as they lie
/// where one of their last two strides is 1. `op` names the caller in errors.
Array matmul(const char* op, const Array& a, bool trans_a, const Array& b, bool trans_b);

/// x [M, K] w[O, K]^T + bias [O] (may be undefined): [M, O]; x and w contiguous in their last dimension.
Array linear(const Array& x, const Array& w, const Array& bias);

}  // namespace eg::kernels
