#pragma once
#include <eigengrad/autograd/ops/activation.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/nn/module.h>

namespace eg::nn {

// The functions of <eigengrad/autograd/ops/activation.h> as layers, for Sequential. No parameters; any shape.

class ReLU : public Module {
 public:
  Tensor forward(const Tensor& x) override { return relu(x); }
};

class LeakyReLU : public Module {
 public:
  /// `negative_slope` multiplies negative inputs.
  explicit LeakyReLU(double negative_slope = 0.01) : slope(negative_slope) {}
  Tensor forward(const Tensor& x) override { return leaky_relu(x, slope); }
  std::string describe() const override;
  double slope;
};

class Tanh : public Module {
 public:
  Tensor forward(const Tensor& x) override { return tanh(x); }
};

class Sigmoid : public Module {
 public:
  Tensor forward(const Tensor& x) override { return sigmoid(x); }
};

}  // namespace eg::nn
