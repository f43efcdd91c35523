// A layer under test: forward without recording, and forward + backward to the input and the parameters.
#pragma once
#include <torch/torch.h>

#include <memory>

#include "workload.h"

namespace bench {

using torch::Tensor;
using Sizes = std::vector<std::int64_t>;

// Drops gradients: zero_grad() of this version fills them with zeros, which costs two kernels a parameter more.
inline void drop(const std::vector<Tensor>& parameters) {
  for (const Tensor& p : parameters) p.mutable_grad() = Tensor();
}

template <class Make> void layer(const std::string& name, const Sizes& shape, Make make, bool backward = true) {
  add(name + "/fwd", [=]() -> Call {
    return [m = make(), x = torch::randn(shape)]() mutable {
      torch::NoGradGuard guard;
      Tensor y = m(x);
      keep(&y);
    };
  });
  if (!backward) return;
  add(name + "/fwdbwd", [=]() -> Call {
    auto m = make();
    Tensor x = torch::randn(shape), g;
    {
      torch::NoGradGuard guard;
      g = torch::randn_like(m(x));
    }
    x.set_requires_grad(true);
    return [m, x, g, parameters = m->parameters()]() mutable {
      drop(parameters);
      x.mutable_grad() = Tensor();
      m(x).backward(g);
    };
  });
}

}  // namespace bench
