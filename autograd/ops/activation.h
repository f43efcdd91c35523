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

/// log(sigmoid(x)), without overflow
Tensor logsigmoid(const Tensor& x);
/// log(1 + exp(beta x)) / beta, without overflow; x itself where beta x > threshold
Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20);
/// x / (1 + |x|)
Tensor softsign(const Tensor& x);
/// x > 0 ? x : alpha (exp(x) - 1)
Tensor elu(const Tensor& x, double alpha = 1);
/// elu with fixed alpha and scale, which keep mean 0 and variance 1 (Klambauer et al. 2017, arXiv:1706.02515)
Tensor selu(const Tensor& x);
/// x sigmoid(x)
Tensor silu(const Tensor& x);
/// x tanh(softplus(x))
Tensor mish(const Tensor& x);
/// x times the normal distribution function of x; by erf, or by the tanh formula (Hendrycks, Gimpel 2016)
enum class Gelu : std::uint8_t { exact, tanh };
Tensor gelu(const Tensor& x, Gelu form = Gelu::exact);
/// min(max(x, 0), 6); gradient 0 at both ends
Tensor relu6(const Tensor& x);
/// relu6(x + 3) / 6, and x times that
Tensor hardsigmoid(const Tensor& x);
Tensor hardswish(const Tensor& x);

}  // namespace eg
