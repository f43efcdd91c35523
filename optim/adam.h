#pragma once
#include <eigengrad/optim/optimizer.h>

namespace eg::optim {

/// Decay rates of Adam's averages of the gradient and of its square.
struct Betas { double first = 0.9, second = 0.999; };

struct AdamOptions {
  double lr = 1e-3;
  Betas betas = {};
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
  bool maximize = false;
};

/// Adam, in PyTorch's form; t counts the parameter's steps:
///   g += weight_decay p;   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
///   p -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)         (amsgrad: the largest v so far)
/// Errors    ValueError for a negative lr, eps or weight decay, or betas outside [0, 1)
/// Cost      one pass over parameter, gradient, m and v
/// Source    Kingma, Ba 2014, arXiv:1412.6980; amsgrad: Reddi, Kale, Kumar 2018
class Adam : public OptimizerOf<AdamOptions> {
 public:
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& o = {}) : Adam(std::vector<Group>{{std::move(parameters), o}}) {}
  explicit Adam(std::vector<Group> groups) : Adam("Adam", std::move(groups), false) {}

 protected:
  Adam(const char* name, std::vector<Group> groups, bool decoupled);

 private:
  State initial_state(std::size_t group, const Array& p) const override;
  void update(std::size_t group, Array& p, const Array& g, State& state) override;
  bool decoupled_;
};

struct AdamWOptions {
  double lr = 1e-3;
  Betas betas = {};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
  operator AdamOptions() const { return {lr, betas, eps, weight_decay, amsgrad, maximize}; }
};

/// Adam with the weight decay applied to the parameter instead of the gradient: p *= 1 - lr weight_decay.
/// Source    Loshchilov, Hutter 2017, arXiv:1711.05101
class AdamW : public Adam {
 public:
  explicit AdamW(std::vector<Tensor> parameters, const AdamWOptions& o = {}) : AdamW(std::vector<Group>{{std::move(parameters), o}}) {}
  explicit AdamW(std::vector<Group> groups) : Adam("AdamW", std::move(groups), true) {}
};

}  // namespace eg::optim
