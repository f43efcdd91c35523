// SGD, Adam and AdamW against PyTorch's trajectories (tests/oracle/optimizers.txt).
#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include <cmath>
#include <functional>
#include <memory>

#include "support/oracle.h"
#include "support/tensors.h"

using namespace eg;

namespace {

using Made = std::unique_ptr<optim::Optimizer>;

optim::SGDOptions sgd(const oracle::Case& c) {
  return {.lr = c.number("lr"), .momentum = c.number("momentum"), .dampening = c.number("dampening"),
          .weight_decay = c.number("weight_decay"), .nesterov = c.flag("nesterov"), .maximize = c.flag("maximize")};
}
template <class Options> Options adam(const oracle::Case& c) {
  const std::vector<double> b = c.numbers("betas");
  return {.lr = c.number("lr"), .betas = {b.at(0), b.at(1)}, .eps = c.number("eps"), .weight_decay = c.number("weight_decay"),
          .amsgrad = c.flag("amsgrad"), .maximize = c.flag("maximize")};
}

/// The case's optimizer over w and b, in two groups where the case names their options.
template <class O, class Options> Made make(const oracle::Case& c, const Options& options, Tensor w, Tensor b) {
  if (!c.args.has("w.lr")) return std::make_unique<O>(std::vector<typename O::Group>{{{w, b}, options}});
  auto group = [&](const std::string& name, const Tensor& p) {
    Options o = options;
    o.lr = c.number(name + ".lr");
    o.weight_decay = c.number(name + ".weight_decay");
    return typename O::Group{{p}, o};
  };
  return std::make_unique<O>(std::vector<typename O::Group>{group("w", w), group("b", b)});
}

void follow(const oracle::Case& c, const std::function<Made(const Tensor&, const Tensor&)>& make_optimizer) {
  CAPTURE(c.name);
  const char* names[] = {"w", "b"};
  std::vector<Tensor> p;
  for (const char* n : names) p.push_back(to_tensor(c.state_before.at(n)).set_requires_grad());
  const Made o = make_optimizer(p[0], p[1]);
  const std::int64_t steps = c.integer("steps");
  for (std::int64_t t = 1; t <= steps; ++t) {
    const std::string step = std::to_string(t) + ".";
    CAPTURE(t);
    if (c.args.has("lrs")) o->set_lr(c.numbers("lrs").at(static_cast<std::size_t>(t - 1)));
    o->zero_grad();
    for (int i = 0; i < 2; ++i)
      if (c.in.has(step + names[i])) p[i].set_grad(to_tensor(c.in.at(step + names[i])));
    o->step();
    for (int i = 0; i < 2; ++i) CHECK(difference(p[i], to_tensor(c.state_after.at(step + names[i])), 1e-13) == "");
  }
  // The state under the names PyTorch gives it.
  int compared = 0;
  for (const auto& [key, t] : o->state_dict()) {
    if (key.rfind("group", 0) == 0) continue;
    const std::string name = std::to_string(steps) + "." + names[key[0] - '0'] + key.substr(1);
    CAPTURE(name);
    CHECK(difference(t, to_tensor(c.state_after.at(name)), 1e-13) == "");
    ++compared;
  }
  int expected = 0;
  for (const auto& [key, v] : c.state_after)
    if (key.find('.') != key.rfind('.')) ++expected;
  CHECK(compared == expected);
}

/// Five steps with gradients that depend on the step alone; `reload` continues in a new optimizer from the third on.
std::vector<Tensor> five_steps(DType type, bool reload, const std::function<Made(std::vector<Tensor>)>& make_optimizer) {
  Generator g(3);
  std::vector<Tensor> p;
  for (const Shape& s : {Shape{3, 5}, Shape{7}, Shape{}}) p.push_back(randn(s, g, {.dtype = type}).set_requires_grad());
  Made o = make_optimizer(p);
  for (int t = 0; t < 5; ++t) {
    if (t == 2 && reload) {
      const optim::Optimizer& before = *o;
      NamedTensors state = before.state_dict();
      for (Tensor& q : p) q = q.detach().clone().set_requires_grad();
      o = make_optimizer(p);
      o->load_state_dict(state);
    }
    for (Tensor& q : p) q.set_grad(randn(q.shape(), g, {.dtype = type}));
    if (t % 2 == 0) p[1].zero_grad();  // a parameter that has fewer steps than the others
    o->step();
    o->set_lr(o->lr() * 0.75);
  }
  return p;
}

}  // namespace

TEST_CASE("SGD follows PyTorch's trajectories") {
  for (const oracle::Case* c : oracle::load("optimizers").of("sgd"))
    follow(*c, [&](Tensor w, Tensor b) { return make<optim::SGD>(*c, sgd(*c), w, b); });
}

TEST_CASE("Adam follows PyTorch's trajectories") {
  for (const oracle::Case* c : oracle::load("optimizers").of("adam"))
    follow(*c, [&](Tensor w, Tensor b) { return make<optim::Adam>(*c, adam<optim::AdamOptions>(*c), w, b); });
}

TEST_CASE("AdamW follows PyTorch's trajectories") {
  for (const oracle::Case* c : oracle::load("optimizers").of("adamw"))
    follow(*c, [&](Tensor w, Tensor b) {
      // A group of AdamW carries Adam's options.
      return make<optim::AdamW, optim::AdamOptions>(*c, adam<optim::AdamWOptions>(*c), w, b);
    });
}

TEST_CASE("optimizers: a run continued from the state dict has the bits of the uninterrupted one") {
  const std::function<Made(std::vector<Tensor>)> makers[] = {
      [](auto p) { return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = 0.1}); },
      [](auto p) { return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.1, .weight_decay = 0.01}); },
      [](auto p) { return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true}); },
      [](auto p) { return std::make_unique<optim::Adam>(p, optim::AdamOptions{.lr = 0.1, .betas = {0.5, 0.999}}); },
      [](auto p) { return std::make_unique<optim::Adam>(p, optim::AdamOptions{.lr = 0.1, .weight_decay = 0.1, .amsgrad = true}); },
      [](auto p) { return std::make_unique<optim::AdamW>(p, optim::AdamWOptions{.lr = 0.1}); },
  };
  for (DType type : {float32, float64})
    for (const auto& make_optimizer : makers) {
      const std::vector<Tensor> whole = five_steps(type, false, make_optimizer), resumed = five_steps(type, true, make_optimizer);
      for (std::size_t i = 0; i < whole.size(); ++i) CHECK(difference(resumed[i], whole[i], 0) == "");
    }
}

TEST_CASE("optimizers: the state dict is a copy, and the rate is part of it") {
  Tensor w = ones({2}).set_requires_grad();
  optim::Adam a({w}, {.lr = 0.5});
  w.set_grad(ones({2}));
  a.step();
  const NamedTensors state = a.state_dict();
  a.step();
  CHECK(state.size() == 4);
  CHECK(state[0].first == "0.step");
  CHECK(state[0].second.item<std::int64_t>() == 1);
  CHECK(state.back().first == "group0.lr");
  optim::Adam b({w}, {.lr = 0.1});
  b.load_state_dict(state);
  CHECK(b.lr() == 0.5);
}

TEST_CASE("optimizers: closed forms") {
  // Gradient descent on p^2 / 2 multiplies by 1 - lr; Adam's first step is lr sign(g) to within eps.
  Tensor p = full({}, 4.0, {.dtype = float64, .requires_grad = true});
  optim::SGD sgd({p}, {.lr = 0.25});
  for (int i = 0; i < 3; ++i) {
    sgd.zero_grad();
    (p * p * 0.5).backward();
    sgd.step();
  }
  CHECK(p.item<double>() == 4 * 0.75 * 0.75 * 0.75);
  Tensor q = tensor({1.0, -2.0}, {.dtype = float64, .requires_grad = true});
  optim::Adam adam({q}, {.lr = 0.125, .eps = 0});
  q.set_grad(tensor({1e-3, -5e4}, {.dtype = float64}));
  adam.step();
  CHECK(difference(q, tensor({0.875, -1.875}, {.dtype = float64}), 1e-15) == "");
}

TEST_CASE("optimizers: step is not recorded, and a graph over old values is an error") {
  Tensor w = ones({3}).set_requires_grad();
  optim::SGD o({w}, {.lr = 0.1});
  const Tensor loss = (w * w).sum();
  w.set_grad(ones({3}));
  o.step();
  CHECK(w.is_leaf());
  CHECK_THROWS_AS(loss.backward(), GradError);
}

TEST_CASE("optimizers: parameters without a gradient stand still") {
  Tensor w = ones({3}).set_requires_grad(), b = ones({2}).set_requires_grad();
  optim::AdamW o({w, b}, {.lr = 0.1, .weight_decay = 0.5});
  w.set_grad(zeros({3}));
  o.step();
  CHECK(b.to_vector<float>() == std::vector<float>{1, 1});
  CHECK(w.to_vector<float>() == std::vector<float>(3, 0.95f));
  o.zero_grad();
  CHECK_FALSE(w.grad().defined());
}

TEST_CASE("optimizers: texts of errors") {
  Tensor w = ones({2}).set_requires_grad(), v = ones({3}).set_requires_grad();
  CHECK_THROWS_WITH_AS(optim::SGD({w}, {.lr = -1}), "SGD: expected lr, momentum and weight_decay >= 0, got -1, 0 and 0", ValueError);
  CHECK_THROWS_AS(optim::SGD({w}, {.lr = std::nan("")}), ValueError);
  CHECK_THROWS_WITH_AS(optim::SGD({w}, {.nesterov = true}),
                       "SGD: expected momentum > 0 and dampening 0 for nesterov, got 0 and 0", ValueError);
  CHECK_THROWS_WITH_AS(optim::Adam({w}, {.betas = {1, 0.5}}), "Adam: expected betas in [0, 1), got 1 and 0.5", ValueError);
  CHECK_THROWS_WITH_AS(optim::AdamW({w}, {.eps = -1}), "AdamW: expected lr, eps and weight_decay >= 0, got 0.001, -1 and 0.01", ValueError);
  CHECK_THROWS_WITH_AS(optim::SGD({w, v, w}), "SGD: expected each parameter once, parameter 2 of group 0 is given twice", ValueError);
  CHECK_THROWS_WITH_AS(optim::Adam({w, ones({2})}),
                       "Adam: expected parameters that are contiguous leaves and require grad, parameter 1 is not", ValueError);
  CHECK_THROWS_AS(optim::Adam({w * 2}), ValueError);
  CHECK_THROWS_AS(optim::Adam({Tensor()}), ValueError);

  optim::Adam one({w}), other({v});
  w.set_grad(ones({2}));
  one.step();
  CHECK_THROWS_WITH_AS(other.load_state_dict(one.state_dict()),
                       "load_state_dict: expected 0.exp_avg of shape [3] and type float32, got [2] and float32", ValueError);
  CHECK_THROWS_WITH_AS(one.load_state_dict({{"5.exp_avg", ones({2})}}),
                       "load_state_dict: expected the state of Adam with 1 parameters in 1 groups, each entry once, got key 5.exp_avg", ValueError);
  // What another optimizer, or a damaged file, would give.
  const NamedTensors good = one.state_dict();
  CHECK_THROWS_AS(one.load_state_dict({{"", ones({})}}), ValueError);
  CHECK_THROWS_AS(one.load_state_dict({{"0.momentum_buffer", ones({2})}}), ValueError);
  CHECK_THROWS_WITH_AS(one.load_state_dict({{"0.exp_avg", ones({2})}}),
                       "load_state_dict: expected all of the state of parameter 0, got none of step", ValueError);
  CHECK_THROWS_AS(one.load_state_dict({{"0.step", Tensor()}}), ValueError);
  CHECK_THROWS_WITH_AS(one.load_state_dict({{"group0.lr", full({}, -1)}}), "load_state_dict: expected group0.lr >= 0, got -1", ValueError);
  NamedTensors scalar = good;
  scalar[1].second = ones({});
  CHECK_THROWS_AS(one.load_state_dict(scalar), ValueError);
  NamedTensors twice = good;
  twice.insert(twice.begin(), twice[0]);
  CHECK_THROWS_AS(one.load_state_dict(twice), ValueError);
  NamedTensors type = good;
  type[0].second = ones({});
  CHECK_THROWS_AS(one.load_state_dict(type), ValueError);
  CHECK(difference(one.state_dict()[1].second, good[1].second, 0) == "");
  one.load_state_dict(good);
  // Entries may come in any order, as a file may list them.
  one.load_state_dict({good.rbegin(), good.rend()});
  for (std::size_t i = 0; i < good.size(); ++i) CHECK(difference(one.state_dict()[i].second, good[i].second, 0) == "");
}
