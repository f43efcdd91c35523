#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Functions that rearrange elements. Where it says "view" the result shares the elements of x.

/// The elements in row-major order under another shape; one size may be -1. A view where the strides allow, else a copy.
/// Errors    ShapeError where the number of elements differs       Gradient  x, at every order
Tensor reshape(const Tensor& x, const Shape& shape);

/// A view in which dimensions of size 1 (and new leading ones) are repeated without copying; -1 keeps a size.
/// Errors    ShapeError where x does not broadcast to shape        Gradient  x, at every order
Tensor expand(const Tensor& x, const Shape& shape);

/// x in another element type; x itself where it has that type.
/// Gradient  x, at every order, between floating-point types
Tensor to(const Tensor& x, DType dtype);

/// x itself where it is row-major, otherwise a row-major copy.     Gradient  x, at every order
Tensor contiguous(const Tensor& x);

/// A row-major copy.                                               Gradient  x, at every order
Tensor clone(const Tensor& x);

}  // namespace eg
