#pragma once
#include <eigengrad/optim/optimizer.h>

namespace eg::optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;  ///< needs momentum > 0 and dampening 0
  bool maximize = false;
};

/// Stochastic gradient descent, in PyTorch's form:
///   g += weight_decay p;   b = momentum b + (1 - dampening) g   (b = g at the first step)
///   p -= lr (nesterov ? g + momentum b : b)
/// Errors    ValueError for a negative lr, momentum or weight decay, or nesterov without what it needs
/// Cost      one pass over parameter, gradient and b
class SGD : public OptimizerOf<SGDOptions> {
 public:
  explicit SGD(std::vector<Tensor> parameters, const SGDOptions& o = {}) : SGD(std::vector<Group>{{std::move(parameters), o}}) {}
  explicit SGD(std::vector<Group> groups);

 private:
  State initial_state(std::size_t group, const Array& p) const override;
  void update(std::size_t group, Array& p, const Array& g, State& state) override;
};

}  // namespace eg::optim
