#pragma once
#include <eigengrad/core/array.h>

namespace eg::kernels {

// Losses of predictions x and targets t, of one shape and floating-point type: the scalar (sum of terms) / divisor in one
// pass, and its gradient for x, g / divisor d(term)/dx, in another. g is a scalar of their type.

/// Term (x - t)^2.
Array squared_error(const Array& x, const Array& t, double divisor);
Array squared_error_grad(const Array& g, const Array& x, const Array& t, double divisor);

/// Term -t log s(x) - (1 - t) log(1 - s(x)) with s the logistic function, without overflow.
Array logit_entropy(const Array& x, const Array& t, double divisor);
Array logit_entropy_grad(const Array& g, const Array& x, const Array& t, double divisor);

}  // namespace eg::kernels
