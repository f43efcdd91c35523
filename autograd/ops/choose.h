#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Functions that take each element from one of several places, or from between them; where (by a mask) is in mask.h.

/// x limited to [low, high]; a bound left out does not limit, and high wins where low > high. NaN stays.
/// Gradient 1 within, ends included, else 0.
Tensor clamp(const Tensor& x, std::optional<double> low, std::optional<double> high);

/// x limited to [low, high] with gradient 1 strictly within, 0 at and beyond the ends.
Tensor hardtanh(const Tensor& x, double low = -1, double high = 1);

/// The smaller and the larger of two, broadcast; NaN where one is NaN. A tie gives half the gradient to each.
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, Scalar b);
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, Scalar b);

/// a + weight (b - a)
Tensor lerp(const Tensor& a, const Tensor& b, Scalar weight);
Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& weight);
/// x + value a b
Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value = 1);
/// x + value a / b
Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value = 1);

}  // namespace eg
