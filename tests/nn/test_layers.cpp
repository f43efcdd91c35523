// Each layer: the oracle's numbers, the contract of modules, the texts of its errors.
#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include <cmath>

#include "oracle_module.h"
#include "support/check_module.h"

using namespace eg;

namespace {

std::vector<float> values(const Tensor& t) { return t.to_vector<float>(); }

template <class Norm> void follow_steps(const std::string& name) {
  CAPTURE(name);
  const oracle::Case& c = oracle::load("norms").at("batch_norm/" + name);
  nn::BatchNormOptions o{.eps = c.number("eps"), .momentum = std::nullopt};
  if (!c.none("momentum")) o.momentum = c.number("momentum");
  Norm norm(c.integer("num_features"), o);
  load_parameters(norm, c);
  Tensor loss;
  NamedTensors inputs;
  for (int step = 1; c.in.has("x" + std::to_string(step)); ++step) {
    const std::string k = std::to_string(step);
    CAPTURE(step);
    inputs.emplace_back("x" + k, to_tensor(c.in.at("x" + k)).set_requires_grad());
    const Tensor y = norm(inputs.back().second);
    CHECK(difference(y, to_tensor(c.out.at("y" + k)), 1e-12) == "");
    for (const auto& [key, t] : norm.named_buffers()) CHECK(difference(t, to_tensor(c.state_after.at(k + "." + key)), 1e-13) == "");
    const Tensor part = (y * to_tensor(c.upstream.at("y" + k))).sum();
    loss = loss.defined() ? loss + part : part;
  }
  expect_gradients(norm, c, loss, inputs, 1e-11);
}

template <class Norm> void fixed_map(const std::string& name) {
  CAPTURE(name);
  const oracle::Case& c = oracle::load("norms").at("batch_norm/" + name);
  Norm norm(c.integer("num_features"));
  norm.to(float64);
  NamedTensors state;
  for (const auto& [key, v] : c.state_before) state.emplace_back(key, to_tensor(v));
  norm.load_state_dict(state, {.strict = false});
  norm.eval();
  expect_case(norm, "norms", "batch_norm/" + name);
  for (const auto& [key, t] : norm.named_buffers()) CHECK(difference(t, to_tensor(c.state_after.at(key)), 0) == "");
}

/// A linear layer of whose members visit() shows one.
struct Forgetful : nn::Module {
  nn::Linear a{3, 3}, b{3, 2};
  void visit(nn::Visitor& v) override { v("a", a); }
  Tensor forward(const Tensor& x) override { return b(a(x)); }
};
struct ForgetfulNorm : nn::Module {
  nn::Linear a{3, 3};
  nn::Buffer mean{zeros({3})};
  void visit(nn::Visitor& v) override { v("a", a); }
  Tensor forward(const Tensor& x) override {
    if (is_training()) {
      NoGrad guard;
      mean->add_(x.sum({0}));
    }
    return a(x - mean);
  }
};
struct Twice : nn::Module {
  nn::Linear a{3, 3}, b{3, 3};
  void visit(nn::Visitor& v) override { v("a", a)("a", b); }
  Tensor forward(const Tensor& x) override { return b(a(x)); }
};
/// Shares its weight with its copies.
struct Shared : nn::Module {
  Tensor weight = ones({3}).set_requires_grad();
  nn::Linear a{3, 3};
  void visit(nn::Visitor& v) override { v("a", a); }
  Tensor forward(const Tensor& x) override { return a(x * weight); }
};

}  // namespace

TEST_CASE("check_module finds what a module can get wrong") {
  const Tensor x = randn({4, 3});
  CHECK(module_fault(Forgetful(), x) == "the output depends on 2 leaves that are neither parameters nor the input");
  CHECK(module_fault(Shared(), x) == "the output depends on 1 leaves that are neither parameters nor the input");
  CHECK(module_fault(Twice(), x) == "the name a.weight is given twice");
  CHECK(module_fault(ForgetfulNorm(), x).rfind("output after load_state_dict in eval mode: element 0", 0) == 0);
}

TEST_CASE("every layer keeps the contract of modules") {
  manual_seed(11);
  const Tensor flat = randn({4, 6}), line = randn({3, 4, 10}), plane = randn({2, 4, 6, 5});
  check_module(nn::Linear(6, 5), flat);
  check_module(nn::Linear(10, 3, {.bias = false}), line);
  check_module(nn::Conv1d(4, 6, 3), line);
  check_module(nn::Conv1d(4, 6, 4, {.stride = 2, .padding = 1, .dilation = 2, .groups = 2, .bias = false}), line);
  check_module(nn::Conv2d(4, 6, {3, 2}), plane);
  check_module(nn::Conv2d(4, 6, 3, {.stride = {2, 1}, .padding = {0, 1}, .groups = 2}), plane);
  check_module(nn::ConvTranspose1d(4, 6, 4, {.stride = 2, .padding = 1}), line);
  check_module(nn::ConvTranspose1d(4, 6, 3, {.stride = 3, .output_padding = 1, .groups = 2, .bias = false}), line);
  check_module(nn::ConvTranspose2d(4, 3, {4, 3}, {.stride = 2, .padding = {1, 0}, .output_padding = {0, 1}}), plane);
  check_module(nn::BatchNorm1d(4), line);
  check_module(nn::BatchNorm1d(6, {.momentum = std::nullopt}), flat);
  check_module(nn::BatchNorm1d(4, {.affine = false}), line);
  check_module(nn::BatchNorm1d(4, {.track_running_stats = false}), line);
  check_module(nn::BatchNorm2d(4), plane);
  check_module(nn::InstanceNorm1d(4), line);
  check_module(nn::InstanceNorm1d(4, {.affine = true, .track_running_stats = true}), line);
  check_module(nn::InstanceNorm1d(4, {.affine = true, .bias = false}), line);
  check_module(nn::InstanceNorm2d(4, {.affine = true}), plane);
  check_module(nn::LayerNorm({10}), line);
  check_module(nn::LayerNorm({4, 10}, {.bias = false}), line);
  check_module(nn::LayerNorm({10}, {.elementwise_affine = false}), line);
  check_module(nn::GroupNorm(2, 4), line);
  check_module(nn::GroupNorm(4, 4, {.affine = false}), plane);
  check_module(nn::ReLU(), flat);
  check_module(nn::LeakyReLU(0.2), flat);
  check_module(nn::Tanh(), line);
  check_module(nn::Sigmoid(), line);
  check_module(nn::Flatten(), plane);
  check_module(nn::Unflatten(1, {2, 3}), flat);
  check_module(nn::Upsample(3), line);
  check_module(nn::Upsample(2), plane);
  check_module(nn::Sequential(), flat);
  check_module(nn::Sequential{nn::Linear(6, 8), nn::ReLU(), nn::Linear(8, 2)}, flat);
  check_module(nn::Sequential{nn::Conv1d(4, 6, 3), nn::Sequential{nn::BatchNorm1d(6), nn::LeakyReLU(0.2)}, nn::Flatten(), nn::Linear(48, 1)}, line);
}

TEST_CASE("Linear: PyTorch's numbers, shapes and errors") {
  for (const char* name : {"linear/1d", "linear/2d", "linear/3d"}) {
    const oracle::Case& c = oracle::load("linalg").at(name);
    const auto& shape = c.in.at("weight").shape;
    nn::Linear layer(shape[1], shape[0]);
    expect_case(layer, "linalg", name);
  }
  nn::Linear none(3, 2, {.bias = false});
  expect_case(none, "linalg", "linear/no_bias");
  CHECK(nn::Linear(3, 2)(zeros({0, 3})).shape() == Shape{0, 2});
  CHECK(nn::Linear(3, 2).describe() == "Linear(3, 2)");
  CHECK(none.describe() == "Linear(3, 2, bias=false)");
  CHECK_THROWS_WITH_AS(nn::Linear(3, 4)(randn({2, 5})), "Linear(3, 4): expected x [..., in] and weight [out, in], got [2, 5] and [4, 3]", ShapeError);
  CHECK_THROWS_WITH_AS(nn::Linear(3, 0), "Linear: expected in and out >= 1, got 3 and 0", ValueError);
  CHECK_THROWS_AS(nn::Linear(3, 4)(zeros({2, 3}, {.dtype = float64})), DTypeError);
}

TEST_CASE("Linear and convolutions start uniform in 1 / sqrt(fan in), weight and bias alike") {
  manual_seed(5);
  auto within = [](const Tensor& t, double bound) {
    double largest = 0;
    for (double v : t.to_vector<double>()) largest = std::max(largest, std::abs(v));
    CHECK(largest <= bound);
    CHECK(largest > 0.8 * bound);
  };
  nn::Linear l(25, 400);
  within(l.weight, 0.2);
  within(l.bias, 0.2);
  nn::Conv1d c(10, 300, 10, {.groups = 10});  // fan in 10
  within(c.weight, 1 / std::sqrt(10));
  within(c.bias, 1 / std::sqrt(10));
  nn::ConvTranspose1d t(100, 25, 4);  // as PyTorch: the second size of the weight, times the kernel
  within(t.weight, 0.1);
}

TEST_CASE("convolution layers: PyTorch's numbers") {
  nn::Conv1d plain(2, 3, 3), strided(2, 3, 4, {.stride = 2, .padding = 1});
  expect_case(plain, "convolutions", "conv1d/basic");
  for (const char* kind : {"conv1d/", "conv2d/", "conv_transpose1d/", "conv_transpose2d/"})
    for (const oracle::Case& c : oracle::load("convolutions").cases) {
      if (c.name.rfind(kind, 0) != 0 || c.args.has("padding_mode") || c.text("padding") == "same" || c.text("padding") == "valid") continue;
      if (c.grad.empty()) continue;
      const auto& w = c.in.at("weight").shape;
      const std::int64_t groups = c.integer("groups");
      const bool bias = c.flag("bias");
      auto one = [&](const char* key) { return c.integers(key).at(0); };
      auto both = [&](const char* key) { return Pair(c.integers(key).at(0), c.integers(key).back()); };
      if (c.name.rfind("conv1d", 0) == 0) {
        nn::Conv1d m(w[1] * groups, w[0], w[2], {one("stride"), one("padding"), one("dilation"), groups, bias});
        expect_case(m, "convolutions", c.name);
      } else if (c.name.rfind("conv2d", 0) == 0) {
        nn::Conv2d m(w[1] * groups, w[0], {w[2], w[3]}, {both("stride"), both("padding"), both("dilation"), groups, bias});
        expect_case(m, "convolutions", c.name);
      } else if (c.name.rfind("conv_transpose1d", 0) == 0) {
        nn::ConvTranspose1d m(w[0], w[1] * groups, w[2], {one("stride"), one("padding"), one("output_padding"), one("dilation"), groups, bias});
        expect_case(m, "convolutions", c.name);
      } else {
        nn::ConvTranspose2d m(w[0], w[1] * groups, {w[2], w[3]},
                              {both("stride"), both("padding"), both("output_padding"), both("dilation"), groups, bias});
        expect_case(m, "convolutions", c.name);
      }
    }
}

TEST_CASE("convolution layers: descriptions and errors") {
  CHECK(nn::Conv1d(1, 32, 4, {.stride = 2, .padding = 1}).describe() == "Conv1d(1, 32, 4, stride=2, padding=1)");
  CHECK(nn::Conv2d(2, 4, {3, 1}, {.groups = 2, .bias = false}).describe() == "Conv2d(2, 4, {3, 1}, groups=2, bias=false)");
  CHECK(nn::ConvTranspose1d(4, 2, 4, {.stride = 2, .output_padding = 1}).describe() == "ConvTranspose1d(4, 2, 4, stride=2, output_padding=1)");
  CHECK_THROWS_WITH_AS(nn::Conv1d(1, 32, 4)(randn({2, 3, 10})),
                       "Conv1d(1, 32, 4): expected 1 channels at axis 1 of x (weight [32, 1, 4], groups 1), got x [2, 3, 10]", ShapeError);
  CHECK_THROWS_WITH_AS(nn::Conv1d(1, 2, 4)(randn({2, 1, 3})),
                       "Conv1d(1, 2, 4): expected an input of at least 4 along each axis (kernel 4, dilation 1, padding 0), got [2, 1, 3]", ShapeError);
  CHECK_THROWS_WITH_AS(nn::Conv1d(3, 4, 3, {.groups = 2}),
                       "Conv1d: expected groups >= 1 that divide in and out channels, got groups 2, in 3, out 4", ValueError);
  CHECK_THROWS_WITH_AS(nn::Conv1d(3, 4, 0), "Conv1d: expected channels and kernel >= 1, got in 3, out 4, kernel 0 x 0", ValueError);
  CHECK_THROWS_AS(nn::Conv1d(3, 4, 3, {.stride = 0}), ValueError);
  CHECK_THROWS_AS(nn::Conv2d(3, 4, 3, {.padding = {0, -1}}), ValueError);
  CHECK_THROWS_AS(nn::ConvTranspose1d(3, 4, 3, {.dilation = 0}), ValueError);
}

TEST_CASE("BatchNorm: three training steps with running statistics") {
  follow_steps<nn::BatchNorm1d>("steps");
  follow_steps<nn::BatchNorm1d>("steps_ncl");
  follow_steps<nn::BatchNorm1d>("steps_cumulative");
  follow_steps<nn::BatchNorm2d>("steps_2d");
}

TEST_CASE("BatchNorm: eval is a fixed map") {
  fixed_map<nn::BatchNorm1d>("eval");
  fixed_map<nn::BatchNorm1d>("eval_ncl");
  fixed_map<nn::BatchNorm2d>("eval_2d");
  nn::BatchNorm1d untracked(3, {.track_running_stats = false});
  const Tensor x = randn({4, 3, 5});
  const std::vector<float> trained = values(untracked(x));
  untracked.eval();
  CHECK(values(untracked(x)) == trained);
}

TEST_CASE("BatchNorm: descriptions and errors") {
  CHECK(nn::BatchNorm1d(8).describe() == "BatchNorm1d(8)");
  CHECK(nn::BatchNorm1d(8, 1e-3, 0.2, false).describe() == "BatchNorm1d(8, eps=0.001, momentum=0.2, affine=false)");
  CHECK(nn::BatchNorm2d(8, {.momentum = std::nullopt}).describe() == "BatchNorm2d(8, momentum=none)");
  nn::BatchNorm1d norm(3);
  CHECK_THROWS_WITH_AS(norm(randn({2, 4, 5})), "BatchNorm1d(3): expected 3 channels at axis 1, got input [2, 4, 5]", ShapeError);
  CHECK_THROWS_WITH_AS(norm(randn({3})), "BatchNorm1d(3): expected [N, C] or [N, C, L], got input [3]", ShapeError);
  CHECK_THROWS_WITH_AS(nn::BatchNorm2d(3)(randn({2, 3, 4})), "BatchNorm2d(3): expected [N, C, H, W], got input [2, 3, 4]", ShapeError);
  CHECK_THROWS_AS(norm(randn({1, 3})), ValueError);
  CHECK(norm.num_batches_tracked->item<std::int64_t>() == 0);
  norm.eval();
  CHECK(norm(randn({1, 3})).shape() == Shape{1, 3});
  CHECK_THROWS_AS(nn::BatchNorm1d(0), ValueError);
  CHECK_THROWS_AS(nn::BatchNorm1d(3, {.eps = 0}), ValueError);
  CHECK_THROWS_AS(nn::BatchNorm1d(3, {.momentum = 1.5}), ValueError);
}

TEST_CASE("LayerNorm and GroupNorm: PyTorch's numbers") {
  for (const oracle::Case* c : oracle::load("norms").of("layer_norm")) {
    nn::LayerNorm m(Shape(c->integers("normalized_shape")),
                    {.eps = c->number("eps"), .elementwise_affine = c->flag("affine"), .bias = c->flag("bias")});
    expect_case(m, "norms", c->name);
  }
  for (const oracle::Case* c : oracle::load("norms").of("group_norm")) {
    nn::GroupNorm m(c->integer("num_groups"), c->integer("num_channels"), {.eps = c->number("eps"), .affine = c->flag("affine")});
    expect_case(m, "norms", c->name);
  }
}

TEST_CASE("LayerNorm and GroupNorm: descriptions and errors") {
  CHECK(nn::LayerNorm({4, 5}).describe() == "LayerNorm([4, 5])");
  CHECK(nn::GroupNorm(2, 4, {.affine = false}).describe() == "GroupNorm(2, 4, affine=false)");
  CHECK_THROWS_WITH_AS(nn::LayerNorm({5})(randn({2, 4})), "LayerNorm([5]): expected an input whose last dimensions are [5], got [2, 4]", ShapeError);
  CHECK_THROWS_WITH_AS(nn::GroupNorm(2, 4)(randn({2, 6, 3})), "GroupNorm(2, 4): expected 4 channels at axis 1, got input [2, 6, 3]", ShapeError);
  CHECK_THROWS_WITH_AS(nn::GroupNorm(3, 4), "GroupNorm: expected groups >= 1 that divide the channels, got groups 3 and channels 4", ValueError);
  CHECK_THROWS_AS(nn::LayerNorm(Shape{}), ValueError);
  CHECK_THROWS_AS(nn::LayerNorm({4}, {.eps = -1}), ValueError);
}

TEST_CASE("activations: values") {
  const Tensor x = tensor({-2., 0., 3.});
  CHECK(values(nn::ReLU()(x)) == std::vector<float>{0, 0, 3});
  CHECK(values(nn::LeakyReLU(0.25)(x)) == std::vector<float>{-0.5f, 0, 3});
  CHECK(values(nn::LeakyReLU()(x))[0] == doctest::Approx(-0.02));
  CHECK(values(nn::Tanh()(x))[2] == doctest::Approx(std::tanh(3.0)));
  CHECK(values(nn::Sigmoid()(x))[1] == 0.5f);
  CHECK(nn::LeakyReLU(0.2).describe() == "LeakyReLU(0.2)");
}

TEST_CASE("Flatten, Unflatten, Upsample: shapes, values and errors") {
  CHECK(nn::Flatten()(zeros({2, 3, 4})).shape() == Shape{2, 12});
  CHECK(nn::Flatten(0, 1)(zeros({2, 3, 4})).shape() == Shape{6, 4});
  CHECK(nn::Unflatten(1, {3, -1})(zeros({2, 12})).shape() == Shape{2, 3, 4});
  CHECK(nn::Unflatten(1, {3, 4}).describe() == "Unflatten(1, [3, 4])");
  CHECK(values(nn::Upsample(2)(tensor({1., 2.}).reshape({1, 1, 2}))) == std::vector<float>{1, 1, 2, 2});
  CHECK(nn::Upsample(3)(zeros({2, 3, 4, 5})).shape() == Shape{2, 3, 12, 15});
  CHECK_THROWS_WITH_AS(nn::Upsample(2)(zeros({2, 3})), "Upsample(2): expected [N, C, L...], got [2, 3]", ShapeError);
  CHECK_THROWS_WITH_AS(nn::Upsample(0), "Upsample: expected a scale >= 1, got 0", ValueError);
  CHECK_THROWS_AS(nn::Unflatten(1, {5, 4})(zeros({2, 12})), ShapeError);
}

TEST_CASE("Sequential: children in order, by value, with paths in errors") {
  nn::Sequential net{nn::Linear(2, 64), nn::ReLU(), nn::Linear(64, 1)};
  CHECK(net.size() == 3);
  CHECK(net(randn({5, 2})).shape() == Shape{5, 1});
  std::vector<std::string> names;
  for (auto& [name, p] : net.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"});
  CHECK_THROWS_WITH_AS(net(randn({5, 3})),
                       "Sequential.0 (Linear(2, 64)): expected x [..., in] and weight [out, in], got [5, 3] and [64, 2]", ShapeError);
  net.set_name("critic");
  CHECK_THROWS_WITH_AS(net(randn({5, 3})), "critic.0 (Linear(2, 64)): expected x [..., in] and weight [out, in], got [5, 3] and [64, 2]", ShapeError);
  CHECK_THROWS_WITH_AS(net[3], "Sequential: expected an index below 3, got 3", IndexError);
  nn::Linear outside(2, 2);
  nn::Sequential with{outside};
  NoGrad guard;
  outside.weight->zero_();
  CHECK(values(with[0].parameters()[0]) != std::vector<float>(4, 0));  // a copy
  CHECK(nn::Sequential()(ones({2})).to_vector<float>() == std::vector<float>{1, 1});
}
