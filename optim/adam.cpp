#include <eigengrad/core/error.h>
#include <eigengrad/optim/adam.h>

#include <cmath>

#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/optimize.h>

namespace eg::optim {

Adam::Adam(const char* name, std::vector<Group> groups, bool decoupled) : OptimizerOf(name, std::move(groups)), decoupled_(decoupled) {
  for (const AdamOptions& o : options_) {
    if (!(o.lr >= 0) || !(o.eps >= 0) || !(o.weight_decay >= 0))
      fail<ValueError>(name_, "expected lr, eps and weight_decay >= 0, got {}, {} and {}", o.lr, o.eps, o.weight_decay);
    for (double b : {o.betas.first, o.betas.second})
      if (!(b >= 0 && b < 1)) fail<ValueError>(name_, "expected betas in [0, 1), got {} and {}", o.betas.first, o.betas.second);
  }
}

Optimizer::State Adam::initial_state(std::size_t group, const Array& p) const {
  State state{{"step", Tensor(kernels::full({}, DType::int64, 0))}};
  for (const char* name : {"exp_avg", "exp_avg_sq"}) state.emplace_back(name, Tensor(kernels::full(p.shape(), p.dtype(), 0)));
  if (options_[group].amsgrad) state.emplace_back("max_exp_avg_sq", Tensor(kernels::full(p.shape(), p.dtype(), 0)));
  return state;
}

void Adam::update(std::size_t group, Array& p, const Array& g, State& state) {
  const AdamOptions& o = options_[group];
  if (state.empty()) state = initial_state(group, p);
  const double t = static_cast<double>(++*state[0].second.impl()->array.data<std::int64_t>());
  const kernels::AdamStep step{.lr = o.lr, .beta1 = o.betas.first, .beta2 = o.betas.second, .eps = o.eps,
                               .weight_decay = o.weight_decay, .bias_correction1 = 1 - std::pow(o.betas.first, t),
                               .bias_correction2 = 1 - std::pow(o.betas.second, t), .decoupled = decoupled_, .maximize = o.maximize};
  auto run = [&]<class T>(T*) {
    auto data = [&](std::size_t i) { return state[i].second.impl()->array.data<T>(); };
    kernels::adam_step<T>(step, p.numel(), p.data<T>(), g.data<T>(), data(1), data(2), o.amsgrad ? data(3) : nullptr);
  };
  if (p.dtype() == DType::float32) run(static_cast<float*>(nullptr));
  else run(static_cast<double*>(nullptr));
}

}  // namespace eg::optim
