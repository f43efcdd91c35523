#pragma once
// Definitions of the norms in long double, and what the tests of their kernels share.
#include <doctest/doctest.h>
#include <eigengrad/core/kernels/normalize.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <type_traits>
#include <vector>

namespace norm_test {

using namespace eg::kernels;
using Real = long double;
using std::int64_t;

template <class T>
using Vec = std::vector<T>;

template <class T>
Vec<T> randn(int64_t n, unsigned seed, double mean = 0, double std = 1) {
  std::mt19937 gen(seed);
  std::normal_distribution<double> d(mean, std);
  Vec<T> v(static_cast<size_t>(n));
  for (T& x : v) x = static_cast<T>(d(gen));
  return v;
}
template <class To, class T>
Vec<To> as(const Vec<T>& v) {
  return Vec<To>(v.begin(), v.end());
}
template <class T>
bool same_bits(const Vec<T>& a, const Vec<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}
template <class A, class B>
double max_diff(const Vec<A>& a, const Vec<B>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = std::fabs(static_cast<double>(static_cast<Real>(a[i]) - static_cast<Real>(b[i])));
    if (!(d <= worst)) worst = d;
  }
  return worst;
}
template <class T>
Vec<T> slice(const Vec<T>& v, int64_t begin, int64_t n) {
  return Vec<T>(v.begin() + begin, v.begin() + begin + n);
}

// x-hat of a row by the definition.
inline Vec<Real> xhat(const Vec<Real>& x, Real eps, bool centered = true) {
  const Real L = static_cast<Real>(x.size());
  Real mean = 0, var = 0;
  if (centered)
    for (Real v : x) mean += v / L;
  for (Real v : x) var += (v - mean) * (v - mean) / L;
  Vec<Real> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = (x[i] - mean) / std::sqrt(var + eps);
  return y;
}
// Norm of [R, M] rows; weight, bias of element i of row r have index param(r, i).
using Param = std::function<int64_t(int64_t, int64_t)>;
inline Vec<Real> reference(const Vec<Real>& x, int64_t R, int64_t M, const Vec<Real>& w, const Vec<Real>& b,
                           Param param, Real eps, bool centered = true) {
  Vec<Real> y(x.size());
  for (int64_t r = 0; r < R; ++r) {
    const Vec<Real> xh = xhat(slice(x, r * M, M), eps, centered);
    for (int64_t i = 0; i < M; ++i) {
      const size_t p = static_cast<size_t>(param(r, i));
      y[static_cast<size_t>(r * M + i)] = xh[static_cast<size_t>(i)] * w[p] + b[p];
    }
  }
  return y;
}
// d f / d x by central differences.
inline Vec<Real> gradient_of(const std::function<Real(const Vec<Real>&)>& f, Vec<Real> x) {
  Vec<Real> d;
  const Real h = 1e-6L;
  for (Real& v : x) {
    const Real keep = v;
    v = keep + h;
    const Real up = f(x);
    v = keep - h;
    d.push_back((up - f(x)) / (2 * h));
    v = keep;
  }
  return d;
}
inline Real dot(const Vec<Real>& a, const Vec<Real>& b) {
  Real s = 0;
  for (size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
  return s;
}

// Forward and backward of group norm with all outputs.
template <class T>
struct Run {
  GroupShape s;
  Vec<T> y, dx, dw, db;
  Vec<double> mean, rstd, var;
  Run(GroupShape shape, const Vec<T>& x, const Vec<T>& w, const Vec<T>& b, const Vec<T>& g, double eps = 1e-5)
      : s(shape),
        y(x.size()),
        dx(x.size()),
        dw(size_t(s.C)),
        db(size_t(s.C)),
        mean(size_t(s.rows())),
        rstd(mean.size()),
        var(mean.size()) {
    group_norm(s, x.data(), w.empty() ? nullptr : w.data(), b.empty() ? nullptr : b.data(), eps, y.data(), mean.data(),
               rstd.data(), var.data());
    if (!g.empty())
      group_norm_backward(s, g.data(), x.data(), mean.data(), rstd.data(), w.empty() ? nullptr : w.data(), dx.data(),
                          dw.data(), db.data());
  }
};
template <class T>
Vec<T> instance(const Vec<T>& x, double eps = 1e-5) {
  return Run<T>({1, 1, int64_t(x.size()), 1}, x, {}, {}, {}, eps).y;
}

}  // namespace norm_test
