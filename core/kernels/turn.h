#pragma once
// Squares of values turned in registers, rows to columns, and the parts of a convolution that are turned at once.
#include <algorithm>
#include <cstdint>

#include "lanes.h"

namespace eg::kernels {

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

/// Four values of each of at most eight rows, as columns: lane i of to[j] is from[i line + j] for i < rows, else 0.
/// `Most` is a bound of rows.
template <int Most, class T>
inline void load_columns(const T* from, std::int64_t line, std::int64_t rows, Vec<T, 8>* to) {
  using Four = Vec<T, 4>;
  Four v[8] = {};
  unrolled<std::min(8, Most)>([&](auto i) {
    if (i < rows) v[i] = load<Four>(from + i * line);
  });
  Four low[4] = {v[0], v[1], v[2], v[3]}, high[4] = {v[4], v[5], v[6], v[7]};
  turn(low);
  turn(high);
  unrolled<4>([&](auto j) { to[j] = join(low[j], high[j]); });
}

/// The side of the squares that are turned at once: those of registers.
template <class T>
inline constexpr int square_side = register_lanes<T>;

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

}  // namespace eg::kernels
