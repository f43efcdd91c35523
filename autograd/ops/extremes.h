#pragma once
#include <eigengrad/autograd/ops/results.h>

namespace eg {

// Largest and smallest elements. A NaN among the elements is the result. Of equal elements, indices name the first.
// Errors    IndexError for a bad dim, ShapeError where there are no elements to choose from

/// The largest element of all.                   Gradient  x, shared evenly by equal ones; at every order
Tensor max(const Tensor& x);
/// The smallest element of all.                  Gradient  x, shared evenly by equal ones; at every order
Tensor min(const Tensor& x);
/// The largest elements along dim and their places.    Gradient  x, to the element named; at every order
ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim = false);
/// The smallest elements along dim and their places.   Gradient  x, to the element named; at every order
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim = false);
/// The largest elements over dims (all where empty).   Gradient  x, shared evenly by equal ones; at every order
Tensor amax(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
/// The smallest elements over dims (all where empty).  Gradient  x, shared evenly by equal ones; at every order
Tensor amin(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
/// Place of the largest element along dim; without dim, its place in x as one row-major line. int64, no gradient.
Tensor argmax(const Tensor& x, std::optional<std::int64_t> dim = {}, bool keepdim = false);
/// Place of the smallest element along dim; without dim, its place in x as one row-major line. int64, no gradient.
Tensor argmin(const Tensor& x, std::optional<std::int64_t> dim = {}, bool keepdim = false);

/// Whether an element is true (not 0; NaN is true) over dims (all where empty). bool, no gradient.
Tensor any(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
/// Whether all elements are true (not 0; NaN is true) over dims (all where empty). bool, no gradient.
Tensor all(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

}  // namespace eg
