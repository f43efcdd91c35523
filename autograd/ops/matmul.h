#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

/// Matrix product with NumPy's rules.
///   [m, k] [k, n] -> [m, n];  a vector on the left is a row, on the right a column, and its dimension drops out of the
///   result; leading dimensions are a batch and broadcast
/// Errors    ShapeError for scalars or inner sizes that differ; DTypeError for integers
/// Gradient  both, at every order                   Cost  2 m k n operations a product; transposed views are not copied
Tensor matmul(const Tensor& a, const Tensor& b);
/// matmul of batches: [B, m, k] [B, k, n].          Errors  ShapeError for another rank
Tensor bmm(const Tensor& a, const Tensor& b);
/// sum_i a_i b_i of two vectors, a scalar.          Errors  ShapeError unless both are vectors of one size
Tensor dot(const Tensor& a, const Tensor& b);
/// y_ij = a_i b_j of two vectors.                   Errors  ShapeError unless both are vectors
Tensor outer(const Tensor& a, const Tensor& b);
/// y = x weight^T + bias, over the last dimension of x.
/// Shapes    x [..., in], weight [out, in], bias [out] or undefined; result [..., out]
/// Errors    ShapeError, DTypeError                 Gradient  x, weight, bias; at every order
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace eg
