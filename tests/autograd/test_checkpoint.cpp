#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include <eigengrad/eigengrad.h>

#include "support/tensors.h"

using namespace eg;

namespace {

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.data<float>().data(), b.data<float>().data(), a.data<float>().size_bytes()) == 0;
}

Tensor numbers(const Shape& shape, int seed) {
  std::vector<float> v(static_cast<std::size_t>(shape.numel()));
  unsigned state = static_cast<unsigned>(seed) * 2654435761u + 1;
  for (float& x : v) {
    state = state * 1664525u + 1013904223u;
    x = static_cast<float>(state >> 8) / 8388608.f - 1;
  }
  return tensor(std::span<const float>(v)).reshape(shape).detach().set_requires_grad();
}

// A mask from the default generator's place in its stream, as dropout takes one.
Tensor random_mask(const Shape& shape) {
  const GeneratorState s = default_generator().reserve(1);
  return numbers(shape, static_cast<int>(s.offset + s.seed % 1000)).detach();
}

}  // namespace

TEST_CASE("checkpoint: values and gradients have the same bits, parameters and random numbers included") {
  const Tensor x = numbers({4, 8}, 1), w = numbers({8}, 2), shared = numbers({8}, 3);
  // x and shared are used inside and outside, several times.
  auto block = [&](const Tensor& h) { return tanh(h * w * random_mask({4, 8}) + shared * h) * shared + h; };
  auto net = [&](bool use) {
    manual_seed(5);
    Tensor h = x * shared;
    for (int i = 0; i < 3; ++i) h = use ? checkpoint(block, h) : block(h);
    return (h * x * shared).sum();
  };
  const Tensor plain = net(false);
  plain.backward();
  const std::vector<Tensor> expected{x.grad(), w.grad(), shared.grad()};
  for (Tensor t : {x, w, shared}) t.zero_grad();
  const Tensor saved = net(true);
  const GeneratorState before = default_generator().state();
  saved.backward();
  CHECK(default_generator().state() == before);
  CHECK(same_bits(saved, plain));
  CHECK(same_bits(x.grad(), expected[0]));
  CHECK(same_bits(w.grad(), expected[1]));
  CHECK(same_bits(shared.grad(), expected[2]));

  SUBCASE("grad of captured parameters") {
    const auto g = grad({net(true)}, {w, shared});
    CHECK(same_bits(g[0], expected[1]));
    CHECK(same_bits(g[1], expected[2]));
  }
  SUBCASE("second order") {
    auto penalty = [&](bool use) {
      const Tensor g = grad({net(use)}, {x}, {.create_graph = true})[0];
      return grad({(g * g).sum()}, {w, shared, x});
    };
    const auto a = penalty(false), b = penalty(true);
    // The same terms, added in another order: the record of a segment is younger than what follows it.
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(difference(a[i], b[i], 1e-5) == "");
  }
  SUBCASE("inside one another") {
    manual_seed(5);
    Tensor h = checkpoint([&](const Tensor& a) { return checkpoint(block, checkpoint(block, a)); }, x * shared);
    for (Tensor t : {x, w, shared}) t.zero_grad();
    (block(h) * x * shared).sum().backward();
    CHECK(same_bits(w.grad(), expected[1]));
    CHECK(same_bits(shared.grad(), expected[2]));
  }
}

TEST_CASE("checkpoint: gradcheck and gradgradcheck") {
  const Tensor a = tensor({0.3, -1.1}, {.dtype = float64, .requires_grad = true});
  const Tensor b = tensor({0.9, 0.4}, {.dtype = float64, .requires_grad = true});
  auto f = [](const Tensor& p, const Tensor& q) {
    return checkpoint([](const Tensor& u, const Tensor& v) { return tanh(u * v) * v; }, p, q);
  };
  CHECK_NOTHROW(gradcheck(f, {a, b}));
  CHECK_NOTHROW(gradgradcheck(f, {a, b}));
}

TEST_CASE("checkpoint: holds one segment's values at a time") {
  // Custom operations count what is saved.
  static int alive, most;
  struct Token {
    Token() { most = ++alive > most ? alive : most; }
    Token(const Token&) = delete;
    ~Token() { --alive; }
  };
  struct Layer : Function<Layer> {
    std::shared_ptr<Token> token;
    Tensor forward(Context& ctx, const Tensor& x) {
      token = std::make_shared<Token>();
      const Tensor y = tanh(x);
      ctx.save_for_backward(y);
      return y;
    }
    Tensor backward(Context& ctx, const Tensor& g) {
      token.reset();
      return g * (1 - ctx.saved(0) * ctx.saved(0));
    }
  };
  const Tensor x = numbers({16}, 4);
  auto peak = [&](bool use) {
    alive = most = 0;
    Tensor h = x;
    auto eight = [](const Tensor& a) {
      Tensor b = a;
      for (int i = 0; i < 8; ++i) b = Layer::apply(b);
      return b;
    };
    for (int i = 0; i < 8; ++i) h = use ? checkpoint(eight, h) : eight(h);
    h.sum().backward();
    return most;
  };
  CHECK(peak(false) == 64);
  CHECK(peak(true) == 8);
  CHECK(alive == 0);
}

TEST_CASE("checkpoint: without recording, without gradients, and a function that hands its input through") {
  const Tensor x = numbers({4}, 5);
  auto f = [](const Tensor& a) { return a * 2; };
  CHECK_FALSE(checkpoint(f, x.detach()).requires_grad());
  {
    NoGrad guard;
    CHECK_FALSE(checkpoint(f, x).requires_grad());
  }
  const Tensor y = checkpoint([](const Tensor& a) { return a; }, x);
  CHECK(y.node() == x.node());
}

TEST_CASE("checkpoint: changed inputs and other results are errors; a second backward needs retain_graph") {
  Tensor x = numbers({4}, 6), c = numbers({4}, 7).detach();
  const Tensor y = checkpoint([&](const Tensor& a, const Tensor& b) { return a * b; }, x, c).sum();
  c.fill_(1);
  CHECK_THROWS_WITH_AS(y.backward(), doctest::Contains("checkpoint: expected a saved tensor of shape [4] at version 0, found version 1"), GradError);

  int calls = 0;
  const Tensor z = checkpoint([&](const Tensor& a) { return calls++ ? a.sum() : a * 2; }, x).sum();
  CHECK_THROWS_WITH_AS(z.backward(), doctest::Contains("checkpoint: expected the function to give the same result as before, of shape [4]"), GradError);

  auto square = [](const Tensor& a) { return a * a; };
  const Tensor s = checkpoint(square, x).sum();
  s.backward({}, {.retain_graph = true});
  s.backward();
  CHECK_THROWS_AS(s.backward(), GradError);
  CHECK_FALSE(recomputing());
}
