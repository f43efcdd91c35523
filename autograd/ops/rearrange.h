#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Copies of x with its elements in other places.

/// x laid out times[i] times along dimension i; more numbers than dimensions add dimensions in front.
/// Errors    ShapeError for fewer numbers than dimensions; ValueError for negative ones    Gradient  x, at every order
Tensor repeat(const Tensor& x, const Shape& times);

/// The given dimensions from the end to the start; {} means all.
/// Errors    IndexError, ValueError on a repeated dimension         Gradient  x, at every order
Tensor flip(const Tensor& x, const Dims& dims = {});

/// Dimension dims[i] rolled around by shifts[i] places: what leaves at the end comes in at the start. With no dims the
/// elements are rolled in row-major order.
/// Errors    IndexError; ValueError for lists of different length   Gradient  x, at every order
Tensor roll(const Tensor& x, const Shape& shifts, const Dims& dims = {});

/// Matrices of the last two dimensions, zero above diagonal number `diagonal` (0 the main one, 1 the one above it).
/// Errors    ShapeError for less than two dimensions                Gradient  x, at every order
Tensor tril(const Tensor& x, std::int64_t diagonal = 0);
/// The same, zero below the diagonal.
Tensor triu(const Tensor& x, std::int64_t diagonal = 0);

/// Windows of `size` places of dimension dim, `step` places apart, as a new last dimension; a view.
///   y[..., w, ..., k] = x[..., w step + k, ...]
/// Shapes    dimension dim becomes (n - size) / step + 1
/// Errors    IndexError; ValueError for size outside [0, n] or step < 1    Gradient  x, at every order
Tensor unfold(const Tensor& x, std::int64_t dim, std::int64_t size, std::int64_t step);

}  // namespace eg
