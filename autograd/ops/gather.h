#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Functions that pick and place elements by index tensors: int64, with values in [0, size); negative ones are errors.
// Errors of all: DTypeError for indices of another type, IndexError naming the first value outside and where it stands.

/// x at places index[k] of dimension dim; places may repeat. Fast along dimension 0 (rows of an embedding).
/// Shapes    index [n] or a scalar; result as x with size n along dim
/// Errors    ShapeError for index of another rank                   Gradient  x, at every order
Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index);

/// x with src added at places index[k] of dimension dim; where places repeat, in the order of k.
/// Shapes    index [n], src as x with size n along dim
/// Errors    ShapeError; DTypeError where src and x differ          Gradient  x, src, at every order
Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src);

/// y[i, j, k] = x[i, index[i, j, k], k] for dim 1, and so on.
/// Shapes    index of x's rank, in the other dimensions at most x's size; result as index
/// Errors    ShapeError                                             Gradient  x, at every order
Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index);

/// x with y[i, index[i, j, k], k] += src[i, j, k] for dim 1, and so on, in the order of j.
/// Shapes    index of x's rank, in the other dimensions at most x's size, and at most src's in all
/// Errors    ShapeError; DTypeError where src and x differ          Gradient  x, src, at every order
Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src);

}  // namespace eg
