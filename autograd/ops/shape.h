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

/// expand under its NumPy name; -1 is no size here.               Gradient  x, at every order
Tensor broadcast_to(const Tensor& x, const Shape& shape);

/// Dimensions start to end (both included) as one. A view where the strides allow, else a copy; a scalar becomes [1].
/// Errors    IndexError; ValueError where end is before start       Gradient  x, at every order
Tensor flatten(const Tensor& x, std::int64_t start = 0, std::int64_t end = -1);

/// Dimension dim as several of the given sizes; one may be -1. A view.
/// Errors    IndexError; ShapeError where the sizes' product is another    Gradient  x, at every order
Tensor unflatten(const Tensor& x, std::int64_t dim, const Shape& sizes);

/// A view without those of the given dimensions that have size 1; {} means all dimensions.
/// Errors    IndexError, ValueError on a repeated dimension         Gradient  x, at every order
Tensor squeeze(const Tensor& x, const Dims& dims = {});

/// A view with a dimension of size 1 put in before dimension dim; dim may be x.dim(), negative ones count from there.
/// Errors    IndexError; ShapeError beyond rank 8                   Gradient  x, at every order
Tensor unsqueeze(const Tensor& x, std::int64_t dim);

/// A view with the dimensions in another order: dimension i of the result is dimension dims[i] of x.
/// Errors    ShapeError where dims has another length, IndexError, ValueError on a repeated dimension
/// Gradient  x, at every order
Tensor permute(const Tensor& x, const Dims& dims);

/// A view with two dimensions exchanged. Errors: IndexError.      Gradient  x, at every order
Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1);

/// The transpose of a matrix, a view; a vector or scalar is returned as it is.
/// Errors    ShapeError for more than 2 dimensions                  Gradient  x, at every order
Tensor t(const Tensor& x);

/// A view with dimension source[i] moved to place destination[i]; the others keep their order.
/// Errors    IndexError, ValueError on repeated dimensions or lists of different length    Gradient  x, at every order
Tensor movedim(const Tensor& x, const Dims& source, const Dims& destination);

/// x in another element type; x itself where it has that type.
/// Gradient  x, at every order, between floating-point types
Tensor to(const Tensor& x, DType dtype);

/// x itself where it is row-major, otherwise a row-major copy.     Gradient  x, at every order
Tensor contiguous(const Tensor& x);

/// A row-major copy.                                               Gradient  x, at every order
Tensor clone(const Tensor& x);

}  // namespace eg
