#include <eigengrad/core/error.h>
#include <eigengrad/optim/sgd.h>

#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/kernels/optimize.h>

namespace eg::optim {

SGD::SGD(std::vector<Group> groups) : OptimizerOf("SGD", std::move(groups)) {
  for (const SGDOptions& o : options_) {
    if (!(o.lr >= 0) || !(o.momentum >= 0) || !(o.weight_decay >= 0))
      fail<ValueError>("SGD", "expected lr, momentum and weight_decay >= 0, got {}, {} and {}", o.lr, o.momentum, o.weight_decay);
    if (o.nesterov && (o.momentum == 0 || o.dampening != 0))
      fail<ValueError>("SGD", "expected momentum > 0 and dampening 0 for nesterov, got {} and {}", o.momentum, o.dampening);
  }
}

Optimizer::State SGD::initial_state(std::size_t group, const Array& p) const {
  if (options_[group].momentum == 0) return {};
  return {{"momentum_buffer", Tensor(Array(p.shape(), p.dtype()))}};
}

void SGD::update(std::size_t group, Array& p, const Array& g, State& state) {
  const SGDOptions& o = options_[group];
  const bool first = o.momentum != 0 && state.empty();
  if (first) state = initial_state(group, p);
  const kernels::SgdStep step{o.lr, o.momentum, o.dampening, o.weight_decay, o.nesterov, first, o.maximize};
  auto run = [&]<class T>(T*) {
    T* b = o.momentum != 0 ? state[0].second.impl()->array.data<T>() : nullptr;
    kernels::sgd_step<T>(step, p.numel(), p.data<T>(), g.data<T>(), b);
  };
  if (p.dtype() == DType::float32) run(static_cast<float*>(nullptr));
  else run(static_cast<double*>(nullptr));
}

}  // namespace eg::optim
