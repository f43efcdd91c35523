#pragma once
// Picking elements by index tensors, and the sums that take gradients back. Indices are int64 and are not checked but by
// check_index.
#include <eigengrad/core/array.h>

namespace eg::kernels {

/// Errors: DTypeError where index is not int64; IndexError naming the first value outside [0, size) and its place.
void check_index(const char* op, const Array& index, std::int64_t size);

/// x at places index[k] of dimension dim; index has rank 0 or 1.
Array index_select(const Array& x, int dim, const Array& index);
/// out at index[k] += src at k, in the order of k. out is row-major; out and src have one type, which is not bool.
void index_add(Array& out, int dim, const Array& index, const Array& src);

/// y[i, j, k] = x[i, index[i, j, k], k] for dim 1; the shape of y is index's, which may be smaller in other dimensions.
Array gather(const Array& x, int dim, const Array& index);
/// out[i, index[i, j, k], k] += src[i, j, k], in row-major order of j along dim. src has index's shape or is larger.
void scatter_add(Array& out, int dim, const Array& index, const Array& src);

/// The elements of x where mask, row-major [n]; both of one shape.
Array masked_select(const Array& x, const Array& mask);
/// Zeros of mask's shape, where mask the values one after another.
Array masked_put(const Array& values, const Array& mask);
/// The places where x is not zero: int64 [n, rank].
Array nonzero(const Array& x);

}  // namespace eg::kernels
