#include <doctest/doctest.h>
#include <eigengrad/core/kernels/optimize.h>
#include <eigengrad/core/parallel.h>

#include <cmath>
#include <cstring>
#include <random>
#include <type_traits>
#include <vector>

using namespace eg::kernels;
using Real = long double;
using std::int64_t;

namespace {

template <class T>
std::vector<T> randn(size_t n, unsigned seed) {
  std::mt19937 gen(seed);
  std::normal_distribution<double> d;
  std::vector<T> v(n);
  for (T& x : v) x = static_cast<T>(d(gen));
  return v;
}
template <class T>
void check_near(const std::vector<T>& a, const std::vector<Real>& b) {
  const double tolerance = std::is_same_v<T, float> ? 3e-6 : 1e-14;
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = double(std::fabs(Real(a[i]) - b[i]) / (1 + std::fabs(b[i])));
    if (!(d <= worst)) worst = d;
  }
  CHECK(worst < tolerance);
}
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}
AdamStep adam(int t, double weight_decay, bool decoupled, bool maximize) {
  AdamStep s{0.01, 0.9, 0.99, 1e-8, weight_decay, 1 - std::pow(0.9, t), 1 - std::pow(0.99, t)};
  s.decoupled = decoupled;
  s.maximize = maximize;
  return s;
}

}  // namespace

TEST_CASE_TEMPLATE("optimize: Adam, AdamW, AMSGrad over five steps against long double", T, float, double) {
  for (size_t n : {size_t{1}, size_t{7}, size_t{16}, size_t{33}, size_t{20000}})
    for (int kind = 0; kind < 8; ++kind) {
      const bool decoupled = kind & 1, amsgrad = kind & 2, maximize = kind & 4;
      std::vector<T> p = randn<T>(n, 1), m(n), v(n), vm(n);
      std::vector<Real> rp(p.begin(), p.end()), rm(n), rv(n), rvm(n);
      for (int t = 1; t <= 5; ++t) {
        std::vector<T> g = randn<T>(n, unsigned(10 + t));
        if (t == 5)
          for (T& x : g) x *= T(0.01);  // lets v fall below its maximum
        const double wd = kind % 3 ? 0.1 : 0;
        const AdamStep s = adam(t, wd, decoupled, maximize);
        adam_step(s, int64_t(n), p.data(), g.data(), m.data(), v.data(), amsgrad ? vm.data() : nullptr);
        for (size_t i = 0; i < n; ++i) {
          Real gi = maximize ? -Real(g[i]) : Real(g[i]);
          if (decoupled)
            rp[i] *= 1 - Real(s.lr) * Real(wd);
          else
            gi += Real(wd) * rp[i];
          rm[i] = Real(s.beta1) * rm[i] + (1 - Real(s.beta1)) * gi;
          rv[i] = Real(s.beta2) * rv[i] + (1 - Real(s.beta2)) * gi * gi;
          rvm[i] = std::max(rvm[i], rv[i]);
          const Real root = std::sqrt(amsgrad ? rvm[i] : rv[i]) / std::sqrt(Real(s.bias_correction2));
          rp[i] -= Real(s.lr) / Real(s.bias_correction1) * rm[i] / (root + Real(s.eps));
        }
      }
      check_near(p, rp);
      check_near(m, rm);
      check_near(v, rv);
    }
}

TEST_CASE_TEMPLATE("optimize: SGD with momentum, dampening, Nesterov, weight decay against long double", T, float,
                   double) {
  for (size_t n : {size_t{3}, size_t{40}, size_t{9000}})
    for (int kind = 0; kind < 12; ++kind) {
      const bool with_momentum = kind % 3, nesterov = kind % 3 == 2, maximize = kind & 1;
      std::vector<T> p = randn<T>(n, 1), b(n);
      std::vector<Real> rp(p.begin(), p.end()), rb(n);
      for (int t = 1; t <= 4; ++t) {
        const std::vector<T> g = randn<T>(n, unsigned(20 + t));
        const SgdStep s{0.1,     with_momentum ? 0.9 : 0, nesterov ? 0.0 : 0.25, kind > 5 ? 0.05 : 0, nesterov, t == 1,
                        maximize};
        sgd_step(s, int64_t(n), p.data(), g.data(), with_momentum ? b.data() : nullptr);
        for (size_t i = 0; i < n; ++i) {
          Real gi = (maximize ? -Real(g[i]) : Real(g[i])) + Real(s.weight_decay) * rp[i];
          if (with_momentum) {
            rb[i] = t == 1 ? gi : Real(s.momentum) * rb[i] + (1 - Real(s.dampening)) * gi;
            gi = nesterov ? gi + Real(s.momentum) * rb[i] : rb[i];
          }
          rp[i] -= Real(s.lr) * gi;
        }
      }
      check_near(p, rp);
      if (with_momentum) check_near(b, rb);
    }
}

TEST_CASE_TEMPLATE("optimize: a value's bits depend neither on its place nor on threads", T, float, double) {
  const size_t n = 30011;
  const std::vector<T> p0 = randn<T>(n, 1), g = randn<T>(n, 2), m0 = randn<T>(n, 3);
  std::vector<T> v0 = randn<T>(n, 4);
  for (T& x : v0) x *= x;
  const auto run = [&](size_t begin, size_t end) {
    std::vector<T> p(p0.begin() + int64_t(begin), p0.begin() + int64_t(end)),
        m(m0.begin() + int64_t(begin), m0.begin() + int64_t(end)),
        v(v0.begin() + int64_t(begin), v0.begin() + int64_t(end)), b = m;
    const int64_t count = int64_t(end - begin);
    adam_step<T>(adam(3, 0.1, false, false), count, p.data(), g.data() + begin, m.data(), v.data(), nullptr);
    sgd_step<T>({0.1, 0.9, 0, 0.01, true}, count, p.data(), g.data() + begin, b.data());
    return p;
  };
  eg::set_num_threads(1);
  const std::vector<T> whole = run(0, n);
  for (size_t begin : {size_t{0}, size_t{1}, size_t{5}, size_t{8190}})
    for (size_t end : {begin + 1, begin + 9, begin + 31, begin + 100})
      CHECK(same_bits(run(begin, end), std::vector<T>(whole.begin() + int64_t(begin), whole.begin() + int64_t(end))));
  eg::set_num_threads(2);
  CHECK(same_bits(run(0, n), whole));
  eg::set_num_threads(1);
}

TEST_CASE("optimize: NaN stays in its value; infinite parameters stay without weight decay") {
  std::vector<float> p(40, 1), g(40, 0.5f), m(40), v(40);
  g[3] = NAN;
  p[5] = INFINITY;
  adam_step<float>(adam(1, 0, false, false), 40, p.data(), g.data(), m.data(), v.data(), nullptr);
  for (size_t i = 0; i < 40; ++i) CHECK(std::isnan(p[i]) == (i == 3));
  CHECK(std::isinf(p[5]));
}
