#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include <eigengrad/eigengrad.h>

using namespace eg;
using Numbers = std::vector<double>;

namespace {
Tensor leaf(std::initializer_list<double> v) { return tensor(v, {.dtype = float64, .requires_grad = true}); }
Numbers numbers(const Tensor& t) { return t.to_vector<double>(); }
}  // namespace

TEST_CASE("hook: sees the gradient of a result") {
  const Tensor x = leaf({1, 2});
  const Tensor y = x * 3;
  Numbers seen;
  y.register_hook([&](const Tensor& g) { seen = numbers(g); });
  (y * y).sum().backward();
  CHECK(seen == Numbers{6, 12});
  CHECK(numbers(x.grad()) == Numbers{18, 36});
}

TEST_CASE("hook: replaces the gradient; several run in order; removal") {
  Tensor x = leaf({1, 2});
  const Tensor y = x * 1;
  auto twice = y.register_hook([](const Tensor& g) { return g * 2; });
  y.register_hook([](const Tensor& g) { return g + 1; });
  y.sum().backward();
  CHECK(numbers(x.grad()) == Numbers{3, 3});
  twice.remove();
  twice.remove();
  x.set_grad({});
  const Tensor z = x * 1;
  auto h = z.register_hook([](const Tensor& g) { return g * 5; });
  h.remove();
  z.sum().backward();
  CHECK(numbers(x.grad()) == Numbers{1, 1});
}

TEST_CASE("hook: of a leaf sees the whole gradient of one backward, once") {
  Tensor x = leaf({1, 2});
  int calls = 0;
  Numbers seen;
  x.register_hook([&](const Tensor& g) {
    ++calls;
    seen = numbers(g);
    return g * 10;
  });
  auto loss = [&] { return (x * x + x * 3).sum(); };
  loss().backward();
  CHECK(calls == 1);
  CHECK(seen == Numbers{5, 7});
  CHECK(numbers(x.grad()) == Numbers{50, 70});
  loss().backward();
  CHECK(calls == 2);
  CHECK(seen == Numbers{5, 7});
  CHECK(numbers(x.grad()) == Numbers{100, 140});
  CHECK(numbers(grad({loss()}, {x})[0]) == Numbers{50, 70});
  CHECK(calls == 3);
  // Not wanted, not called.
  const Tensor w = leaf({1, 1});
  grad({(x * w).sum()}, {w});
  CHECK(calls == 3);
}

TEST_CASE("hook: acts on grad of a result, and is recorded with create_graph") {
  const Tensor x = leaf({2});
  const Tensor y = x * x;
  y.register_hook([](const Tensor& g) { return g * g; });
  const Tensor gy = grad({(y * y).sum()}, {y}, {.retain_graph = true})[0];
  CHECK(numbers(gy) == Numbers{64});  // (2 y)^2 = 4 x^4
  const Tensor gx = grad({(y * y).sum()}, {x}, {.create_graph = true})[0];
  CHECK(numbers(gx) == Numbers{256});  // 4 x^4 2 x = 8 x^5
  CHECK(gx.requires_grad());
}

TEST_CASE("hook: removes itself") {
  const Tensor x = leaf({1});
  int calls = 0;
  TensorHook h;
  h = x.register_hook([&](const Tensor&) {
    ++calls;
    h.remove();
  });
  (x * 2).backward();
  (x * 2).backward();
  CHECK(calls == 1);
}

TEST_CASE("hook: misuse is an error") {
  const Tensor x = leaf({1, 2});
  CHECK_THROWS_WITH_AS(x.detach().register_hook([](const Tensor&) {}),
                       "register_hook: expected a tensor that requires grad, got one that never sees a gradient; call "
                       "set_requires_grad() first", GradError);
  const Tensor y = x * 2;
  y.register_hook([](const Tensor& g) { return g.sum(); });
  CHECK_THROWS_WITH_AS(y.sum().backward(),
                       "register_hook: expected the hook to return a gradient of shape [2] and type float64, got [] and float64",
                       GradError);
  // The failed walk left no mark.
  CHECK(numbers(grad({(x * 2).sum()}, {x})[0]) == Numbers{2, 2});
}

TEST_CASE("hook: may walk the graph that is being walked") {
  const Tensor x = leaf({1, 2});
  const Tensor y = x * x, z = y * y * x, sum_z = z.sum(), both = (z + y * 3).sum();
  const Tensor again = y * 1, other = again.sum();
  const auto gradient = [&](const Tensor& t) { return numbers(grad({t}, {x}, {.retain_graph = true})[0]); };
  const Numbers of_both = gradient(both), of_z = gradient(sum_z);
  Numbers inside, further_inside;
  bool walking = false;
  // When the hook of z runs, one gradient has already come to y and another is still to come.
  z.register_hook([&](const Tensor&) {
    if (std::exchange(walking, true)) return;
    inside = gradient(sum_z);
    other.backward({}, {.retain_graph = true});
  });
  again.register_hook([&](const Tensor&) { further_inside = gradient(both); });
  SUBCASE("backward") {
    both.backward({}, {.retain_graph = true});
    CHECK(numbers(x.grad()) == Numbers{of_both[0] + 2, of_both[1] + 4});  // the walk of `other` added 2 x
  }
  SUBCASE("grad") { CHECK(gradient(both) == of_both); }
  SUBCASE("grad, recorded") { CHECK(numbers(grad({both}, {x}, {.create_graph = true})[0]) == of_both); }
  CHECK(inside == of_z);
  CHECK(further_inside == of_both);
}
