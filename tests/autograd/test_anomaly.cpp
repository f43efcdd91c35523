#include <doctest/doctest.h>

#include <limits>
#include <string>

#include <eigengrad/eigengrad.h>

using namespace eg;

namespace {

Tensor leaf(std::initializer_list<double> v) { return tensor(v, {.dtype = float64, .requires_grad = true}); }

// Gradient without bound at 0, as that of a square root.
struct Root : Function<Root> {
  static constexpr const char* name = "root";
  Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_for_backward(x);
    return x * 1;
  }
  Tensor backward(Context& ctx, const Tensor& g) { return g / ctx.saved(0); }
};

std::string path() { return "generator.block2.norm"; }

struct WithPath {
  std::string (*before)() = eg::detail::current_module_path;
  WithPath() { eg::detail::current_module_path = path; }
  ~WithPath() { eg::detail::current_module_path = before; }
};

}  // namespace

TEST_CASE("anomaly: forward, names operation, element and shapes") {
  const Tensor x = leaf({1, 0, 2});
  CHECK_NOTHROW((void)(1 / x));
  DetectAnomaly guard;
  CHECK_THROWS_WITH_AS((void)(1 / x),
                       "div: expected finite numbers from the forward pass of div, got inf at [1] of its result of shape [3], "
                       "from inputs of shapes [3]; look at the values of its inputs", AnomalyError);
  CHECK_NOTHROW((void)(2 / (x + 1)));
}

TEST_CASE("anomaly: backward, names the operation that made the gradient and the module that ran it") {
  WithPath paths;
  const Tensor x = leaf({1, 0});
  {
    DetectAnomaly guard;
    const Tensor y = Root::apply(x * 2).sum();
    CHECK_THROWS_WITH_AS(y.backward(),
                         "generator.block2.norm: root: expected finite numbers from the backward pass of root, got inf at [1] "
                         "of the gradient of input 0 of shape [2] (its result has shape [2]); look at the values of its inputs, "
                         "as the square root of 0", AnomalyError);
    // The gradient's own operations are not blamed where they are recorded.
    CHECK_THROWS_WITH_AS(grad({Root::apply(x * 2).sum()}, {x}, {.create_graph = true}),
                         doctest::Contains("from the backward pass of root"), AnomalyError);
  }
  CHECK_NOTHROW(Root::apply(x * 2).sum().backward());
}

TEST_CASE("anomaly: NaN only, where infinities are meant") {
  const Tensor x = leaf({1, 0});
  DetectAnomaly guard({.infinity = false});
  Tensor y;
  CHECK_NOTHROW(y = 1 / x);
  CHECK_THROWS_WITH_AS((void)(y - y), doctest::Contains("sub: expected no NaN from the forward pass of sub, got nan at [1]"), AnomalyError);
}

TEST_CASE("anomaly: a bad gradient from the caller is the caller's") {
  const Tensor x = leaf({1, 2});
  DetectAnomaly guard;
  const Tensor y = x * 2;
  const Tensor bad = tensor({1, std::numeric_limits<double>::quiet_NaN()}, {.dtype = float64});
  CHECK_THROWS_WITH_AS(y.backward(bad), "backward: expected finite numbers in the gradient that backward starts from, got nan at "
                       "[1] of shape [2]", AnomalyError);
}

TEST_CASE("anomaly: guards nest and end with their scope") {
  const Tensor x = leaf({0});
  {
    DetectAnomaly outer;
    {
      DetectAnomaly inner({.infinity = false});
      CHECK_NOTHROW((void)(1 / x));
    }
    CHECK_THROWS_AS((void)(1 / x), AnomalyError);
  }
  CHECK_NOTHROW((void)(1 / x));
}
