// Custom operations.
#include <doctest/doctest.h>

#include <eigengrad/eigengrad.h>

using namespace eg;

namespace {

struct Cube : Function<Cube> {
  static constexpr const char* name = "cube";
  Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_for_backward(x);
    return x * x * x;
  }
  Tensor backward(Context& ctx, const Tensor& g) { return g * ctx.saved(0) * ctx.saved(0) * 3; }
};

// y = s a b: static functions would do, members hold s.
struct ScaledProduct : Function<ScaledProduct> {
  double s = 0;
  Tensor forward(Context& ctx, const Tensor& a, double scale, const Tensor& b) {
    s = scale;
    ctx.save_for_backward(a, b);
    return a * b * s;
  }
  std::vector<Tensor> backward(Context& ctx, const Tensor& g) {
    return {ctx.needs_input_grad(0) ? g * ctx.saved(1) * s : Tensor(), ctx.needs_input_grad(1) ? g * ctx.saved(0) * s : Tensor()};
  }
};

struct Tanh : Function<Tanh> {
  static Tensor forward(Context& ctx, const Tensor& x) {
    const Tensor y = tanh(x);
    ctx.save_for_backward(y);
    return y;
  }
  static Tensor backward(Context& ctx, const Tensor& g) { return g * (1 - ctx.saved(0) * ctx.saved(0)); }
};

struct SavesIntermediate : Function<SavesIntermediate> {
  Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_for_backward(x * x);
    return x * x * x;
  }
  Tensor backward(Context& ctx, const Tensor& g) { return g * ctx.saved(0) * 3; }
};

struct Identity : Function<Identity> {
  Tensor forward(Context&, const Tensor& x) { return x; }
  Tensor backward(Context&, const Tensor& g) { return g * 10; }
};

struct WrongCount : Function<WrongCount> {
  Tensor forward(Context&, const Tensor& a, const Tensor& b) { return a + b; }
  Tensor backward(Context&, const Tensor& g) { return g; }
};

Tensor leaf(std::initializer_list<double> v) { return tensor(v, {.dtype = float64, .requires_grad = true}); }

}  // namespace

TEST_CASE("custom operation: first, second and third order") {
  const Tensor x = leaf({2, -3});
  const Tensor d1 = grad({Cube::apply(x).sum()}, {x}, {.create_graph = true})[0];
  const Tensor d2 = grad({d1.sum()}, {x}, {.create_graph = true})[0];
  const Tensor d3 = grad({d2.sum()}, {x})[0];
  CHECK(d1.to_vector<double>() == std::vector<double>{12, 27});
  CHECK(d2.to_vector<double>() == std::vector<double>{12, -18});
  CHECK(d3.to_vector<double>() == std::vector<double>{6, 6});
}

TEST_CASE("custom operation: several tensors, options, a saved output") {
  const Tensor a = leaf({1, 2}), b = leaf({-0.5, 3});
  auto product = [](const Tensor& p, const Tensor& q) { return ScaledProduct::apply(p, 1.5, q); };
  CHECK_NOTHROW(gradcheck(product, {a, b}));
  CHECK_NOTHROW(gradgradcheck(product, {a, b}));
  CHECK_NOTHROW(gradcheck(product, {a, b.detach()}));
  CHECK_NOTHROW(gradgradcheck(Tanh::apply<Tensor>, {a}));
  CHECK(Tanh::apply(a.detach()).requires_grad() == false);
  NoGrad guard;
  CHECK(Tanh::apply(a).requires_grad() == false);
}

TEST_CASE("custom operation: an input handed back is a result of its own") {
  const Tensor x = leaf({1, 2});
  const Tensor y = Identity::apply(x);
  y.sum().backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{10, 10});
  CHECK_FALSE(y.is_leaf());
  CHECK(x.is_leaf());
}

TEST_CASE("custom operation: misuse is an error") {
  Tensor x = leaf({1, 2});
  CHECK_THROWS_WITH_AS(WrongCount::apply(x, x).sum().backward(),
                       "custom function: expected backward to return one gradient a tensor argument, got 1 for 2 arguments", GradError);
  // First order is right; a second one would silently miss d(x * x).
  const Tensor y = SavesIntermediate::apply(x).sum();
  CHECK(grad({y}, {x}, {.retain_graph = true})[0].to_vector<double>() == std::vector<double>{3, 12});
  CHECK_THROWS_AS(grad({y}, {x}, {.create_graph = true}), GradError);
  // Saved tensors are guarded against changes in place.
  const Tensor z = Cube::apply(x).sum();
  {
    NoGrad guard;
    x.fill_(7);
  }
  CHECK_THROWS_WITH_AS(z.backward(), doctest::Contains("cube: expected a saved tensor of shape [2] at version"), GradError);
}

TEST_CASE("custom operation: a second backward needs retain_graph") {
  const Tensor x = leaf({1, 2});
  const Tensor y = Cube::apply(x).sum();
  y.backward();
  CHECK_THROWS_AS(y.backward(), GradError);
}
