// A layer under test: forward without recording, and forward + backward to the input and the parameters.
#pragma once
#include <eigengrad/eigengrad.h>

#include "workload.h"

namespace bench {

template <class Make> void layer_forward(const std::string& name, const eg::Shape& shape, Make make) {
  add(name + "/fwd", [=]() -> Call {
    auto m = std::make_shared<decltype(make())>(make());
    return [m, x = eg::randn(shape)] {
      eg::NoGrad guard;
      eg::Tensor y = (*m)(x);
      keep(&y);
    };
  });
}

template <class Make> void layer_both(const std::string& name, const eg::Shape& shape, Make make) {
  add(name + "/fwdbwd", [=]() -> Call {
    auto m = std::make_shared<decltype(make())>(make());
    eg::Tensor x = eg::randn(shape), g;
    {
      eg::NoGrad guard;
      g = eg::randn_like((*m)(x));
    }
    x.set_requires_grad();
    return [m, x, g]() mutable {
      m->zero_grad();
      x.zero_grad();
      (*m)(x).backward(g);
    };
  });
}

template <class Make> void layer(const std::string& name, const eg::Shape& shape, Make make) {
  layer_forward(name, shape, make);
  layer_both(name, shape, make);
}

}  // namespace bench
