#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Exponentials that are shifted by their largest, so that nothing overflows. A line of which an element is NaN or inf,
// or all are -inf, gives NaN; single -inf give 0 (or -inf for the logarithms).
// Errors    IndexError for a bad dim; DTypeError for integers

/// exp(x) / sum exp(x) along dim.
/// Gradient  x, at every order           Cost  first backward: one pass
Tensor softmax(const Tensor& x, std::int64_t dim);

/// log softmax(x), without the loss of digits that taking the logarithm would cost.
/// Gradient  x, at every order           Cost  first backward: one pass
Tensor log_softmax(const Tensor& x, std::int64_t dim);

/// log sum exp(x) over dims (all where empty); -inf of no elements.
/// Gradient  x, at every order
Tensor logsumexp(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

}  // namespace eg
