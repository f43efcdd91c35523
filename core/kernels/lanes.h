#pragma once
// Moves between the lanes of vectors, and copies of short rows.
#include <algorithm>
#include <cstdint>

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

/// Within each 16 bytes: the first lanes of a and b in turns, and the last ones; then of pairs of lanes.
template <class V>
inline V unpack_low(V a, V b) {
  if constexpr (lanes_of<V> == 8)
    return shuffle<0, 8, 1, 9, 4, 12, 5, 13>(a, b);
  else if constexpr (sizeof(LaneOf<V>) == 4)
    return shuffle<0, 4, 1, 5>(a, b);
  else if constexpr (lanes_of<V> == 4)
    return shuffle<0, 4, 2, 6>(a, b);
  else
    return shuffle<0, 2>(a, b);
}
template <class V>
inline V unpack_high(V a, V b) {
  if constexpr (lanes_of<V> == 8)
    return shuffle<2, 10, 3, 11, 6, 14, 7, 15>(a, b);
  else if constexpr (sizeof(LaneOf<V>) == 4)
    return shuffle<2, 6, 3, 7>(a, b);
  else if constexpr (lanes_of<V> == 4)
    return shuffle<1, 5, 3, 7>(a, b);
  else
    return shuffle<1, 3>(a, b);
}
template <class V>
inline V unpack_pairs_low(V a, V b) {
  if constexpr (lanes_of<V> == 8)
    return shuffle<0, 1, 8, 9, 4, 5, 12, 13>(a, b);
  else
    return shuffle<0, 1, 4, 5>(a, b);
}
template <class V>
inline V unpack_pairs_high(V a, V b) {
  if constexpr (lanes_of<V> == 8)
    return shuffle<2, 3, 10, 11, 6, 7, 14, 15>(a, b);
  else
    return shuffle<2, 3, 6, 7>(a, b);
}

/// Sum of the lanes, in the same order on every machine.
template <class V>
inline LaneOf<V> lane_sum(V v) {
  if constexpr (lanes_of < V >> 4)
    return lane_sum(low_half(v) + high_half(v));
  else
    return (v[0] + v[2]) + (v[1] + v[3]);
}

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
inline void map_row(const T* __restrict from, std::int64_t n, T* __restrict to, F f) {
  std::int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) store(to + i, f(load<Simd<T>>(from + i)));
  if (i == n) return;
#if defined(__AVX512F__) && !defined(__clang__)
  // g++ makes one masked store of this.
  const int rest = static_cast<int>(n - i);
  for (int l = 0; l < lanes<T>; ++l)
    if (l < rest) to[i + l] = f(from[i + l]);
#else
  if (n > lanes<T>)
    store(to + n - lanes<T>, f(load<Simd<T>>(from + n - lanes<T>)));
  else
    map_tail(from, n, to, f);
#endif
}
template <class T>
inline void add_row(const T* from, std::int64_t n, T add, T* to) {
  map_row(from, n, to, [=](auto v) { return v + add; });
}
template <class T>
inline void copy_row(const T* from, std::int64_t n, T* to) {
  map_row(from, n, to, [](auto v) { return v; });
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

/// Turns the squares of 4 by 4 that four vectors of floats hold, 16 bytes wide each.
template <class V>
inline void turn_within(const V* v, V* to) {
  const V a = unpack_low(v[0], v[1]), b = unpack_high(v[0], v[1]);
  const V c = unpack_low(v[2], v[3]), d = unpack_high(v[2], v[3]);
  to[0] = unpack_pairs_low(a, c), to[1] = unpack_pairs_high(a, c);
  to[2] = unpack_pairs_low(b, d), to[3] = unpack_pairs_high(b, d);
}

/// Turns a square: v[i][j] and v[j][i] change places.
template <class V>
inline void turn(V (&v)[lanes_of<V>]) {
  constexpr int n = lanes_of<V>;
  V w[n];
  if constexpr (sizeof(V) == 64) {  // by log2 rounds of perfect shuffles
    const auto round = [](const V(&from)[n], V(&out)[n]) {
      for (int i = 0; i < n / 2; ++i) {
        out[2 * i] = interleave_low(from[i], from[i + n / 2]);
        out[2 * i + 1] = interleave_high(from[i], from[i + n / 2]);
      }
    };
    round(v, w);
    round(w, v);
    round(v, w);
    if constexpr (n == 16)
      round(w, v);
    else
      for (int i = 0; i < n; ++i) v[i] = w[i];
  } else {  // within 16 bytes by unpacking lanes, then pairs of them; then by exchanging halves: an instruction each
    if constexpr (sizeof(LaneOf<V>) == 4)
      unrolled<n / 4>([&](auto i) { turn_within(v + 4 * i, w + 4 * i); });
    else
      unrolled<n / 2>([&](auto q) {
        constexpr int i = 2 * q();
        w[i] = unpack_low(v[i], v[i + 1]), w[i + 1] = unpack_high(v[i], v[i + 1]);
      });
    unrolled<n / 2>([&](auto i) {
      if constexpr (sizeof(V) == 32)
        v[i] = join(low_half(w[i]), low_half(w[i + n / 2])),
        v[i + n / 2] = join(high_half(w[i]), high_half(w[i + n / 2]));
      else
        v[i] = w[i], v[i + n / 2] = w[i + n / 2];
    });
  }
}

/// The side of the squares that are turned at once: those of registers.
template <class T>
inline constexpr int square_side = register_bytes / static_cast<int>(sizeof(T));

/// to[j to_line + i] = from[i from_line + j] for i < rows, 0 for others; i, j < square_side<T>.
template <class T>
inline void turn_square(const T* from, std::int64_t from_line, std::int64_t rows, T* to, std::int64_t to_line) {
  constexpr int n = square_side<T>;
  using V = Vec<T, n>;
  V v[n];
  if (rows >= n)
    unrolled<n>([&](auto i) { v[i] = load<V>(from + i * from_line); });
  else
    unrolled<n>([&](auto i) { v[i] = i < rows ? load<V>(from + i * from_line) : V{}; });
  turn(v);
  unrolled<n>([&](auto i) { store(to + i * to_line, v[i]); });
}

/// to[j to_line + i] = v[i][j]
template <class T>
inline void store_transposed(Simd<T> (&v)[lanes<T>], T* to, std::int64_t to_line) {
  constexpr int n = lanes<T>, side = square_side<T>;
  if constexpr (side == n) {
    turn(v);
    for (int i = 0; i < n; ++i) store(to + i * to_line, v[i]);
  } else {
    T rows[n * n];
    for (int i = 0; i < n; ++i) store(rows + i * n, v[i]);
    for (int i = 0; i < n; i += side)
      for (int j = 0; j < n; j += side) turn_square(rows + i * n + j, n, side, to + j * to_line + i, to_line);
  }
}

/// to[j to_line + i] = from[i from_line + j] for i < rows, 0 for i in [rows, room); j < cols. `room` is a multiple of
/// lanes<T>.
template <class T>
void transpose(std::int64_t rows, std::int64_t cols, const T* from, std::int64_t from_line, T* to, std::int64_t to_line,
               std::int64_t room) {
  constexpr std::int64_t n = square_side<T>;
  for (std::int64_t i = 0; i < room; i += n, from += n * from_line, to += n) {
    const std::int64_t count = std::clamp<std::int64_t>(rows - i, 0, n);
    if (cols < n) {
      for (std::int64_t j = 0; j < cols; ++j)
        for (std::int64_t u = 0; u < n; ++u) to[j * to_line + u] = u < count ? from[u * from_line + j] : T(0);
      continue;
    }
    for (std::int64_t j = 0; j < cols; j += n) {
      const std::int64_t at = std::min(j, cols - n);  // the last square overlaps the one before
      turn_square(from + at, from_line, count, to + at * to_line, to_line);
    }
  }
}

/// Channels `from_line` apart turned into vectors: lane i of vector i / lanes<T> at position j is from[i from_line +
/// j], 0 for i >= channels. Vector u begins at to + u vector.
template <class T>
void turn_channels(std::int64_t channels, std::int64_t positions, const T* from, std::int64_t from_line, T* to,
                   std::int64_t vector) {
  for (std::int64_t i = 0; i < channels; i += lanes<T>, from += lanes<T> * from_line, to += vector)
    transpose(std::min<std::int64_t>(lanes<T>, channels - i), positions, from, from_line, to, lanes<T>, lanes<T>);
}

/// Every fourth value: lane t of v[i] is from[4 t + i]; and back.
template <class V>
inline void load_quads(const float* from, V (&v)[4]) {
  if constexpr (lanes_of<V> == 16) {
    const V a = load<V>(from), b = load<V>(from + 16), c = load<V>(from + 32), d = load<V>(from + 48);
    const V ab = even_lanes(a, b), cd = even_lanes(c, d), ab1 = odd_lanes(a, b), cd1 = odd_lanes(c, d);
    v[0] = even_lanes(ab, cd), v[1] = even_lanes(ab1, cd1), v[2] = odd_lanes(ab, cd), v[3] = odd_lanes(ab1, cd1);
  } else {
    using Quad = Vec<float, 4>;
    V w[4];
    unrolled<4>([&](auto i) {
      if constexpr (lanes_of<V> == 8)
        w[i] = join(load<Quad>(from + 4 * i), load<Quad>(from + 16 + 4 * i));
      else
        w[i] = load<V>(from + 4 * i);
    });
    turn_within(w, v);
  }
}
template <class V>
inline void store_quads(const V (&v)[4], float* to) {
  if constexpr (lanes_of<V> == 16) {
    const V low = interleave_low(v[0], v[2]), high = interleave_high(v[0], v[2]);
    const V low1 = interleave_low(v[1], v[3]), high1 = interleave_high(v[1], v[3]);
    store(to, interleave_low(low, low1));
    store(to + 16, interleave_high(low, low1));
    store(to + 32, interleave_low(high, high1));
    store(to + 48, interleave_high(high, high1));
  } else {
    V w[4];
    turn_within(v, w);
    if constexpr (lanes_of<V> == 8) {
      store(to, join(low_half(w[0]), low_half(w[1])));
      store(to + 8, join(low_half(w[2]), low_half(w[3])));
      store(to + 16, join(high_half(w[0]), high_half(w[1])));
      store(to + 24, join(high_half(w[2]), high_half(w[3])));
    } else {
      for (int i = 0; i < 4; ++i) store(to + 4 * i, w[i]);
    }
  }
}

}  // namespace eg::kernels
