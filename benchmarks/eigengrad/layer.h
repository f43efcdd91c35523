// A layer under test: forward without recording, and forward + backward to the input and the parameters.
#pragma once
#include <eigengrad/eigengrad.h>

#include "work.h"
#include "workload.h"

namespace bench {

// `limit` names a limit; "": the layer's multiply-adds.
template <class Make> void layer_forward(const std::string& name, const eg::Shape& shape, Make make, const std::string& limit = "") {
  add(name + "/fwd", [=]() -> Workload {
    auto m = std::make_shared<decltype(make())>(make());
    const eg::Tensor x = eg::randn(shape);
    const Call call = [m, x] {
      eg::NoGrad guard;
      eg::Tensor y = (*m)(x);
      keep(&y);
    };
    return limit.empty() ? Workload(call, "fma", gflop(*m, x).all) : Workload(call, limit);
  });
}

template <class Make> void layer_both(const std::string& name, const eg::Shape& shape, Make make, const std::string& limit = "") {
  add(name + "/fwdbwd", [=]() -> Workload {
    auto m = std::make_shared<decltype(make())>(make());
    eg::Tensor x = eg::randn(shape), g;
    {
      eg::NoGrad guard;
      g = eg::randn_like((*m)(x));
    }
    x.set_requires_grad();
    const Call call = [m, x, g]() mutable {
      m->zero_grad();
      x.zero_grad();
      (*m)(x).backward(g);
    };
    return limit.empty() ? Workload(call, "fma", 3 * gflop(*m, x).all) : Workload(call, limit);
  });
}

template <class Make> void layer(const std::string& name, const eg::Shape& shape, Make make, const std::string& moves = "") {
  layer_forward(name, shape, make, moves.empty() ? "" : moves + "/fwd");
  layer_both(name, shape, make, moves.empty() ? "" : moves + "/fwdbwd");
}

}  // namespace bench
