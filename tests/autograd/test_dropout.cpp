#include <doctest/doctest.h>

#include <cmath>

#include <eigengrad/eigengrad.h>

using namespace eg;

namespace {
std::vector<float> values(const Tensor& t) { return t.to_vector<float>(); }
}  // namespace

TEST_CASE("dropout: which elements stay, their scale, and the generator's numbers") {
  manual_seed(7);
  const Tensor x = ones({1000, 100});
  const Tensor y = dropout(x, 0.2);
  int kept = 0;
  for (float v : values(y)) {
    CHECK_UNARY(v == 0 || v == 1.25f);
    kept += v != 0;
  }
  CHECK(std::abs(kept / 1e5 - 0.8) < 0.005);  // four standard deviations: 0.0051
  CHECK(values(dropout(x, 0.2)) != values(y));
  manual_seed(7);
  CHECK(values(dropout(x, 0.2)) == values(y));
  manual_seed(7);
  CHECK(values(dropout(x.reshape({100, 1000}).t(), 0.2)) == values(y));  // by place, not by memory
}

TEST_CASE("dropout: p of 0 and 1, eval, errors") {
  const Tensor x = randn({3, 4});
  const GeneratorState before = default_generator().state();
  CHECK(dropout(x, 0.5, false).impl() == x.impl());
  CHECK(dropout(x, 0).impl() == x.impl());
  CHECK(default_generator().state() == before);
  CHECK(values(dropout(x, 1)) == std::vector<float>(12, 0));
  CHECK(std::isnan(dropout(full({}, NAN), 1).item<float>()));
  CHECK_THROWS_WITH_AS(dropout(x, 1.5), "dropout: expected a probability from 0 to 1, got 1.5", ValueError);
  CHECK_THROWS_AS(dropout(x, NAN), ValueError);
  CHECK_THROWS_WITH_AS(dropout(zeros({2}, {.dtype = int64})), "dropout: expected floating-point numbers, got int64; convert with to()", DTypeError);
}

TEST_CASE("dropout inside a checkpoint drops the same elements when it is computed again") {
  const Tensor w = randn({8, 8}, {.requires_grad = true}), x = randn({4, 8});
  const auto gradient = [&](bool save_memory) {
    manual_seed(3);
    const auto block = [&](const Tensor& h) { return tanh(matmul(dropout(h, 0.5), w)); };
    Tensor h = x;
    for (int i = 0; i < 4; ++i) h = save_memory ? checkpoint(block, h) : block(h);
    return values(grad({h.sum()}, {w})[0]);
  };
  CHECK(gradient(true) == gradient(false));
}
