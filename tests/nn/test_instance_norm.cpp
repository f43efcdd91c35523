// One test a row of InstanceNorm1d's contract (docs/instance_norm.md).
#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include <cmath>
#include <limits>

#include "support/oracle.h"
#include "support/tensors.h"

using namespace eg;

namespace {

const double inf = std::numeric_limits<double>::infinity(), nan_ = std::numeric_limits<double>::quiet_NaN();

/// y of one row in long double.
std::vector<double> normalized(const std::vector<float>& x, double eps = 1e-5) {
  long double mean = 0, var = 0;
  for (float v : x) mean += v;
  mean /= x.size();
  for (float v : x) var += (v - mean) * (v - mean);
  var /= x.size();
  std::vector<double> y;
  for (float v : x) y.push_back(static_cast<double>((v - mean) / sqrtl(var + eps)));
  return y;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

/// Runs a running_stats case of the oracle, step by step.
void follow(const std::string& name) {
  CAPTURE(name);
  const oracle::Case& c = oracle::load("instance_norm").at("running_stats/" + name);
  nn::InstanceNormOptions o{.eps = c.number("eps"), .affine = c.flag("affine"), .track_running_stats = true};
  o.momentum = c.none("momentum") ? std::nullopt : std::optional<double>(c.number("momentum"));
  nn::InstanceNorm1d norm(c.integer("num_features"), o);
  norm.to(float64);
  if (o.affine) norm.load_state_dict({{"weight", to_tensor(c.in.at("weight"))}, {"bias", to_tensor(c.in.at("bias"))}}, {.strict = false});
  for (int step = 1; c.in.has("x" + std::to_string(step)); ++step) {
    const std::string k = std::to_string(step);
    CAPTURE(step);
    CHECK(largest_difference(norm(to_tensor(c.in.at("x" + k))).to_vector<double>(), c.out.at("y" + k).data) < 1e-12);
    CHECK(largest_difference(norm.running_mean->to_vector<double>(), c.state_after.at(k + ".running_mean").data) < 1e-12);
    CHECK(largest_difference(norm.running_var->to_vector<double>(), c.state_after.at(k + ".running_var").data) < 1e-12);
    CHECK(norm.num_batches_tracked->item<std::int64_t>() == step);
  }
}

}  // namespace

TEST_CASE("InstanceNorm1d contract: input is (N, C, L) or (C, L), anything else an error that says what it read") {
  nn::InstanceNorm1d norm(3);
  const Tensor x = randn({2, 3, 10});
  CHECK(norm(x).shape() == Shape{2, 3, 10});
  const Tensor one = norm(x.select(0, 1));
  CHECK(one.shape() == Shape{3, 10});
  CHECK(one.to_vector<float>() == norm(x).select(0, 1).to_vector<float>());
  CHECK_THROWS_WITH_AS(norm(randn({3})), "InstanceNorm1d(3): expected [N, C, L] or [C, L], got input [3]", ShapeError);
  CHECK_THROWS_AS(norm(randn({1, 2, 3, 4})), ShapeError);
  CHECK_THROWS_WITH_AS(nn::InstanceNorm1d(128)(randn({32, 128})),
                       "InstanceNorm1d(128): expected 128 channels, got input (32, 128), which is read as C=32, L=128; for a batch of 32 "
                       "vectors use BatchNorm1d or LayerNorm", ShapeError);
}

TEST_CASE("InstanceNorm1d contract: formula, biased variance over L for each (n, c)") {
  const Tensor x = randn({2, 3, 37});
  const std::vector<float> values = x.to_vector<float>();
  const Tensor y = nn::InstanceNorm1d(3)(x);
  const std::vector<double> got = y.to_vector<double>();
  for (int r = 0; r < 6; ++r) {
    const std::vector<double> row(got.begin() + 37 * r, got.begin() + 37 * (r + 1));
    CHECK(largest_difference(row, normalized({values.begin() + 37 * r, values.begin() + 37 * (r + 1)})) < 1e-6);
  }
}

TEST_CASE("InstanceNorm1d contract: parameters weight (ones) and bias (zeros) of shape (C); not affine by default") {
  CHECK(nn::InstanceNorm1d(4).parameters().empty());
  nn::InstanceNorm1d affine(4, {.affine = true});
  CHECK(affine.weight->to_vector<float>() == std::vector<float>(4, 1));
  CHECK(affine.bias->to_vector<float>() == std::vector<float>(4, 0));
  CHECK(nn::InstanceNorm1d(4, {.affine = true, .bias = false}).parameters().size() == 1);
  CHECK(nn::InstanceNorm1d(256, 1e-5, 0.1, true).parameters().size() == 2);
}

TEST_CASE("InstanceNorm1d contract: running statistics follow PyTorch's numbers") {
  for (const char* name : {"train_3_steps", "train_3_steps_affine", "train_unbatched", "train_momentum_0", "train_momentum_1"}) follow(name);
}

TEST_CASE("InstanceNorm1d contract: train and eval") {
  const Tensor x = randn({2, 3, 20}) * 2 + 1;
  nn::InstanceNorm1d plain(3);
  const std::vector<float> trained = plain(x).to_vector<float>();
  plain.eval();
  CHECK(plain(x).to_vector<float>() == trained);

  nn::InstanceNorm1d tracked(3, {.track_running_stats = true});
  tracked(x);
  tracked.eval();
  const Tensor mean = tracked.running_mean->reshape({1, 3, 1}), var = tracked.running_var->reshape({1, 3, 1});
  CHECK(largest_difference(tracked(x).to_vector<double>(), ((x - mean) / (var + 1e-5).sqrt()).to_vector<double>()) < 1e-5);
}

TEST_CASE("InstanceNorm1d contract: momentum none is the cumulative average") { follow("train_cumulative"); }

TEST_CASE("InstanceNorm1d contract: num_batches_tracked counts training forwards") {
  nn::InstanceNorm1d norm(2, {.track_running_stats = true});
  for (int i = 0; i < 3; ++i) norm(randn({1, 2, 5}));
  norm.eval();
  norm(randn({1, 2, 5}));
  CHECK(norm.num_batches_tracked->item<std::int64_t>() == 3);
}

TEST_CASE("InstanceNorm1d contract: eval never writes a buffer") {
  nn::InstanceNorm1d norm(2, {.affine = true, .track_running_stats = true});
  norm(randn({4, 2, 9}));
  norm.eval();
  const auto mean = norm.running_mean->to_vector<float>(), var = norm.running_var->to_vector<float>();
  for (int i = 0; i < 3; ++i) norm(randn({4, 2, 9}) + 5);
  CHECK(norm.running_mean->to_vector<float>() == mean);
  CHECK(norm.running_var->to_vector<float>() == var);
}

TEST_CASE("InstanceNorm1d contract: another number of channels is always an error") {
  for (bool affine : {false, true})
    for (bool tracked : {false, true}) {
      nn::InstanceNorm1d norm(64, {.affine = affine, .track_running_stats = tracked});
      CHECK_THROWS_AS(norm(randn({4, 80, 30})), ShapeError);
      norm.eval();
      CHECK_THROWS_AS(norm(randn({4, 80, 30})), ShapeError);
    }
  CHECK_THROWS_WITH_AS(nn::InstanceNorm1d(64)(randn({4, 80, 300})),
                       "InstanceNorm1d(64): expected 64 channels at axis 1 of [N, C, L], got input [4, 80, 300]", ShapeError);
}

TEST_CASE("InstanceNorm1d contract: configuration is checked in the constructor") {
  CHECK_THROWS_WITH_AS(nn::InstanceNorm1d(0), "InstanceNorm1d: expected num_features >= 1, got 0", ValueError);
  CHECK_THROWS_AS(nn::InstanceNorm1d(-3), ValueError);
  for (double eps : {0.0, -1e-5, inf, nan_}) CHECK_THROWS_AS(nn::InstanceNorm1d(2, {.eps = eps}), ValueError);
  for (double m : {-0.1, 1.5, nan_}) CHECK_THROWS_AS(nn::InstanceNorm1d(2, {.momentum = m}), ValueError);
}

TEST_CASE("InstanceNorm1d contract: L == 1 is an error whenever statistics come from the input") {
  nn::InstanceNorm1d norm(3), tracked(3, {.track_running_stats = true});
  CHECK_THROWS_WITH_AS(norm(randn({2, 3, 1})),
                       "InstanceNorm1d(3): expected at least 2 values to take statistics from, got input [2, 3, 1], which has 1 for each "
                       "mean; use a longer input or a larger batch, or eval mode with running statistics", ValueError);
  norm.eval();
  CHECK_THROWS_AS(norm(randn({2, 3, 1})), ValueError);
  CHECK_THROWS_AS(tracked(randn({2, 3, 1})), ValueError);
  tracked.eval();
  CHECK(tracked(randn({2, 3, 1})).shape() == Shape{2, 3, 1});
}

TEST_CASE("InstanceNorm1d contract: an empty batch or length gives an empty result and leaves the buffers") {
  nn::InstanceNorm1d norm(3, {.affine = true, .track_running_stats = true});
  for (const Shape& s : {Shape{0, 3, 5}, Shape{2, 3, 0}}) {
    Tensor x = zeros(s, {.requires_grad = true});
    const Tensor y = norm(x);
    CHECK(y.shape() == s);
    y.sum().backward();
    CHECK(norm.weight->grad().to_vector<float>() == std::vector<float>(3, 0));
  }
  CHECK(norm.running_mean->to_vector<float>() == std::vector<float>(3, 0));
  CHECK(norm.running_var->to_vector<float>() == std::vector<float>(3, 1));
}

TEST_CASE("InstanceNorm1d contract: NaN and infinity stay in their own row") {
  Tensor x = randn({2, 3, 40});
  const std::vector<float> clean = nn::InstanceNorm1d(3)(x).to_vector<float>();
  x.mutable_data<float>()[45] = std::numeric_limits<float>::quiet_NaN();   // row (0, 1)
  x.mutable_data<float>()[200] = std::numeric_limits<float>::infinity();   // row (1, 2)
  x.set_requires_grad();
  const Tensor y = nn::InstanceNorm1d(3)(x);
  const std::vector<float> got = y.to_vector<float>();
  (y * y).sum().backward();
  const std::vector<float> grad = x.grad().to_vector<float>();
  for (int i = 0; i < 240; ++i) {
    const int row = i / 40;
    if (row == 1 || row == 5) continue;
    CHECK(got[i] == clean[i]);
    CHECK(std::isfinite(grad[i]));
  }
  CHECK(std::isnan(got[50]));
}

TEST_CASE("InstanceNorm1d contract: a constant row gives exactly bias, and a finite gradient") {
  for (float value : {1e4f / 3, 0.1f, -7e8f, 0.f}) {
    nn::InstanceNorm1d norm(2, {.affine = true});
    norm.load_state_dict({{"weight", tensor({3., -2.})}, {"bias", tensor({0.25, -1.5})}});
    Tensor x = full({1, 2, 4097}, value, {.requires_grad = true});
    const Tensor y = norm(x);
    for (float v : y.select(1, 0).to_vector<float>()) REQUIRE(v == 0.25f);
    for (float v : y.select(1, 1).to_vector<float>()) REQUIRE(v == -1.5f);
    y.backward(randn({1, 2, 4097}));
    for (float v : x.grad().to_vector<float>()) REQUIRE(std::isfinite(v));
  }
}

TEST_CASE("InstanceNorm1d contract: large offsets keep their accuracy") {
  manual_seed(3);
  for (double offset : {1e3, 1e4, 1e5, 1e6, 1e7}) {
    CAPTURE(offset);
    const Tensor x = (randn({1, 1, 4096}, {.dtype = float64}) + offset).to(float32);
    CHECK(largest_difference(nn::InstanceNorm1d(1)(x).to_vector<double>(), normalized(x.to_vector<float>())) <= 1e-5);
  }
}

TEST_CASE("InstanceNorm1d contract: extreme scales are normalized") {
  manual_seed(4);
  const Tensor base = randn({1, 2, 100});
  for (double scale : {1e19, 1e25, 3e37}) {
    CAPTURE(scale);
    const Tensor y = nn::InstanceNorm1d(2)(base * scale);
    CHECK(largest_difference(y.to_vector<double>(), nn::InstanceNorm1d(2, {.eps = 1e-30})(base).to_vector<double>()) < 1e-5);
  }
  const Tensor tiny = nn::InstanceNorm1d(2, {.eps = 1e-70})(base * 1e-30);
  CHECK(largest_difference(tiny.to_vector<double>(), nn::InstanceNorm1d(2, {.eps = 1e-30})(base).to_vector<double>()) < 1e-5);
}

TEST_CASE("InstanceNorm1d contract: state_dict has PyTorch's keys and order, and a mismatch names every key") {
  nn::InstanceNorm1d full_(2, {.affine = true, .track_running_stats = true}), plain(2, {.affine = true});
  std::vector<std::string> keys;
  for (auto& [name, t] : full_.state_dict()) keys.push_back(name);
  CHECK(keys == std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
  CHECK_THROWS_WITH_AS(plain.load_state_dict(full_.state_dict()),
                       "load_state_dict: expected the keys and shapes of InstanceNorm1d(2, affine=true), got others; unexpected running_mean, "
                       "running_var, num_batches_tracked", ValueError);
  CHECK_THROWS_WITH_AS(full_.load_state_dict(plain.state_dict()),
                       "load_state_dict: expected the keys and shapes of InstanceNorm1d(2, affine=true, track_running_stats=true), got others; "
                       "missing running_mean, running_var, num_batches_tracked", ValueError);
}

TEST_CASE("InstanceNorm1d contract: derivatives are exact at orders 1 to 4") {
  const oracle::Case& c = oracle::load("instance_norm").at("instance_norm/affine");
  nn::InstanceNorm1d norm(c.integer("num_features"), {.eps = c.number("eps"), .affine = true});
  norm.to(float64);
  norm.load_state_dict({{"weight", to_tensor(c.in.at("weight"))}, {"bias", to_tensor(c.in.at("bias"))}});
  Tensor x = to_tensor(c.in.at("x")).set_requires_grad(), up = to_tensor(c.upstream.at("out")).set_requires_grad();
  // s1 = <y, upstream>;  s(k+1) = sum over inputs of <d s(k) / d input, v>
  const std::vector<std::pair<std::string, Tensor>> inputs{{"x", x}, {"weight", norm.weight}, {"bias", norm.bias}};
  std::vector<Tensor> leaves;
  for (auto& [name, t] : inputs) leaves.push_back(t);
  Tensor s = (norm(x) * up).sum();
  const decltype(&c.grad) orders[] = {&c.grad, &c.grad2, &c.grad3, &c.grad4};
  for (int order = 1; order <= 4; ++order) {
    CAPTURE(order);
    const std::vector<Tensor> g = grad({s}, leaves, {.create_graph = true, .allow_unused = true});
    Tensor next = zeros({}, {.dtype = float64});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::string& name = inputs[i].first;
      const Tensor& t = inputs[i].second;
      if (!orders[order - 1]->has(name)) continue;
      const Tensor gi = g[i].defined() ? g[i] : zeros(t.shape(), {.dtype = float64});
      CAPTURE(name);
      CHECK(largest_difference(gi.to_vector<double>(), orders[order - 1]->at(name).data) < 1e-9);
      if (g[i].defined()) next = next + (g[i] * to_tensor(c.v.at(name))).sum();
    }
    s = next;
  }
}

TEST_CASE("InstanceNorm1d contract: a sample gives the same bits alone, in any batch, and on any number of threads") {
  const Tensor x = randn({33, 7, 100});
  nn::InstanceNorm1d norm(7, {.affine = true});
  set_num_threads(1);
  const Tensor whole = norm(x);
  set_num_threads(2);
  CHECK(norm(x).to_vector<float>() == whole.to_vector<float>());
  for (std::int64_t n : {0, 5, 32})
    CHECK(norm(x.narrow(0, n, 1)).to_vector<float>() == whole.narrow(0, n, 1).to_vector<float>());
  CHECK(norm(x.narrow(0, 3, 6)).to_vector<float>() == whole.narrow(0, 3, 6).to_vector<float>());
}

TEST_CASE("InstanceNorm1d contract: the lazy form takes C from the channel axis, of (C, L) too") {
  nn::LazyInstanceNorm1d batch({.affine = true}), single({.affine = true});
  batch(randn({2, 5, 9}));
  single(randn({5, 9}));
  CHECK(batch.weight->shape() == Shape{5});
  CHECK(single.weight->shape() == Shape{5});
  CHECK_THROWS_AS(batch(randn({2, 6, 9})), ShapeError);
  nn::LazyInstanceNorm1d plain;
  plain(randn({2, 5, 9}));
  CHECK(plain.state_dict().empty());
}
