#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Powers, exponentials, logarithms. As all functions of one element: differentiable at every order, one pass over
// memory, integers become float32 where values are fractions.

/// x^2
Tensor square(const Tensor& x);
/// sqrt(x); NaN below 0, gradient inf at 0
Tensor sqrt(const Tensor& x);
/// 1 / sqrt(x)
Tensor rsqrt(const Tensor& x);
/// 1 / x
Tensor reciprocal(const Tensor& x);
/// |x|; gradient 0 at 0
Tensor abs(const Tensor& x);
/// -1, 0 or 1; 0 for NaN. Gradient 0 everywhere
Tensor sign(const Tensor& x);

/// e^x
Tensor exp(const Tensor& x);
/// Natural logarithm: -inf at 0, NaN below
Tensor log(const Tensor& x);
Tensor log2(const Tensor& x);
/// e^x - 1 and log(1 + x), exact near 0
Tensor expm1(const Tensor& x);
Tensor log1p(const Tensor& x);
/// 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x; and 1 - erf(x), exact for large x
Tensor erf(const Tensor& x);
Tensor erfc(const Tensor& x);

/// Whole numbers: below, above, nearest (ties to even), towards zero. Gradient 0 everywhere; integers stay.
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor round(const Tensor& x);
Tensor trunc(const Tensor& x);

/// x^p, 0^0 = 1. p of 2, 1/2, -1/2, -1 cost a multiplication, a root or a division. Gradient p x^(p-1), 0 for p = 0.
Tensor pow(const Tensor& x, Scalar p);
/// x^p, broadcast. Gradients p x^(p-1) and x^p log(x); at x = 0 the latter is 0 where p >= 0, as the value's limit is.
Tensor pow(const Tensor& x, const Tensor& p);
/// c^p
Tensor pow(Scalar c, const Tensor& p);

}  // namespace eg
