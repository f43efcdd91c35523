#pragma once
// Moves between the lanes of vectors, and copies of short rows.
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "simd.h"

namespace eg::kernels {

/// Lanes 0, 2, 4, ... of a, then of b; lanes 1, 3, 5, ...
inline f32x16 even_lanes(f32x16 a, f32x16 b) {
  return shuffle<0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30>(a, b);
}
inline f32x16 odd_lanes(f32x16 a, f32x16 b) {
  return shuffle<1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31>(a, b);
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
  if constexpr (lanes_of<V> > 4) return lane_sum(low_half(v) + high_half(v));
  else return (v[0] + v[2]) + (v[1] + v[3]);
}

/// to[i] = from[i] for i < n < lanes<T>.
template <class T>
inline void copy_tail(const T* from, std::int64_t n, T* to) {
  const auto some = [&]<int N>(std::integral_constant<int, N>) {
    if (n & N) {
      std::memcpy(to, from, N * sizeof(T));
      from += N;
      to += N;
    }
  };
  if constexpr (lanes < T >> 8) some(std::integral_constant<int, 8>{});
  some(std::integral_constant<int, 4>{});
  some(std::integral_constant<int, 2>{});
  some(std::integral_constant<int, 1>{});
}

/// to[i] = from[i] + add for i < n. `from` may be read to the end of its last vector.
template <class T>
inline void add_row(const T* __restrict from, std::int64_t n, T add, T* __restrict to) {
  std::int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) store(to + i, load<Simd<T>>(from + i) + add);
  if (i == n) return;
#if defined(__AVX512F__) && !defined(__clang__)
  // g++ makes one masked store of this.
  const int rest = static_cast<int>(n - i);
  for (int l = 0; l < lanes<T>; ++l)
    if (l < rest) to[i + l] = from[i + l] + add;
#else
  T last[lanes<T>];
  store(last, load<Simd<T>>(from + i) + add);
  copy_tail(last, n - i, to + i);
#endif
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

/// to[j to_line + i] = v[i][j]: a square of lanes<T> vectors, turned by log2 rounds of perfect shuffles.
template <class T>
inline void store_transposed(Simd<T> (&v)[lanes<T>], T* to, std::int64_t to_line) {
  constexpr int n = lanes<T>;
  Simd<T> w[n];
  const auto shuffle = [](const Simd<T>(&from)[n], Simd<T>(&out)[n]) {
    for (int i = 0; i < n / 2; ++i) {
      out[2 * i] = interleave_low(from[i], from[i + n / 2]);
      out[2 * i + 1] = interleave_high(from[i], from[i + n / 2]);
    }
  };
  shuffle(v, w);
  shuffle(w, v);
  shuffle(v, w);
  if constexpr (n == 16) {
    shuffle(w, v);
    for (int i = 0; i < n; ++i) store(to + i * to_line, v[i]);
  } else {
    for (int i = 0; i < n; ++i) store(to + i * to_line, w[i]);
  }
}

/// to[j to_line + i] = from[i from_line + j] for i < rows, 0 for i in [rows, room); j < cols. `room` is a multiple of
/// lanes<T>.
template <class T>
void transpose(std::int64_t rows, std::int64_t cols, const T* from, std::int64_t from_line, T* to, std::int64_t to_line,
               std::int64_t room) {
  constexpr std::int64_t n = lanes<T>;
  for (std::int64_t i0 = 0; i0 < room; i0 += n) {
    const std::int64_t count = rows - i0 < n ? rows - i0 : n;
    if (cols < n) {
      for (std::int64_t j = 0; j < cols; ++j)
        for (std::int64_t i = 0; i < n; ++i)
          to[j * to_line + i0 + i] = i < count ? from[(i0 + i) * from_line + j] : T(0);
      continue;
    }
    for (std::int64_t j = 0; j < cols; j += n) {
      const std::int64_t at = j + n <= cols ? j : cols - n;  // the last square overlaps the one before
      Simd<T> v[n];
      for (std::int64_t i = 0; i < n; ++i)
        v[i] = i < count ? load<Simd<T>>(from + (i0 + i) * from_line + at) : Simd<T>{};
      store_transposed<T>(v, to + at * to_line + i0, to_line);
    }
  }
}

}  // namespace eg::kernels
