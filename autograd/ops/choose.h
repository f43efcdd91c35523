#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Functions that take each element from one of several places.

/// x limited to [low, high]; a bound left out does not limit, and high wins where low > high. NaN stays.
/// Gradient 1 within, ends included, else 0.
Tensor clamp(const Tensor& x, std::optional<double> low, std::optional<double> high);

}  // namespace eg
