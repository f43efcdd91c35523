#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg::nn::init {

// Ways to fill the parameters of a layer, from the default generator. Each changes `t` in place and returns it; nothing
// is recorded. fan_in and fan_out are taken from a weight's shape as [out, in, kernel...].

struct Fans { std::int64_t in, out; };
/// Inputs and outputs that one element of the result, or of the gradient, sums over. Errors: ShapeError for rank < 2.
Fans fans(const Shape& weight);

enum class Mode { fan_in, fan_out };
enum class Gain { linear, sigmoid, tanh, relu, leaky_relu, selu };
/// The factor that keeps the variance through a nonlinearity; `slope` is leaky_relu's. PyTorch's table.
double gain(Gain nonlinearity, double slope = 0.01);

Tensor& constant_(Tensor& t, double value);
Tensor& uniform_(Tensor& t, double low = 0, double high = 1);
Tensor& normal_(Tensor& t, double mean = 0, double std = 1);
/// Uniform or normal with variance gain^2 2 / (fan_in + fan_out). Glorot, Bengio 2010.
Tensor& xavier_uniform_(Tensor& t, double gain = 1);
Tensor& xavier_normal_(Tensor& t, double gain = 1);
/// Uniform or normal with variance gain^2 / fan, gain of leaky_relu with this slope. He et al. 2015, arXiv:1502.01852.
Tensor& kaiming_uniform_(Tensor& t, double slope = 0, Mode mode = Mode::fan_in);
Tensor& kaiming_normal_(Tensor& t, double slope = 0, Mode mode = Mode::fan_in);

/// A tensor of this shape, uniform in [-1 / sqrt(fan_in), 1 / sqrt(fan_in)]: how PyTorch's linear and convolution
/// layers begin, weight and bias alike.
Tensor default_uniform(const Shape& shape, std::int64_t fan_in);

}  // namespace eg::nn::init
