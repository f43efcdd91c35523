#pragma once
// Moves between the lanes of vectors, and copies of short rows.
#include <cstdint>

#include "simd.h"

namespace eg::kernels {

/// Lanes 0, 2, 4, ... of a, then of b.
inline f32x16 even_lanes(f32x16 a, f32x16 b) {
  return shuffle<0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30>(a, b);
}
inline f64x8 even_lanes(f64x8 a, f64x8 b) { return shuffle<0, 2, 4, 6, 8, 10, 12, 14>(a, b); }

/// a[0], b[0], a[1], b[1], ...: the first half of it, and the second.
inline f32x16 interleave_low(f32x16 a, f32x16 b) {
  return shuffle<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b);
}
inline f32x16 interleave_high(f32x16 a, f32x16 b) {
  return shuffle<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b);
}
inline f64x8 interleave_low(f64x8 a, f64x8 b) { return shuffle<0, 8, 1, 9, 2, 10, 3, 11>(a, b); }
inline f64x8 interleave_high(f64x8 a, f64x8 b) { return shuffle<4, 12, 5, 13, 6, 14, 7, 15>(a, b); }

/// Sum of the lanes, in the same order on every machine.
template <class V>
inline LaneOf<V> lane_sum(V v) {
  if constexpr ((lanes_of<V> > 4))
    return lane_sum(low_half(v) + high_half(v));
  else
    return (v[0] + v[2]) + (v[1] + v[3]);
}

/// Whether a mask of eight is set in every lane.
inline bool every_lane(i64x8 mask) { return lane_sum(mask) == -8; }

/// The first n lanes of v, without a detour through memory.
template <int n, class V, class T>
inline void store_first(T* to, V v) {
  constexpr int half = lanes_of<V> / 2;
  if constexpr (n == 2 * half) {
    store(to, v);
  } else if constexpr (n > half) {
    store(to, low_half(v));
    store_first<n - half>(to + half, high_half(v));
  } else {
    store_first<n>(to, low_half(v));
  }
}

/// The first n lanes and those behind them up to a power of two, in one store: less than 2 n.
template <int n, class V, class T>
inline void store_at_least(T* to, V v) {
  if constexpr (n > lanes_of<V> / 2)
    store(to, v);
  else
    store_at_least<n>(to, low_half(v));
}

/// to[i] = f(from[i]) for i < n < 2 W, by two vectors that overlap; neither array in the other.
template <class T, int W = lanes<T> / 2, class F>
inline void map_tail(const T* from, std::int64_t n, T* to, F f) {
  if constexpr (W >= 4) {
    if (n < W) return map_tail<T, W / 2>(from, n, to, f);
    using V = Vec<T, W>;
    const V first = f(load<V>(from)), last = f(load<V>(from + n - W));
    store(to, first);
    store(to + n - W, last);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] = f(from[i]);
  }
}
template <class T>
inline void copy_tail(const T* from, std::int64_t n, T* to) {
  map_tail(from, n, to, [](auto v) { return v; });
}

/// to[i] = f(from[i]) for i < n, f of vectors and of single values.
template <class T, class F>
inline void map_values(const T* __restrict from, std::int64_t n, T* __restrict to, F f) {
  std::int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) store(to + i, f(load<Simd<T>>(from + i)));
  if (i == n) return;
#if !defined(__clang__)
  if constexpr (register_bytes == 64) {  // g++ makes one masked store of this
    const int rest = static_cast<int>(n - i);
    for (int l = 0; l < lanes<T>; ++l)
      if (l < rest) to[i + l] = f(from[i + l]);
    return;
  }
#endif
  if (n > lanes<T>)
    store(to + n - lanes<T>, f(load<Simd<T>>(from + n - lanes<T>)));
  else
    map_tail(from, n, to, f);
}
template <class T>
inline void add_row(const T* from, std::int64_t n, T add, T* to) {
  map_values(from, n, to, [=](auto v) { return v + add; });
}
template <class T>
inline void copy_row(const T* from, std::int64_t n, T* to) {
  map_values(from, n, to, [](auto v) { return v; });
}

/// to[i] = from[i] for i < n. The rest of the last vector of `to` may be written; that of `from` may be read if
/// `slack`.
template <class T>
inline void copy_vectors(const T* from, std::int64_t n, bool slack, T* to) {
  std::int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) store(to + i, load<Simd<T>>(from + i));
  if (i == n) return;
  if (slack)
    store(to + i, load<Simd<T>>(from + i));
  else
    copy_tail(from + i, n - i, to + i);
}

/// to[i] = from[step i], likewise; `slack` then means 2 lanes<T> elements from the last vector's first on.
template <class T>
inline void copy_strided(const T* from, std::int64_t step, std::int64_t n, bool slack, T* to) {
  if (step == 1) return copy_vectors(from, n, slack, to);
  std::int64_t i = 0;
  if (step == 2) {
    const std::int64_t whole = slack ? n : n - lanes<T>;  // the last vector ends one element behind the last needed
    for (; i < whole; i += lanes<T>)
      store(to + i, even_lanes(load<Simd<T>>(from + 2 * i), load<Simd<T>>(from + 2 * i + lanes<T>)));
  }
  for (; i < n; ++i) to[i] = from[i * step];
}

/// to[i] = 0 for i < n, and in the rest of the last vector.
template <class T>
inline void zero_vectors(std::int64_t n, T* to) {
  for (std::int64_t i = 0; i < n; i += lanes<T>) store(to + i, Simd<T>{});
}

}  // namespace eg::kernels
