#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

/// Every place of dimension dim `repeats` times in a row: a b becomes a a b b.
/// Errors    IndexError; ValueError for repeats < 1                 Gradient  x, at every order
Tensor repeat_interleave(const Tensor& x, std::int64_t repeats, std::int64_t dim);

/// Nearest-neighbour upsampling by whole factors, one for each of the last dimensions.
///   y[n, c, h, w] = x[n, c, h / scale[0], w / scale[1]]
/// Shapes    x [N, C, L] with scale {s}, or [N, C, H, W] with {sh, sw}; any dimensions may stand before
/// Errors    ShapeError for more factors than dimensions; ValueError for a factor < 1
/// Gradient  x, at every order
Tensor upsample_nearest(const Tensor& x, const Shape& scale);

}  // namespace eg
