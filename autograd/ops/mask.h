#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Functions that choose by a mask, a tensor of bool. Shapes broadcast as NumPy's.
// Errors of all: DTypeError for a mask of another type, ShapeError for shapes that do not broadcast.

/// condition ? a : b. Types promote; a scalar takes the tensor's type.         Gradient  a, b, at every order
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, Scalar b);
Tensor where(const Tensor& condition, Scalar a, const Tensor& b);
/// Of type int64 where both are whole numbers, else float32.
Tensor where(const Tensor& condition, Scalar a, Scalar b);

/// x with `value` where the mask says so, of x's type.                         Gradient  x, at every order
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value);

/// The elements where the mask says so, in row-major order: [n].               Gradient  x, at every order
Tensor masked_select(const Tensor& x, const Tensor& mask);

/// The places where x is not zero: int64 [n, x.dim()], in row-major order. For rows by a mask:
/// index_select(x, 0, nonzero(mask).flatten()).
Tensor nonzero(const Tensor& x);

}  // namespace eg
