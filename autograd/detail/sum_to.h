#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg::detail {

/// The gradient of broadcasting: g summed over the dimensions along which `shape` was broadcast, converted to `dtype`.
/// Differentiable. g itself where nothing was broadcast or converted.
Tensor sum_to(Tensor g, const Shape& shape, DType dtype);

}  // namespace eg::detail
