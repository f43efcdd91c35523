// Closed forms: f(x, W) with known Jacobian and Hessian.
#include <doctest/doctest.h>

#include <cmath>

#include <eigengrad/eigengrad.h>

using namespace eg;

namespace {

Tensor t64(std::initializer_list<double> v, const Shape& shape) { return tensor(v, {.dtype = float64}).reshape(shape); }
std::vector<double> numbers(const Tensor& t) { return t.to_vector<double>(); }

void check_close(const Tensor& t, const std::vector<double>& expected) {
  const auto v = numbers(t);
  REQUIRE(v.size() == expected.size());
  for (std::size_t i = 0; i < v.size(); ++i) CHECK(v[i] == doctest::Approx(expected[i]).epsilon(1e-12));
}

}  // namespace

TEST_CASE("jacobian: shape of the result, then shape of the input") {
  const Tensor x = t64({1, 2, 3}, {3});
  // y[i] = sum_j A[i, j] x[j]^2      dy[i]/dx[j] = 2 A[i, j] x[j]
  const Tensor a = t64({1, 2, 3, 4, 5, 6}, {2, 3});
  auto f = [&](const Tensor& v) { return sum(a * v * v, {1}); };
  const Tensor j = jacobian(f, x);
  CHECK(j.shape() == Shape{2, 3});
  check_close(j, {2, 8, 18, 8, 20, 36});
  CHECK_FALSE(j.requires_grad());
  CHECK_FALSE(x.requires_grad());

  const auto two = jacobian([](const Tensor& p, const Tensor& q) { return p * q.reshape({1, 3}).sum(); }, {a, x});
  CHECK(two[0].shape() == Shape{2, 3, 2, 3});
  CHECK(two[1].shape() == Shape{2, 3, 3});
  check_close(two[1], {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6});
}

TEST_CASE("jacobian: zeros for an input that is not used, no rows for an empty result") {
  const Tensor x = t64({1, 2}, {2});
  const auto j = jacobian([](const Tensor& a, const Tensor&) { return a * 2; }, {x, x});
  check_close(j[1], {0, 0, 0, 0});
  CHECK(jacobian([](const Tensor& a) { return a.detach(); }, x).shape() == Shape{2, 2});
  CHECK(jacobian([](const Tensor& a) { return zeros({0}, {.dtype = float64}) * a.sum(); }, x).shape() == Shape{0, 2});
}

TEST_CASE("jacobian: with create_graph it is differentiable by the inputs") {
  const Tensor x = t64({1, 2}, {2}).set_requires_grad();
  const Tensor j = jacobian([](const Tensor& a) { return a * a * a; }, x, {.create_graph = true});  // diag(3 x^2)
  const Tensor g = grad({j.sum()}, {x})[0];
  check_close(g, {6, 12});
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("hessian: second derivatives of all pairs of inputs") {
  const Tensor x = t64({1, 2}, {2}), y = t64({3, -1}, {2});
  // s = sum x^3 + 2 x y      d2s/dx2 = diag(6 x)      d2s/dxdy = 2 I      d2s/dy2 = 0
  const auto h = hessian([](const Tensor& a, const Tensor& b) { return sum(a * a * a + a * b * 2); }, {x, y});
  check_close(h[0][0], {6, 0, 0, 12});
  check_close(h[0][1], {2, 0, 0, 2});
  check_close(h[1][0], {2, 0, 0, 2});
  check_close(h[1][1], {0, 0, 0, 0});
  CHECK(hessian([](const Tensor& a) { return sum(tanh(a)); }, t64({1, 2, 3, 4}, {2, 2})).shape() == Shape{2, 2, 2, 2});
  CHECK_THROWS_WITH_AS(hessian([](const Tensor& a) { return a; }, x),
                       "hessian: expected f to return one element, got shape [2]; sum() it, or use jacobian", ShapeError);
}

TEST_CASE("vjp, jvp and hvp agree with the Jacobian and the Hessian") {
  const Tensor x = t64({0.3, -0.7, 1.1}, {3}), v = t64({1, -2, 0.5}, {3});
  const Tensor a = t64({1, 2, 3, 4, 5, 6}, {2, 3}), u = t64({2, -1}, {2});
  auto f = [&](const Tensor& p) { return sum(a * tanh(p), {1}); };
  const auto j = numbers(jacobian(f, x));
  std::vector<double> jv(2), uj(3);
  const auto vv = numbers(v), uu = numbers(u);
  for (int i = 0; i < 2; ++i)
    for (int k = 0; k < 3; ++k) {
      jv[i] += j[i * 3 + k] * vv[k];
      uj[k] += j[i * 3 + k] * uu[i];
    }
  const auto forward = jvp(f, x, v);
  check_close(forward.grad, jv);
  check_close(forward.value, numbers(f(x)));
  check_close(vjp(f, x, u).grad, uj);

  auto s = [&](const Tensor& p) { return sum(f(p) * f(p)); };
  const auto h = numbers(hessian(s, x));
  std::vector<double> hv(3);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) hv[i] += h[i * 3 + k] * vv[k];
  check_close(hvp(s, x, v).grad, hv);
}

TEST_CASE("jvp and hvp: linear functions, functions that do not depend on the input, wrong directions") {
  const Tensor x = t64({1, 2}, {2}), v = t64({3, 4}, {2});
  check_close(jvp([](const Tensor& a) { return a * 2; }, x, v).grad, {6, 8});
  check_close(jvp([](const Tensor& a) { return a.detach(); }, x, v).grad, {0, 0});
  check_close(hvp([](const Tensor& a) { return a.sum(); }, x, v).grad, {0, 0});
  CHECK_THROWS_WITH_AS(jvp([](const Tensor& a) { return a; }, x, t64({1}, {1})),
                       "jvp: expected direction 0 of shape [2] and type float64, got [1] and float64", ShapeError);
  CHECK_THROWS_AS(vjp([](const Tensor& a) { return a; }, tensor({1, 2}, {.dtype = int64})), DTypeError);
}

TEST_CASE("jvp: differentiable by the inputs with create_graph") {
  const Tensor x = t64({0.5, 1.5}, {2}).set_requires_grad(), v = t64({1, 2}, {2});
  // d/dx (3 x^2 v) = 6 x v
  const auto r = jvp([](const Tensor& a) { return a * a * a; }, x, v, {.create_graph = true});
  check_close(grad({r.grad.sum()}, {x})[0], {3, 18});
}
