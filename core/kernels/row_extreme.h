#pragma once
// Largest or smallest value of a row. A NaN wins over every number.
#include <cstdint>
#include <type_traits>

#include "kernels/simd.h"

namespace eg::kernels {

// keep(a, x): whether a, the one found so far, stays; on vectors and single values alike.
struct Larger {
  template <class V> static auto keep(V a, V x) { return (a >= x) | (a != a); }
};
struct Smaller {
  template <class V> static auto keep(V a, V x) { return (a <= x) | (a != a); }
};
template <class F, class V> V pick(V a, V x) { return select(F::keep(a, x), a, x); }

/// n >= 1. In vectors, the last one ending at the row's end: to look at a value twice does no harm.
template <class F, class T> T row_extreme(const T* x, std::int64_t n) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr std::int64_t w = lanes<T>;
    using V = Simd<T>;
    if (n >= w) {
      V a = load<V>(x + n - w), b = a, c = a, d = a;
      std::int64_t i = 0;
      for (; i + 4 * w <= n; i += 4 * w) {
        a = pick<F>(a, load<V>(x + i));
        b = pick<F>(b, load<V>(x + i + w));
        c = pick<F>(c, load<V>(x + i + 2 * w));
        d = pick<F>(d, load<V>(x + i + 3 * w));
      }
      for (; i + w <= n; i += w) a = pick<F>(a, load<V>(x + i));
      a = pick<F>(pick<F>(a, b), pick<F>(c, d));
      T best = a[0];
      for (int k = 1; k < w; ++k) best = pick<F>(best, static_cast<T>(a[k]));
      return best;
    }
  }
  T best = x[0];
  for (std::int64_t i = 1; i < n; ++i) best = pick<F>(best, x[i]);
  return best;
}

/// Place of the first `value` in a row that holds it; NaN finds the first NaN.
template <class T> std::int64_t place_of(T value, const T* x, std::int64_t n) {
  std::int64_t i = 0;
  const auto search = [&](auto found) {
    for (; i + 64 <= n; i += 64) {
      int any = 0;
      for (int k = 0; k < 64; ++k) any |= found(x[i + k]);
      if (any) break;
    }
    while (!found(x[i])) ++i;
  };
  if (value != value) search([](T v) { return v != v; });
  else search([value](T v) { return v == value; });
  return i;
}

}  // namespace eg::kernels
