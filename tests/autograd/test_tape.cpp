#include <doctest/doctest.h>

#include <cmath>

#include <eigengrad/eigengrad.h>

using namespace eg;

TEST_CASE("backward: the gradient of a sum of squares is twice the input") {
  auto w = tensor({1., 2., 3.}, {.dtype = float64, .requires_grad = true});
  auto loss = (w * w).sum();
  loss.backward();
  CHECK(w.grad().to_vector<double>() == std::vector<double>{2, 4, 6});
}

TEST_CASE("grad: third derivative of tanh by create_graph") {
  auto x = tensor({0.3}, {.dtype = float64, .requires_grad = true});
  auto y = tanh(x).sum();
  auto d1 = grad({y}, {x}, {.create_graph = true})[0];
  auto d2 = grad({d1}, {x}, {.create_graph = true})[0];
  auto d3 = grad({d2}, {x}, {.create_graph = true})[0];
  const double t = std::tanh(0.3), s = 1 - t * t;
  CHECK(d1.item<double>() == doctest::Approx(s));
  CHECK(d2.item<double>() == doctest::Approx(-2 * t * s));
  CHECK(d3.item<double>() == doctest::Approx(s * (6 * t * t - 2)));
}

TEST_CASE("broadcast operands get their gradient summed") {
  auto a = ones({2, 3}, {.requires_grad = true}), b = full({3}, 2, {.requires_grad = true});
  (a * b).sum().backward();
  CHECK(b.grad().to_vector<float>() == std::vector<float>{2, 2, 2});
  CHECK(a.grad().to_vector<float>() == std::vector<float>(6, 2.f));
}

TEST_CASE("a second backward through a freed graph, and a saved tensor changed in place, are errors") {
  auto w = ones({2}, {.requires_grad = true});
  auto c = ones({2});
  auto y = (w * c).sum();
  y.backward();
  CHECK_THROWS_WITH_AS(y.backward(), "backward: expected a graph that still holds what sum saved, but an earlier backward "
                       "freed it; pass retain_graph = true to that backward", GradError);
  auto z = (w * c).sum();
  c.fill_(3);
  CHECK_THROWS_AS(z.backward(), GradError);
}

TEST_CASE("a chain of a million operations runs back and is released without recursion") {
  auto x = ones({2}, {.requires_grad = true}), c = ones({2});
  auto y = x;
  for (int i = 0; i < 1000000; ++i) y = y + c;
  y.sum().backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{1, 1});
}
