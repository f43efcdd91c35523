#pragma once
// Mean, biased variance and 1/std of rows: the one statistics kernel of the normalization family.
#include <cmath>
#include <cstdint>

#include "row_sums.h"

namespace eg::kernels {

/// Up to most_rows rows. Row r is `runs` runs as `walk` walks them, run s at x + r row_stride + s run_stride.
template <class T>
struct Rows {
  const RowWalk<T>& walk;
  const T* x;
  std::int64_t row_stride, runs = 1, run_stride = 0;
  double values() const { return static_cast<double>(runs * walk.length); }
};

struct RowStats {
  alignas(64) double mean[most_rows], var[most_rows], rstd[most_rows];
};

/// Sums of d and d^2, d = x - m0; see Note [Row statistics].
template <class T>
struct StatsSums : RowSums {
  alignas(64) T m0[most_rows];
};

/// The rows for such sums, around the m0 that sums.m0 has.
template <class T>
auto square_rows(const Rows<T>& rows, const StatsSums<T>& sums) {
  return [x = rows.x, row_stride = rows.row_stride, run_stride = rows.run_stride, m0 = sums.m0](int r, std::int64_t run,
                                                                                                auto sum) {
    const Simd<T> m = Simd<T>{} + m0[r];
    const auto terms = [m](Simd<T>* a, auto keep, Simd<T> v) {
      const Simd<T> d = keep(v - m);
      a[0] += d;
      a[1] += d * d;
    };
    sum(terms, x + r * row_stride + run * run_stride);
  };
}

/// square_rows around what statistics start from: each row's first value, or 0.
template <class T>
auto stats_rows(const Rows<T>& rows, int count, bool centered, StatsSums<T>& sums) {
  for (int r = 0; r < count; r += 8) store(sums.m0 + r, Eight<T>{});
  if (centered)
    for (int r = 0; r < count; ++r) sums.m0[r] = rows.x[r * rows.row_stride];
  return square_rows(rows, sums);
}

/// Statistics of `count` <= most_rows rows in two steps: the sums of stats_rows; and what they say, for which some may
/// be taken again. See Note [Row statistics]. Not centered: mean 0, var = mean of squares (RMS norm). rstd = 1 /
/// sqrt(var + eps), eps > 0. A row with a NaN or an infinity has NaN statistics.
template <class T>
void stats_sums(const Rows<T>& rows, int count, bool centered, StatsSums<T>& sums);
template <class T>
void finish_stats(const Rows<T>& rows, int count, double eps, bool centered, StatsSums<T>& sums, RowStats& out);

/// sum_and_map with statistics: use(r0, count, between) for each block of [begin, end) once `out` has those of
/// rows_at(r0).
template <class T, class RowsAt, class Use>
inline void stats_and_map(bool sums_ahead, std::int64_t begin, std::int64_t end, int block, double eps, bool centered,
                          RowStats& out, const RowsAt& rows_at, const Use& use) {
  const Rows<T> first = rows_at(begin);
  sum_and_map<T, StatsSums<T>>(
      first.walk, first.runs, sums_ahead, begin, end, block,
      [&](std::int64_t r0, int count, auto& sums) { stats_sums(rows_at(r0), count, centered, sums); },
      [&](std::int64_t r0, int count, auto& sums) { return stats_rows(rows_at(r0), count, centered, sums); },
      [&](std::int64_t r0, int count, auto& sums, auto between) {
        finish_stats(rows_at(r0), count, eps, centered, sums, out);
        use(r0, count, between);
      });
}

/// Whether arithmetic in T neither overflows nor underflows on a row with these statistics, else it works in double. Of
/// a row, or a mask of eight.
template <class T, class D>
inline auto is_ordinary(D mean, D rstd) {
  constexpr double big = sizeof(T) == 4 ? 1e18 : 1e150, low = sizeof(T) == 4 ? 1e-12 : 1e-120;
  return (mean < big) & (mean > -big) & (rstd > low) & (rstd < 1 / low);
}

/// A mean as a value of T and what that leaves, so that x - mean keeps its digits where |mean| is far above the std. Of
/// a row, or of eight.
template <class T, class D = double>
struct SplitMean {
  using Hi = std::conditional_t<std::is_same_v<D, double>, T, Eight<T>>;
  explicit SplitMean(D mean) : hi(to<Hi>(mean)), lo(mean - to<D>(hi)) {}
  Hi hi;
  D lo;

 private:
  template <class To, class From>
  static To to(From v) {
    if constexpr (std::is_arithmetic_v<To>)
      return static_cast<To>(v);
    else
      return convert<To>(v);
  }
};
template <class T>
SplitMean<T, f64x8> split_means(const double* mean) {
  return SplitMean<T, f64x8>(load<f64x8>(mean));
}

}  // namespace eg::kernels
