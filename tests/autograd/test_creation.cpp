#include <doctest/doctest.h>

#include <cmath>

#include <eigengrad/eigengrad.h>

#include "support/oracle.h"
#include "support/tensors.h"

using namespace eg;

TEST_CASE("creation: values against the oracle") {
  for (const oracle::Case* c : oracle::load("creation").of("arange")) {
    INFO(c->name);
    const oracle::Value& out = c->out.at("out");
    const DType t = out.dtype == "int64" ? int64 : float64;
    const double a = c->number("start"), b = c->number("end"), d = c->number("step");
    CHECK(difference(arange(a, b, d, {.dtype = t}), to_tensor(out), 0) == "");
  }
  for (const oracle::Case* c : oracle::load("creation").of("linspace")) {
    INFO(c->name);
    CHECK(difference(linspace(c->number("start"), c->number("end"), c->integer("steps"), {.dtype = float64}),
                     to_tensor(c->out.at("out")), 1e-15) == "");
  }
  for (const oracle::Case* c : oracle::load("creation").of("eye")) {
    INFO(c->name);
    CHECK(difference(eye(c->integer("n"), c->integer("m"), {.dtype = float64}), to_tensor(c->out.at("out")), 0) == "");
  }
}

TEST_CASE("arange: types follow the numbers; steps that do not arrive are errors") {
  CHECK(arange(4).dtype() == int64);
  CHECK(arange(4).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2, 3});
  CHECK(arange(0., 1, 0.5).dtype() == float32);
  CHECK(arange(3, {.dtype = float64}).dtype() == float64);
  CHECK_THROWS_WITH_AS(arange(0, 3, -1), "arange: expected a step other than 0 that leads from start to end, got start 0, "
                       "end 3, step -1", ValueError);
  CHECK_THROWS_AS(arange(0, 3, 0), ValueError);
  CHECK_THROWS_AS(arange(0, INFINITY, 1), ValueError);
}

TEST_CASE("tensor: braces of numbers and of lists, spans and vectors") {
  CHECK(tensor({1., 2., 3.}).dtype() == float32);
  CHECK(tensor({1.f, 2.f}).dtype() == float32);
  CHECK(tensor({1, 2, 3}).dtype() == int64);
  CHECK(tensor({true, false}).dtype() == boolean);
  CHECK(tensor({1, 2.5}).to_vector<float>() == std::vector<float>{1, 2.5});
  CHECK(tensor({std::int64_t{1} << 53 | 1}).item<std::int64_t>() == ((std::int64_t{1} << 53) | 1));
  CHECK(tensor(3.5).shape() == Shape{});
  CHECK(tensor({}).shape() == Shape{0});
  CHECK(tensor({{1, 2, 3}, {4, 5, 6}}).shape() == Shape{2, 3});
  CHECK(tensor({{1}, {2}}).shape() == Shape{2, 1});
  CHECK(tensor({{1., 2.}}).shape() == Shape{1, 2});
  const Tensor cube = tensor({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}, {.dtype = float64});
  CHECK(cube.shape() == Shape{2, 2, 2});
  CHECK(cube.to_vector<double>() == std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(tensor({1., 2.}, {.dtype = float64, .requires_grad = true}).requires_grad());
  CHECK(tensor(std::vector<double>{1, 2}).dtype() == float64);
  CHECK(tensor(std::vector<float>{1, 2}, {.dtype = int64}).dtype() == int64);
  CHECK_THROWS_WITH_AS(tensor({{1, 2}, {3}}), "tensor: expected lists of 2 at depth 1 as the first one is, got one of 1", ShapeError);
  CHECK_THROWS_AS(tensor({{1, 2}, 3}), ShapeError);
  CHECK_THROWS_AS(tensor({1, {2, 3}}), ShapeError);
}

TEST_CASE("creation: forms like another tensor") {
  const Tensor x = ones({2, 3}, {.dtype = float64});
  CHECK(zeros_like(x).dtype() == float64);
  CHECK(ones_like(x, {.dtype = int64}).dtype() == int64);
  CHECK(full_like(x, 2.5).to_vector<double>() == std::vector<double>(6, 2.5));
  CHECK(empty_like(x).shape() == x.shape());
  CHECK(randn_like(x).dtype() == float64);
  CHECK(rand_like(x).shape() == x.shape());
}

TEST_CASE("random: the same generator state gives the same numbers; types, ranges and errors") {
  Generator gen(7), again(7);
  CHECK(difference(randn({4, 5}, gen), randn({4, 5}, again), 0) == "");
  CHECK(difference(rand({3}, gen, {.dtype = float64}), rand({3}, again, {.dtype = float64}), 0) == "");
  CHECK(gen.state() == again.state());
  manual_seed(3);
  const Tensor a = randn({100}, {.requires_grad = true});
  manual_seed(3);
  CHECK(difference(a.detach(), randn({100}), 0) == "");
  CHECK(a.requires_grad());
  for (std::int64_t v : randint(-2, 3, {1000}, gen).to_vector<std::int64_t>()) CHECK((v >= -2 && v < 3));
  auto p = randperm(50, gen).to_vector<std::int64_t>();
  std::vector<bool> seen(50);
  for (std::int64_t v : p) seen[static_cast<std::size_t>(v)] = true;
  CHECK(seen == std::vector<bool>(50, true));
  const float share = bernoulli({10000}, 0.3, gen).sum().item<float>() / 10000;
  CHECK(std::abs(share - 0.3f) < 0.03f);
  CHECK(bernoulli(tensor({0., 1., 0., 1.}), gen).to_vector<float>() == std::vector<float>{0, 1, 0, 1});
  CHECK(bernoulli({3}, 1, {.dtype = boolean}).dtype() == boolean);
  CHECK_THROWS_WITH_AS(bernoulli(tensor({1.5})), "bernoulli: expected probabilities in [0, 1], got 1.5", ValueError);
  CHECK_THROWS_AS(randn({2}, {.dtype = int64}), DTypeError);
  Tensor t = zeros({3, 4}), column = t.transpose(0, 1);
  column.normal_(5, 0.01, gen);
  for (float v : t.to_vector<float>()) CHECK(std::abs(v - 5) < 0.1f);
  t.uniform_(2, 3);
  for (float v : t.to_vector<float>()) CHECK((v >= 2 && v < 3));
  CHECK_THROWS_AS(ones({2}, {.requires_grad = true}).normal_(), GradError);
}

TEST_CASE("creation: the examples of the front page") {
  auto x = eg::randn({32, 64, 100});
  CHECK(x.dtype() == eg::float32);
  eg::Generator gen(7);
  CHECK(eg::randn({4}, gen).shape() == Shape{4});
  const std::vector<float> values(8, 1.f);
  auto m = eg::tensor(std::span<const float>(values)).reshape({4, -1});
  CHECK(m.shape() == Shape{4, 2});
  CHECK(eg::ones({32, 1}).numel() == 32);
  CHECK((1 - 2 * m + 3 / m - 0.5).to_vector<float>() == std::vector<float>(8, 1.5f));
}
