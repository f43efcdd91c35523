#pragma once
// Functions over a block V of 64 bytes, an Eigen array of fixed size. f(x) and f_grad(g, x) = g f'(x).
#include <cmath>

#include "detail/eigen.h"

namespace eg::kernels {

template <class T> using Block = Eigen::Array<T, 64 / sizeof(T), 1>;

// Below this, exp(x) is subnormal: 0 here, where Eigen's exp would give a small number even for -infinity.
template <class T> inline constexpr T exp_low = sizeof(T) == 4 ? T(-87.33654) : T(-708.39641853226408);

struct ExpBlock {
  template <class V, class T> static V f(const V& x, T, T) { return (x < exp_low<T>).select(V::Zero(), x.exp()); }
};
struct SigmoidBlock {
  // Eigen's logistic is off by 1e-3 of its value near x = -8 (float).
  template <class V, class T> static V f(const V& x, T, T) {
    const V e = ExpBlock::f<V, T>(-x.abs(), 0, 0);
    return (x < T(0)).select(e, V::Ones()) / (T(1) + e);
  }
};
// Kahan: with u = exp(x), rounded, (u - 1) x / log(u) loses no digits near 0
struct Expm1Block {
  template <class V, class T> static V f(const V& x, T, T) {
    const V u = ExpBlock::f<V, T>(x, 0, 0), d = u - T(1);
    const V near = (u == T(1)).select(x, d * x / u.log());
    return (x.abs() > T(0.5)).select(d, near);
  }
};
struct Log1pBlock { template <class V, class T> static V f(const V& x, T, T) { return x.log1p(); } };

// log(1 + exp(p x)) / p, x itself where p x > q
struct SoftplusBlock {
  template <class V, class T> static V f(const V& x, T p, T q) {
    const V s = x * p;
    const V e = ExpBlock::f<V, T>(-s.abs(), 0, 0);
    const V y = (s.max(T(0)) + e.log1p()) / p;
    return (s > q).select(x, (s == s).select(y, s));  // max would lose a NaN
  }
  template <class V, class T> static V grad(const V& g, const V& x, T p, T q) {
    const V s = x * p;
    const V y = g * SigmoidBlock::f<V, T>(s, 0, 0);
    return (s > q).select(g, y);
  }
};
// -log(1 + exp(-x))
struct LogSigmoidBlock {
  template <class V, class T> static V f(const V& x, T, T) {
    const V e = ExpBlock::f<V, T>(-x.abs(), 0, 0);
    const V y = x.min(T(0)) - e.log1p();
    return (x == x).select(y, x);
  }
};
struct SiluBlock {
  template <class V, class T> static V f(const V& x, T, T) { return x * SigmoidBlock::f<V, T>(x, 0, 0); }
  template <class V, class T> static V grad(const V& g, const V& x, T, T) {
    const V s = SigmoidBlock::f<V, T>(x, 0, 0);
    return g * (s * (T(1) + x * (T(1) - s)));
  }
};
// q x above 0, q p (exp(x) - 1) below
struct EluBlock {
  template <class V, class T> static V f(const V& x, T p, T q) {
    const V y = Expm1Block::f<V, T>(x, 0, 0) * (p * q);
    return (x > T(0)).select(x * q, y);
  }
  template <class V, class T> static V grad(const V& g, const V& x, T p, T q) {
    const V e = ExpBlock::f<V, T>(x, 0, 0) * (p * q);
    return g * (x > T(0)).select(V::Constant(q), e);
  }
};
// x tanh(log(1 + exp(x))): with w = exp(x), the tanh is n / (n + 2), n = w (w + 2); 1 from x = 20 on
struct MishBlock {
  template <class V, class T> static V ratio(const V& x) {
    const V w = ExpBlock::f<V, T>(x.min(T(20)), 0, 0);
    const V n = w * (w + T(2));
    const V t = n / (n + T(2));
    return (x == x).select(t, x);
  }
  template <class V, class T> static V f(const V& x, T, T) { return x * ratio<V, T>(x); }
  template <class V, class T> static V grad(const V& g, const V& x, T, T) {
    const V t = ratio<V, T>(x), s = x.logistic();
    return g * (t + x * s * (T(1) - t * t));
  }
};
struct ErfBlock {
  template <class V, class T> static V f(const V& x, T, T) { return x.unaryExpr([](T v) { return std::erf(v); }); }
};
struct GeluBlock {
  template <class V, class T> static V cdf(const V& x) { return T(0.5) + T(0.5) * ErfBlock::f<V, T>(x * T(0.70710678118654752440), 0, 0); }
  template <class V, class T> static V f(const V& x, T, T) { return x * cdf<V, T>(x); }
  template <class V, class T> static V grad(const V& g, const V& x, T, T) {
    const V density = ExpBlock::f<V, T>(T(-0.5) * x * x, 0, 0) * T(0.39894228040143267794);
    return g * (cdf<V, T>(x) + x * density);
  }
};
// x (1 + tanh(k (x + c x^3))) / 2, k = sqrt(2 / pi), c = 0.044715
struct GeluTanhBlock {
  static constexpr double k = 0.79788456080286535588, c = 0.044715;
  template <class V, class T> static V inner(const V& x) {
    const V u = x * (T(k) + T(k * c) * x * x);
    return u.tanh();
  }
  template <class V, class T> static V f(const V& x, T, T) { return T(0.5) * x * (T(1) + inner<V, T>(x)); }
  template <class V, class T> static V grad(const V& g, const V& x, T, T) {
    const V t = inner<V, T>(x);
    const V slope = T(k) + T(3 * k * c) * x * x;
    return g * (T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * slope);
  }
};

}  // namespace eg::kernels
