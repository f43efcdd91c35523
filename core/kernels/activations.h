#pragma once
// Functions over a block V of 64 bytes, an Eigen array of fixed size. f(x) and f_grad(g, x) = g f'(x).
#include <cmath>

#include "detail/eigen.h"
#include "kernels/simd.h"
#include "kernels/vector_math.h"

namespace eg::kernels {

template <class T> using Block = Eigen::Array<T, 64 / sizeof(T), 1>;

// Eigen 3.4 evaluates a select one element at a time, and all below it: hence ours, over evaluated blocks.
template <class V> Simd<typename V::Scalar> bits(const V& v) { return load<Simd<typename V::Scalar>>(v.data()); }
template <class Mask, class V> V pick(Mask mask, const V& yes, const V& no) {
  V out;
  store(out.data(), select(mask, bits(yes), bits(no)));
  return out;
}

template <class V, class L> V block_of(L lanes) {
  V out;
  store(out.data(), lanes);
  return out;
}

struct ExpBlock {
  // Double: below -708.4 results are subnormal; 0 here, where Eigen's exp would give a small number even for -infinity.
  template <class V, class T> static V f(const V& x, T, T) {
    if constexpr (sizeof(T) == 4) return block_of<V>(exp(bits(x)));
    const V y = x.exp();
    return pick(bits(x) < T(-708.39641853226408), V(V::Zero()), y);
  }
};
struct SigmoidBlock {
  // Eigen's logistic is off by 1e-3 of its value near x = -8 (float).
  template <class V, class T> static V f(const V& x, T, T) {
    const V e = ExpBlock::f<V, T>(-x.abs(), 0, 0);
    return pick(bits(x) < T(0), e, V(V::Ones())) / (T(1) + e);
  }
};
// Kahan: with u = exp(x), rounded, (u - 1) x / log(u) loses no digits near 0
struct Expm1Block {
  template <class V, class T> static V f(const V& x, T, T) {
    if constexpr (sizeof(T) == 4) return block_of<V>(expm1(bits(x)));
    const V u = ExpBlock::f<V, T>(x, 0, 0), d = u - T(1);
    const V near = d * x / u.log(), size = x.abs();
    return pick(bits(size) > T(0.5), d, pick(bits(u) == T(1), x, near));
  }
};
// Eigen's rational function for float loses 6 units of the last place where the machine has no fused multiply-add.
struct TanhBlock {
  template <class V, class T> static V f(const V& x, T, T) {
    if constexpr (sizeof(T) == 4) return block_of<V>(tanh(bits(x)));
    return x.tanh();
  }
};
struct Log1pBlock { template <class V, class T> static V f(const V& x, T, T) { return x.log1p(); } };

// log(1 + exp(-|x|))
template <class V, class T> V softplus_tail(const V& x) {
  const V e = ExpBlock::f<V, T>(-x.abs(), 0, 0);
  if constexpr (sizeof(T) == 4) return block_of<V>(log1p_unit(bits(e)));
  return e.log1p();
}
// log(1 + exp(p x)) / p, x itself where p x > q
struct SoftplusBlock {
  template <class V, class T> static V f(const V& x, T p, T q) {
    const V s = x * p;
    const V y = (pick(bits(s) < T(0), V(V::Zero()), s) + softplus_tail<V, T>(s)) / p;
    return pick(bits(s) > q, x, y);
  }
  template <class V, class T> static V grad(const V& g, const V& x, T p, T q) {
    const V s = x * p;
    const V y = g * SigmoidBlock::f<V, T>(s, 0, 0);
    return pick(bits(s) > q, g, y);
  }
};
// -log(1 + exp(-x))
struct LogSigmoidBlock {
  template <class V, class T> static V f(const V& x, T, T) {
    return pick(bits(x) > T(0), V(V::Zero()), x) - softplus_tail<V, T>(x);
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
    return pick(bits(x) > T(0), V(x * q), y);
  }
  template <class V, class T> static V grad(const V& g, const V& x, T p, T q) {
    const V e = ExpBlock::f<V, T>(x, 0, 0) * (p * q);
    return g * pick(bits(x) > T(0), V(V::Constant(q)), e);
  }
};
// x tanh(log(1 + exp(x))): with w = exp(x), the tanh is n / (n + 2), n = w (w + 2); 1 from x = 20 on
struct MishBlock {
  template <class V, class T> static V ratio(const V& x) {
    const V w = ExpBlock::f<V, T>(pick(bits(x) > T(20), V(V::Constant(T(20))), x), 0, 0);
    const V n = w * (w + T(2));
    return n / (n + T(2));
  }
  template <class V, class T> static V f(const V& x, T, T) { return x * ratio<V, T>(x); }
  template <class V, class T> static V grad(const V& g, const V& x, T, T) {
    const V t = ratio<V, T>(x), s = x.logistic();
    return g * (t + x * s * (T(1) - t * t));
  }
};
// Float: below 1, x times a polynomial in x^2, exact to 2e-9 of its value; from 1 on, 1 - exp(-x^2) times a polynomial in
// 1 / (1 + x / 2), exact to 1e-8. Both interpolate at Chebyshev's nodes.
struct ErfBlock {
  template <class V, class T> static V f(const V& x, T, T) {
    if constexpr (sizeof(T) == 8) {
      return x.unaryExpr([](T v) { return std::erf(v); });
    } else {
      const V a = x.abs(), w = x * x, e = ExpBlock::f<V, T>(-w, 0, 0), t = T(1) / (T(1) + T(0.5) * a);
      const V low = x + x * ((((((7.875875046790626e-05f * w - 8.016864281817755e-04f) * w + 5.1890874227800456e-03f) * w -
                            2.6854212010276407e-02f) * w + 1.1283594715152363e-01f) * w - 3.7612626666719623e-01f) * w +
                         1.283791658483504e-01f);
      const V high = T(1) - e * (((((-2.187957372148937e-01f * t + 6.044720742483404e-01f) * t - 3.0179187108989352e-02f) * t +
                                   3.7871144105592924e-01f) * t + 2.644323566054243e-01f) * t + 1.331862299833149e-03f);
      const V minus = -high;
      return pick(bits(a) < T(1), low, pick(bits(x) < T(0), minus, high));
    }
  }
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
    return TanhBlock::f<V, T>(u, 0, 0);
  }
  template <class V, class T> static V f(const V& x, T, T) { return T(0.5) * x * (T(1) + inner<V, T>(x)); }
  template <class V, class T> static V grad(const V& g, const V& x, T, T) {
    const V t = inner<V, T>(x);
    const V slope = T(k) + T(3 * k * c) * x * x;
    return g * (T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * slope);
  }
};

}  // namespace eg::kernels
