// Group d: MLP training steps with Adam, and matrix products into a fresh result.
#include <eigengrad/eigengrad.h>

#include "work.h"
#include "workload.h"

namespace bench {
namespace {

using namespace eg::nn;
using eg::Tensor;

struct Training {
  Sequential net;
  eg::optim::Adam adam;
  explicit Training(Sequential n) : net(std::move(n)), adam(net.parameters(), {.lr = 1e-3}) {}
};

// make_net() -> Sequential; make_data() -> {x, target}; loss(y, target).
template <class Net, class Data, class Loss> void training(const std::string& name, Net make_net, Data make_data, Loss loss) {
  const auto setup = [=] {
    auto t = std::make_shared<Training>(make_net());
    const auto data = make_data();
    const auto step = [=] {
      t->adam.zero_grad();
      loss(t->net(data.first), data.second).backward();
      t->adam.step();
    };
    step();
    return std::tuple(t, data.first, step);
  };
  add(name + "/step", [=]() -> Workload {
    const auto [t, x, step] = setup();
    const Gflop work = gflop(t->net, x);
    return {step, "fma", 3 * work.all - work.first};  // x needs no gradient
  });
  add(name + "/fwd", [=]() -> Workload {
    const auto s = setup();
    const Call call = [s] {
      eg::NoGrad guard;
      Tensor y = std::get<0>(s)->net(std::get<1>(s));
      keep(&y);
    };
    return {call, "fma", gflop(std::get<0>(s)->net, std::get<1>(s)).all};
  });
  add(name + "/adam_only", [=]() -> Workload {
    const auto t = std::get<0>(setup());
    return {[t] { t->adam.step(); }, "moves/adam/" + std::to_string(t->net.num_parameters())};
  });
}

}  // namespace

void add_products() {
  training("d/mlp_2-64-64-1_b64_mse", [] { return Sequential(Linear(2, 64), ReLU(), Linear(64, 64), ReLU(), Linear(64, 1)); },
           [] { return std::pair(eg::randn({64, 2}), eg::randn({64, 1})); },
           [](const Tensor& y, const Tensor& t) { return mse_loss(y, t); });
  training("d/mlp_784-512-256-10_b128_ce",
           [] { return Sequential(Linear(784, 512), ReLU(), Linear(512, 256), ReLU(), Linear(256, 10)); },
           [] { return std::pair(eg::randn({128, 784}), eg::randint(0, 10, {128})); },
           [](const Tensor& y, const Tensor& t) { return cross_entropy(y, t); });
  for (const auto& s : product_sizes)
    add("d/matmul/" + text(s), [&s]() -> Workload {
      const Call call = [a = eg::randn({s[0], s[1]}), b = eg::randn({s[1], s[2]})] {
        eg::NoGrad guard;
        Tensor c = eg::matmul(a, b);
        keep(&c);
      };
      return {call, "fma", 2e-9 * double(s[0] * s[1] * s[2])};
    });
}

}  // namespace bench
