#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Activation functions. Differentiable at every order; the first backward is one pass over memory, in place where
// nobody else holds the gradient.

/// tanh(x)
Tensor tanh(const Tensor& x);
/// 1 / (1 + exp(-x))
Tensor sigmoid(const Tensor& x);
/// max(x, 0); gradient 0 at 0
Tensor relu(const Tensor& x);
/// x > 0 ? x : slope x; gradient slope at 0
Tensor leaky_relu(const Tensor& x, double slope = 0.01);

}  // namespace eg
