#pragma once
#include <eigengrad/core/array.h>

namespace eg::kernels {

/// Largest or smallest elements over `dims` (sorted, in range), of any type. A NaN wins over every number. Not for
/// reductions over no elements.
Array extreme(bool largest, const Array& a, const Dims& dims, bool keepdim);

/// The same over one dimension, with the places (int64) of the first such element.
struct Extremes {
  Array values, indices;
};
Extremes extreme_places(bool largest, const Array& a, int dim, bool keepdim);

/// `a` with `dims` moved behind the others and made one: row-major [results, elements of a result].
Array as_rows(const Array& a, const Dims& dims);

}  // namespace eg::kernels
