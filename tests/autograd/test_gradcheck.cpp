#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include <eigengrad/eigengrad.h>

using namespace eg;

namespace {

Tensor leaf(std::initializer_list<double> v) { return tensor(v, {.dtype = float64, .requires_grad = true}); }

// A cube whose gradient is wrong by a factor at one element.
struct WrongCube : Function<WrongCube> {
  static constexpr const char* name = "wrong_cube";
  Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_for_backward(x);
    return x * x * x;
  }
  Tensor backward(Context& ctx, const Tensor& g) {
    return g * ctx.saved(0) * ctx.saved(0) * tensor({3, 3, 2}, {.dtype = float64});
  }
};

// Right at first order, wrong at second: what it saves is a constant to the tape.
struct Detached : Function<Detached> {
  Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_constants(x * x);
    return x * x * x;
  }
  Tensor backward(Context& ctx, const Tensor& g) { return g * ctx.saved(0) * 3; }
};

template <class F> std::string message(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("gradcheck: right gradients pass, with the largest difference as the result") {
  const Tensor x = leaf({-1, 0.5, 2});
  CHECK(gradcheck([](const Tensor& a) { return tanh(a * a); }, {x}) < 1e-9);
  CHECK(gradgradcheck([](const Tensor& a) { return tanh(a * a); }, {x}) < 1e-8);
  CHECK(gradcheck([](const Tensor& a, const Tensor& b) { return a / b; }, {x, leaf({1, 2, 3})}) < 1e-9);
  CHECK(gradcheck([](const std::vector<Tensor>& in) { return std::vector<Tensor>{in[0] * 2, tanh(in[0])}; }, {x}) < 1e-9);
}

TEST_CASE("gradcheck: the message names the input, the element and both numbers") {
  const Tensor x = leaf({1, 2, 3});
  CHECK_THROWS_AS(gradcheck(WrongCube::apply<Tensor>, {x}), GradcheckError);
  CHECK(message([&] { gradcheck(WrongCube::apply<Tensor>, {x}); }) ==
        "gradcheck: expected the derivative of output 0 at [2] by input 0 at [2] to be 27 (finite difference), got 18 from "
        "backward");
}

TEST_CASE("gradgradcheck: finds a gradient that is right but not differentiable") {
  const Tensor x = leaf({1, 2, 3});
  CHECK_NOTHROW(gradcheck(Detached::apply<Tensor>, {x}));
  CHECK(message([&] { gradgradcheck(Detached::apply<Tensor>, {x}); }).find("gradgradcheck: expected the derivative of output 0 at "
        "[0] by input 0 at [0] to be") == 0);
}

TEST_CASE("gradcheck: wants float64 and an input that requires grad") {
  const Tensor f = tensor({1, 2}, {.requires_grad = true});
  auto twice = [](const Tensor& a) { return a * 2; };
  CHECK(message([&] { gradcheck(twice, {f}); }) ==
        "gradcheck: expected inputs of float64, since finite differences need its digits, got float32 for input 0; convert with "
        "to(float64)");
  CHECK_THROWS_AS(gradcheck(twice, {f.detach()}), GradError);
}

TEST_CASE("gradcheck: results that require no grad have gradient zero") {
  const Tensor x = leaf({0.3, 1.7});
  // The number of elements, and a step function: both off the tape.
  CHECK(gradcheck([](const Tensor& a) { return std::vector<Tensor>{a * 1, a.detach() * 0}; }, {x}) < 1e-9);
  CHECK_THROWS_AS(gradcheck([](const Tensor& a) { return a.detach() * 2; }, {x}), GradcheckError);
  CHECK(gradcheck([](const Tensor& a) { return to(a, int64); }, {x}) == 0);
}
