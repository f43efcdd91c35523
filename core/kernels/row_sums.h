#pragma once
// What the normalization kernels share: walking a row in vectors, sums of a row, and eight horizontal sums at once.
//
// Note [Same bits for a row]
// A row's result may not depend on its neighbours, its place or the number of threads. So every row, alone or among
// eight, goes through the same functions here: vectors of fixed width, a fixed number of accumulators, and one fixed
// tree at the end (reduce8), where a row's own lanes meet in the same order wherever the row stands and whatever the
// others hold.
#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "simd.h"

namespace eg::kernels {

/// A row of `length` values as whole vectors plus one last vector. Rows of at least one vector take the last one
/// ending at the row's end, overlapping its predecessor; shorter rows are padded with zeros.
template <class T>
struct RowWalk {
  using V = Simd<T>;
  using M = SimdMask<T>;
  static constexpr std::int64_t N = lanes<T>;

  /// results: all values that the call makes. From 8 MiB on long rows of them go past the caches: x, y, g and dx of
  /// that size fill 32 MiB. inputs: values that are read for the sums of a block before it is mapped, which decide
  /// whether sums are taken ahead; if not, map_row fetches what lies `next` values behind. See Note [Sums ahead].
  explicit RowWalk(std::int64_t n, std::int64_t results = 0, std::int64_t inputs = 0, std::int64_t next = 0)
      : length(n),
        full(n / N * N),
        last(n >= N ? n - N : 0),
        ahead(next),
        rest(n % N != 0),
        past_caches(n >= 1024 && results * static_cast<std::int64_t>(sizeof(T)) >= 8 << 20),
        sums_ahead(past_caches && inputs * static_cast<std::int64_t>(sizeof(T)) > 32 << 10) {
    if (sums_ahead) ahead = 0;
    // Lanes of the last vector that no whole vector holds.
    const std::int64_t first = n >= N ? full - last : 0, end = n >= N ? N : n;
    MaskLane<T> lane[N];
    for (std::int64_t i = 0; i < N; ++i) lane[i] = i >= first && i < end ? -1 : 0;
    fresh = load<M>(lane);
  }

  V load_last(const T* x) const {
    if (length >= N) return load<V>(x + last);
    T padded[N] = {};
    for (std::int64_t i = 0; i < length; ++i) padded[i] = x[i];
    return load<V>(padded);
  }
  void store_last(T* y, V v) const {
    if (length >= N) return store(y + last, v);
    T padded[N];
    store(padded, v);
    for (std::int64_t i = 0; i < length; ++i) y[i] = padded[i];
  }
  /// Whether results at y, whole vectors, go past the caches: such stores need alignment.
  bool goes_past_caches(const T* y) const {
    return past_caches && reinterpret_cast<std::uintptr_t>(y) % sizeof(V) == 0;
  }
  /// One vector of a row of results.
  void store_result(T* y, V v) const {
    if (goes_past_caches(y))
      store_past_caches(y, v);
    else
      store(y, v);
  }
  /// Ends a chunk: other threads may read what it stored.
  void finish() const {
    if (past_caches) fence_stores();
  }
  V only_fresh(V v) const { return cast_bits<V>(cast_bits<M>(v) & fresh); }

  std::int64_t length, full, last, ahead;  // last: where the last vector starts
  bool rest, past_caches, sums_ahead;
  M fresh;
};

/// Values of a row that are mapped together; see Note [Sums ahead].
template <class T>
inline constexpr std::int64_t map_piece = 16 * lanes<T>;
/// Calls map(k), which maps vector k of a piece, for k < n.
struct MapAlone {
  template <class Map>
  void operator()(std::int64_t n, Map map) const {
    for (std::int64_t k = 0; k < n; ++k) map(k);
  }
};

/// Whether the sums of other rows are taken between the pieces of a map: only of long rows.
template <class Between>
inline constexpr bool taken_ahead = !std::is_same_v<Between, MapAlone>;

/// y[i] = f(in[i]...) over a row, in vectors. y may be one of the inputs: the last vector is read before any is stored.
template <class T, class F, class Between, class... In>
inline void map_row_with(const RowWalk<T>& w, T* y, F f, Between between, const In*... in) {
  using V = Simd<T>;
  V last{};
  if (w.rest) last = f(w.load_last(in)...);
  const std::int64_t full = w.full;  // a store could have changed it, for all the compiler knows
  if (w.goes_past_caches(y)) {
    for (std::int64_t i = 0; i < full; i += map_piece<T>)
      between(std::min(full - i, map_piece<T>) / w.N,
              [=, ahead = w.ahead](std::int64_t k) {
                const std::int64_t at = i + k * w.N;
                if (!taken_ahead<Between>) (__builtin_prefetch(in + at + ahead, 0, 2), ...);
                store_past_caches(y + at, f(load<V>(in + at)...));
              });
  } else {
    for (std::int64_t i = 0; i < full; i += w.N) store(y + i, f(load<V>(in + i)...));
  }
  if (w.rest) w.store_last(y, last);
}
template <class T, class F, class... In>
inline void map_row(const RowWalk<T>& w, T* y, F f, const In*... in) {
  map_row_with(w, y, f, MapAlone{}, in...);
}

/// Most rows whose scalars are handled together: eight are a vector, and the latencies of four overlap.
inline constexpr int most_rows = 32;

/// Short rows of M values at y by columns of a vector, so that what belongs to a column stays in registers: column(j,
/// get, put) has the vector at `from`, of a row or of what the rows share, by get(from), and stores row i's result with
/// put(i, v); j counts the lanes of the columns before. y may be an input. (Inlined always: a column passed in memory
/// is read before its stores have arrived.)
template <class T, class Column>
[[gnu::always_inline]] inline void by_columns(const RowWalk<T>& walk, int count, T* y, Column column) {
  using V = Simd<T>;
  V last[most_rows];  // read before any is stored, stored at the end
  if (walk.rest)
    column(
        walk.full, [&](const T* from) { return walk.load_last(from); }, [&](int i, V v) { last[i] = v; });
  const std::int64_t M = walk.length, full = walk.full;
  for (std::int64_t j = 0; j < full; j += walk.N)
    column(
        j, [j](const T* from) { return load<V>(from + j); }, [=](int i, V v) { store(y + i * M + j, v); });
  if (walk.rest)
    for (int i = 0; i < count; ++i) walk.store_last(y + i * M, last[i]);
}

/// One row of any length likewise.
template <class T, class Column, class Between>
inline void row_by_columns(const RowWalk<T>& walk, T* y, Column column, Between between) {
  if (!walk.goes_past_caches(y)) return by_columns(walk, 1, y, column);
  using V = Simd<T>;
  V last{};
  if (walk.rest)
    column(
        walk.full, [&](const T* from) { return walk.load_last(from); }, [&](int, V v) { last = v; });
  const std::int64_t full = walk.full;
  for (std::int64_t piece = 0; piece < full; piece += map_piece<T>)
    between(std::min(full - piece, map_piece<T>) / walk.N, [=](std::int64_t k) {
      const std::int64_t j = piece + k * walk.N;
      column(
          j, [j](const T* from) { return load<V>(from + j); }, [=](int, V v) { store_past_caches(y + j, v); });
    });
  if (walk.rest) walk.store_last(y, last);
}

/// a[i] = v, as vectors: g++ 12 clears what it knows the size of with an instruction that takes long to start.
template <class T>
inline void fill(T (&a)[most_rows], T v) {
  for (int i = 0; i < most_rows; i += lanes<T>) store(a + i, Simd<T>{} + v);
}

/// Eight lanes of T.
template <class T>
using Eight = Vec<T, 8>;

inline f32x8 fold(f32x16 v) { return low_half(v) + high_half(v); }
inline f64x8 fold(f64x8 v) { return v; }

/// Two vectors of 64 bytes are four chains of additions on AVX2, where more of two sums leave the registers; on AVX-512
/// reading two inputs takes as long as two chains do.
template <int K>
inline constexpr int accumulators = K == 1 ? 4 : 2;
/// Values of a row that may be summed in T before the sum goes to double: 16 a lane of each accumulator, 8 where they are
/// products, which a machine without fused multiply-add rounds once more.
template <class T, int K>
inline constexpr std::int64_t values_in_t = (K == 1 ? 16 : 8) * accumulators<K> * lanes<T>;

/// K sums over the part [i, end) of a row, with the row's last vector where end is the end of the whole vectors.
/// terms(a, keep, v...) adds the terms of one vector to a[K]; keep() zeroes the lanes that do not count.
template <class T, int K, class F, class... In>
inline void part_sums(const RowWalk<T>& w, std::int64_t i, std::int64_t end, Simd<T> (&sum)[K], F terms,
                      const In*... in) {
  using V = Simd<T>;
  constexpr std::int64_t N = lanes<T>;
  constexpr int A = accumulators<K>;
  const auto all = [](V v) { return v; };
  V a[A][K] = {};
  for (; i + A * N <= end; i += A * N) {
    terms(a[0], all, load<V>(in + i)...);
    terms(a[1], all, load<V>(in + i + N)...);
    if constexpr (A == 4) {
      terms(a[2], all, load<V>(in + i + 2 * N)...);
      terms(a[3], all, load<V>(in + i + 3 * N)...);
    }
  }
  if (end == w.full) {
    if (i < end) terms(a[0], all, load<V>(in + i)...), i += N;
    if constexpr (A == 4) {
      if (i < end) terms(a[1], all, load<V>(in + i)...), i += N;
      if (i < end) terms(a[2], all, load<V>(in + i)...), i += N;
    }
    if (w.rest)
      terms(
          a[A - 1], [&](V v) { return w.only_fresh(v); }, w.load_last(in)...);
  }
  for (int k = 0; k < K; ++k) {
    if constexpr (A == 4)
      sum[k] = (a[0][k] + a[1][k]) + (a[2][k] + a[3][k]);
    else
      sum[k] = a[0][k] + a[1][k];
  }
}

/// Adds K sums over a whole row to total[K].
template <class T, int K, class F, class... In>
inline void row_sums(const RowWalk<T>& w, f64x8* total, F terms, const In*... in) {
  std::int64_t i = 0;
  do {
    Simd<T> sum[K];
    const std::int64_t end = std::min(w.full, i + values_in_t<T, K>);
    part_sums<T, K>(w, i, end, sum, terms, in...);
    for (int k = 0; k < K; ++k) total[k] += convert<f64x8>(fold(sum[k]));
    i = end;
  } while (i < w.full);
}

/// Lane r of the result = the sum of the lanes of v[r], for vectors of 8 lanes.
template <class V>
inline V reduce8(const V (&v)[8]) {
  V t[4], u[2];
  for (int i = 0; i < 4; ++i)
    t[i] = shuffle<0, 1, 2, 3, 8, 9, 10, 11>(v[i], v[i + 4]) + shuffle<4, 5, 6, 7, 12, 13, 14, 15>(v[i], v[i + 4]);
  for (int i = 0; i < 2; ++i)
    u[i] = shuffle<0, 1, 8, 9, 4, 5, 12, 13>(t[i], t[i + 2]) + shuffle<2, 3, 10, 11, 6, 7, 14, 15>(t[i], t[i + 2]);
  return shuffle<0, 8, 2, 10, 4, 12, 6, 14>(u[0], u[1]) + shuffle<1, 9, 3, 11, 5, 13, 7, 15>(u[0], u[1]);
}

/// part_sums of a whole row of n vectors and the last one: short rows without loops, in two accumulators.
template <class T, int K, int n, class F, class... In>
inline void short_sums(const RowWalk<T>& w, Simd<T> (&sum)[K], F terms, const In*... in) {
  using V = Simd<T>;
  V a[2][K];  // from -0.0, to which a sum adds nothing: the compiler leaves the first additions out
  for (int k = 0; k < K; ++k) a[0][k] = a[1][k] = -V{};
  for (int i = 0; i < n; ++i)
    terms(
        a[i % 2], [](V v) { return v; }, load<V>(in + i * w.N)...);
  if (w.rest)
    terms(
        a[n % 2], [&](V v) { return w.only_fresh(v); }, w.load_last(in)...);
  for (int k = 0; k < K; ++k) sum[k] = a[0][k] + a[1][k];
}

/// K sums of `count` <= most_rows rows, each of `runs` runs as long as w; 0 for the rest of the last eight. row(r, s,
/// sum) calls sum(terms, in...) for run s of row r. The length alone decides how a row is summed, and whether its last
/// additions are in T or in double.
template <class T, int K, class F>
inline void block_sums(const RowWalk<T>& w, std::int64_t runs, int count, double (&out)[K][most_rows], const F& row) {
  // Rows of one run, with run_sums(sum, terms, in...) for the run.
  const auto in_t = [&](auto run_sums) {
    for (int r0 = 0; r0 < count; r0 += 8) {
      const int eight = std::min(8, count - r0);
      Eight<T> part[K][8];
      for (auto& rows : part)
        for (auto& sum : rows) sum = Eight<T>{};
      for (int r = 0; r < eight; ++r)
        row(r0 + r, 0, [&](auto terms, const auto*... in) {
          Simd<T> sum[K];
          run_sums(sum, terms, in...);
          for (int k = 0; k < K; ++k) part[k][r] = fold(sum[k]);
        });
      for (int k = 0; k < K; ++k) store(out[k] + r0, convert<f64x8>(reduce8(part[k])));
    }
  };
  if (runs == 1 && with_constant<8>(w.full / w.N, [&](auto n) {
        in_t([&](auto& sum, auto terms, auto... in) { short_sums<T, K, n()>(w, sum, terms, in...); });
      }))
    return;
  if (runs == 1 && w.full <= values_in_t<T, K>)
    return in_t([&](auto& sum, auto terms, auto... in) { part_sums<T, K>(w, 0, w.full, sum, terms, in...); });
  for (int r0 = 0; r0 < count; r0 += 8) {
    f64x8 part[K][8] = {};
    for (std::int64_t s = 0; s < runs; ++s)  // run after run, as they lie in memory
      for (int r = 0; r < std::min(8, count - r0); ++r) {
        f64x8 total[K];
        for (int k = 0; k < K; ++k) total[k] = part[k][r];
        row(r0 + r, s, [&](auto terms, const auto*... in) { row_sums<T, K>(w, total, terms, in...); });
        for (int k = 0; k < K; ++k) part[k][r] = total[k];
      }
    for (int k = 0; k < K; ++k) store(out[k] + r0, reduce8(part[k]));
  }
}

// Note [Sums ahead]
// A row is summed before it is mapped, and long rows of large results are stored past the caches: memory is read first,
// then written, each alone. So while a block of more than 32 KiB is mapped the sums of the next one are taken, vector
// by vector in turns, and memory reads and writes at the same time. Of smaller blocks it is enough to fetch the next.

/// The two sums that block_sums gives of long rows, at most 8 of them, a piece at a time.
template <class T, class Row>
class SumsInPieces {
  static constexpr int K = 2;

 public:
  SumsInPieces(const RowWalk<T>& w, std::int64_t runs, int count, Row row)
      : walk_(w), runs_(runs), count_(count), row_(row) {}

  /// The next piece, and map(k) for k < n.
  template <class Map>
  void next(std::int64_t n, Map map) {
    constexpr std::int64_t N = lanes<T>, vectors = values_in_t<T, K> / N;
    static_assert(accumulators<K> == 2);
    if (run_ == runs_) return MapAlone{}(n, map);
    row_(r_, run_, [&](auto terms, const auto*... in) {
      Simd<T> sum[K];
      const std::int64_t i = i_, end = std::min(walk_.full, i + values_in_t<T, K>);
      if (n == vectors && end == i + vectors * N && (end < walk_.full || !walk_.rest)) {  // part_sums and map in turns
        const auto all = [](Simd<T> v) { return v; };
        Simd<T> a[2][K] = {};
        for (std::int64_t k = 0; k < vectors; k += 2) {
          terms(a[0], all, load<Simd<T>>(in + i + k * N)...);
          map(k);
          terms(a[1], all, load<Simd<T>>(in + i + (k + 1) * N)...);
          map(k + 1);
        }
        for (int k = 0; k < K; ++k) sum[k] = a[0][k] + a[1][k];
      } else {
        part_sums<T, K>(walk_, i, end, sum, terms, in...);
        MapAlone{}(n, map);
      }
      for (int k = 0; k < K; ++k) part_[k][r_] += convert<f64x8>(fold(sum[k]));
      i_ = end;
    });
    if (i_ < walk_.full) return;
    i_ = 0;
    if (++r_ == count_) r_ = 0, ++run_;
  }
  void finish(double (&out)[K][most_rows]) {
    while (run_ < runs_) next(0, [](std::int64_t) {});
    for (int k = 0; k < K; ++k) store(out[k], reduce8(part_[k]));
  }

 private:
  const RowWalk<T>& walk_;
  std::int64_t runs_, run_ = 0, i_ = 0;
  int count_, r_ = 0;
  Row row_;
  f64x8 part_[K][8] = {};
};

/// Two sums of each row of a block.
struct RowSums {
  alignas(64) double of[2][most_rows];
};

/// Rows [begin, end), `block` at a time: use(r0, count, sums, between) with Sums, RowSums or more, that sum_block(r0,
/// count, sums) finds with block_sums, and with what the maps of the rows call between their pieces. If sums_ahead,
/// sums are taken ahead: of the rows, each of `runs` runs, that rows_from(r0, count, sums) gives as block_sums has
/// them.
template <class T, class Sums, class SumBlock, class RowsFrom, class Use>
inline void sum_and_map(const RowWalk<T>& w, std::int64_t runs, bool sums_ahead, std::int64_t begin, std::int64_t end,
                        int block, SumBlock sum_block, RowsFrom rows_from, Use use) {
  const auto count_from = [=](std::int64_t r0) { return static_cast<int>(std::min<std::int64_t>(block, end - r0)); };
  Sums sums[2];
  if (!sums_ahead) {
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      sum_block(r0, count_from(r0), sums[0]);
      use(r0, count_from(r0), sums[0], MapAlone{});
    }
    return;
  }
  sum_block(begin, count_from(begin), sums[0]);
  int here = 0;
  for (std::int64_t r0 = begin; r0 < end; r0 += block, here = 1 - here) {
    const std::int64_t next = r0 + block;
    if (next >= end) return use(r0, count_from(r0), sums[here], MapAlone{});
    Sums& of_next = sums[1 - here];
    SumsInPieces ahead(w, runs, count_from(next), rows_from(next, count_from(next), of_next));
    use(r0, count_from(r0), sums[here], [&](std::int64_t n, auto map) { ahead.next(n, map); });
    ahead.finish(of_next.of);
  }
}

/// Rows that one block works on: as many as keep a block's values in the first-level cache, eights where they can be.
inline int block_rows(std::int64_t row_values) {
  const std::int64_t rows = std::clamp<std::int64_t>(4096 / std::max<std::int64_t>(row_values, 1), 1, most_rows);
  return static_cast<int>(rows < 8 ? rows : rows / 8 * 8);
}

/// Rows a thread takes at a time: whole blocks of about 16k values; of more where each chunk begins with sums alone and
/// ends with a fence.
inline std::int64_t grain_rows(std::int64_t row_values, bool past_caches = false) {
  const std::int64_t values = past_caches ? 524288 : 16384;
  const std::int64_t rows = values / std::max<std::int64_t>(row_values, 1), block = block_rows(row_values);
  return std::max(block, rows / block * block);
}

}  // namespace eg::kernels
