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

/// Statistics of `count` <= most_rows rows; Note [Row statistics]. Not centered: mean 0, var = mean of squares (RMS
/// norm). rstd = 1 / sqrt(var + eps), eps > 0. A row with a NaN or an infinity has NaN statistics.
template <class T>
void row_stats(const Rows<T>& rows, int count, double eps, bool centered, RowStats& out);

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
