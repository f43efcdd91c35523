// Accuracy of functions of one element in float against double, the same number at every place, overlapping operands.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/elementwise.h>

using namespace eg;
using kernels::Unary;

namespace {

Array of(const std::vector<float>& v) {
  Array a({static_cast<std::int64_t>(v.size())}, DType::float32);
  std::copy(v.begin(), v.end(), a.data<float>());
  return a;
}

// Largest error in units of the last place of the exact value, over [low, high]; steps even in value or in exponent.
double worst(Unary f, double (*exact)(double), double low, double high, bool by_exponent = false, double p = 0, double q = 0) {
  constexpr int n = 200003;
  std::vector<float> x(n);
  for (int i = 0; i < n; ++i) {
    const double t = static_cast<double>(i) / (n - 1);
    x[static_cast<std::size_t>(i)] = static_cast<float>(by_exponent ? low * std::pow(high / low, t) : low + (high - low) * t);
  }
  const Array y = kernels::unary(f, of(x), p, q);
  double error = 0, at = 0;
  for (int i = 0; i < n; ++i) {
    const double e = exact(static_cast<double>(x[static_cast<std::size_t>(i)]));
    const float r = static_cast<float>(e);
    const double ulp = std::max<double>(std::nextafter(std::abs(r), std::numeric_limits<float>::infinity()) - std::abs(r), 0x1p-149);
    const double d = std::abs(static_cast<double>(y.data<float>()[i]) - e) / ulp;
    if (std::abs(e) > 1e-37 && !(d <= error)) {
      error = d;
      at = x[static_cast<std::size_t>(i)];
    }
  }
  INFO("worst: " << error << " ulp at " << at);
  CHECK(error < 1e9);
  return error;
}

}  // namespace

TEST_CASE("unary: float against double, in units of the last place") {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto softplus = [](double x) { return std::max(x, 0.) + std::log1p(std::exp(-std::abs(x))); };
  const auto logsigmoid = [](double x) { return std::min(x, 0.) - std::log1p(std::exp(-std::abs(x))); };
  const auto silu = [](double x) { return x / (1 + std::exp(-x)); };
  const auto mish = [](double x) { return x * std::tanh(std::log1p(std::exp(x))); };
  INFO("exp");
  CHECK(worst(Unary::exp, [](double x) { return std::exp(x); }, -87, 88.5) <= 2);
  INFO("expm1");
  CHECK(worst(Unary::expm1, [](double x) { return std::expm1(x); }, -20, 88) <= 3);
  CHECK(worst(Unary::expm1, [](double x) { return std::expm1(x); }, 1e-30, 1, true) <= 3);
  INFO("log, log1p");
  CHECK(worst(Unary::log, [](double x) { return std::log(x); }, 1e-30, 1e30, true) <= 2);
  CHECK(worst(Unary::log1p, [](double x) { return std::log1p(x); }, 1e-30, 1e30, true) <= 3);
  CHECK(worst(Unary::log1p, [](double x) { return std::log1p(x); }, -0.99, 1) <= 3);
  INFO("sin, cos");
  CHECK(worst(Unary::sin, [](double x) { return std::sin(x); }, -3, 3) <= 2);
  CHECK(worst(Unary::cos, [](double x) { return std::cos(x); }, -1.5, 1.5) <= 2);
  INFO("tanh, sigmoid");
  CHECK(worst(Unary::tanh, [](double x) { return std::tanh(x); }, -10, 10) <= 3);
  CHECK(worst(Unary::sigmoid, sigmoid, -80, 20) <= 3);
  INFO("erf");
  CHECK(worst(Unary::erf, [](double x) { return std::erf(x); }, -5, 5) <= 2);
  CHECK(worst(Unary::erf, [](double x) { return std::erf(x); }, 1e-30, 1, true) <= 2);
  INFO("softplus, logsigmoid");
  CHECK(worst(Unary::softplus, softplus, -80, 40, false, 1, 20) <= 3);
  CHECK(worst(Unary::logsigmoid, logsigmoid, -40, 80) <= 3);
  INFO("silu, mish");
  CHECK(worst(Unary::silu, silu, -80, 40) <= 4);
  CHECK(worst(Unary::mish, mish, -80, 40) <= 6);
}

TEST_CASE("unary: infinities, NaN and signed zeros") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const DType t : {DType::float32, DType::float64}) {
    const Array x = kernels::cast(of({inf, -inf, nan, 0.f, -0.f, 1000, -1000}), t);
    const auto at = [&](Unary f, int i, double p = 1, double q = 20) {
      return static_cast<double>(kernels::cast(kernels::unary(f, x, p, q), DType::float64).data<double>()[i]);
    };
    for (Unary f : {Unary::exp, Unary::sigmoid, Unary::softplus}) {
      CHECK(at(f, 1) == 0);
      CHECK(at(f, 6) == 0);
    }
    CHECK(at(Unary::exp, 0) == inf);
    CHECK(at(Unary::sigmoid, 0) == 1);
    CHECK(at(Unary::softplus, 0) == inf);
    CHECK(at(Unary::logsigmoid, 0) == 0);
    CHECK(at(Unary::logsigmoid, 1) == -inf);
    CHECK(at(Unary::expm1, 1) == -1);
    CHECK(at(Unary::expm1, 0) == inf);
    CHECK(at(Unary::log1p, 0) == inf);
    CHECK(std::isnan(at(Unary::log1p, 1)));
    CHECK(at(Unary::elu, 1, 1, 1) == -1);
    CHECK(at(Unary::elu, 0, 1, 1) == inf);
    CHECK(at(Unary::erf, 1) == -1);
    CHECK(at(Unary::tanh, 0) == 1);
    CHECK(std::signbit(at(Unary::erf, 4)));
    CHECK(std::signbit(at(Unary::tanh, 4)));
    for (int f = 0; f < static_cast<int>(Unary::count); ++f) {
      INFO("function " << f);
      const auto function = static_cast<Unary>(f);
      if (function == Unary::sign || function == Unary::zero) CHECK(at(function, 2) == 0);
      else CHECK(std::isnan(at(function, 2)));
    }
  }
}

TEST_CASE("unary: a number's value does not depend on its place") {
  for (int f = 0; f < static_cast<int>(Unary::count); ++f) {
    INFO("function " << f);
    const Array x = of(std::vector<float>(37, 0.3712345f));
    const Array y = kernels::unary(static_cast<Unary>(f), x, 0.7, 2);
    bool same = true;
    for (int i = 1; i < 37; ++i) same = same && y.data<float>()[i] == y.data<float>()[0];
    CHECK(same);
  }
}

TEST_CASE("unary: integers stay integers where values are whole") {
  Array x({3}, DType::int64);
  for (int i = 0; i < 3; ++i) x.data<std::int64_t>()[i] = (std::int64_t{1} << 53) + i - 1;
  for (Unary f : {Unary::floor, Unary::round, Unary::trunc, Unary::ceil}) {
    const Array y = kernels::unary(f, x);
    CHECK(y.dtype() == DType::int64);
    CHECK(y.data<std::int64_t>()[2] == x.data<std::int64_t>()[2]);
  }
  const Array c = kernels::unary(Unary::clamp, x, -std::numeric_limits<double>::infinity(), 5);
  CHECK(c.data<std::int64_t>()[0] == 5);
}

TEST_CASE("binary_into: an operand that overlaps the target is read before the target is written") {
  Array x = of({1, 2, 3, 4, 5});
  Array head = x.view({4}, {1}, 0);
  const Array tail = x.view({4}, {1}, 1);
  SUBCASE("from behind") {
    kernels::binary_into(kernels::Binary::add, head, tail);
    CHECK(std::vector<float>(x.data<float>(), x.data<float>() + 5) == std::vector<float>{3, 5, 7, 9, 5});
  }
  SUBCASE("from before") {
    Array target = tail;
    kernels::binary_into(kernels::Binary::add, target, head);
    CHECK(std::vector<float>(x.data<float>(), x.data<float>() + 5) == std::vector<float>{1, 3, 5, 7, 9});
  }
  SUBCASE("reversed order of dimensions") {
    Array m = of({1, 2, 3, 4});
    Array square = m.view({2, 2}, {2, 1});
    kernels::binary_into(kernels::Binary::add, square, m.view({2, 2}, {1, 2}));
    CHECK(std::vector<float>(m.data<float>(), m.data<float>() + 4) == std::vector<float>{2, 5, 5, 8});
  }
  SUBCASE("itself") {
    kernels::binary_into(kernels::Binary::mul, x, x);
    CHECK(std::vector<float>(x.data<float>(), x.data<float>() + 5) == std::vector<float>{1, 4, 9, 16, 25});
  }
  SUBCASE("one element of it, repeated") {
    kernels::binary_into(kernels::Binary::mul, x, x.view({1}, {1}, 1));
    CHECK(std::vector<float>(x.data<float>(), x.data<float>() + 5) == std::vector<float>{2, 4, 6, 8, 10});
  }
}
