#pragma once
#include <eigengrad/core/array.h>
#include <eigengrad/core/scalar.h>

namespace eg::kernels {

/// A row-major copy.
Array copy(const Array& a);
/// `a` itself where it is row-major, a copy otherwise.
Array contiguous(const Array& a);
/// A row-major copy converted to `dtype`. To bool: x != 0; from floating point to int64: towards zero.
Array cast(const Array& a, DType dtype);
/// dst = src, broadcast and converted.
void copy_into(Array& dst, const Array& src);
void fill(Array& dst, Scalar value);
/// `a` with strides 0 along broadcast dimensions; shape must be one that a broadcasts to.
Array broadcast_to(const Array& a, const Shape& shape);
/// Row-major arrays of one value.
Array full(const Shape& shape, DType dtype, Scalar value);

}  // namespace eg::kernels
