#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Trigonometric and hyperbolic functions, angles in radians; tanh stands in activation.h. Outside its domain a function
// gives NaN.

Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tan(const Tensor& x);
Tensor asin(const Tensor& x);
Tensor acos(const Tensor& x);
Tensor atan(const Tensor& x);
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);

/// The angle of the point (x, y), in (-pi, pi]; broadcast.
Tensor atan2(const Tensor& y, const Tensor& x);

}  // namespace eg
