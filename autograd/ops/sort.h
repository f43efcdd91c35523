#pragma once
#include <eigengrad/autograd/ops/results.h>

namespace eg {

// Order along a dimension: nan counts as the largest number, -0 equals 0, equal elements keep their order.

/// Every line of dimension dim in ascending (or descending) order, and where each element came from.
/// Errors    IndexError                                             Gradient  x, at every order, through the places found
ValuesIndices sort(const Tensor& x, std::int64_t dim = -1, bool descending = false);

/// The indices of sort alone. Errors: IndexError.
Tensor argsort(const Tensor& x, std::int64_t dim = -1, bool descending = false);

/// The k largest elements of every line, largest first; or the k smallest, smallest first.
/// Errors    IndexError; ValueError where k is outside [0, size]    Gradient  x, at every order, through the places found
ValuesIndices topk(const Tensor& x, std::int64_t k, std::int64_t dim = -1, bool largest = true);

/// y_i = x_0 + ... + x_i along dimension dim; bool becomes int64. float32 is added up in double.
/// Errors    IndexError                                             Gradient  x, at every order
Tensor cumsum(const Tensor& x, std::int64_t dim);

}  // namespace eg
