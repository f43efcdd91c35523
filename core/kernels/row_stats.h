#pragma once
// Mean, biased variance and 1/std of rows: the one statistics kernel of the normalization family.
#include <cmath>
#include <cstdint>

#include "row_sums.h"

namespace eg::kernels {

/// Up to 8 rows. Row r is `runs` runs as `walk` walks them, run s at x + r row_stride + s run_stride.
template <class T>
struct Rows {
  const RowWalk<T>& walk;
  const T* x;
  std::int64_t row_stride, runs = 1, run_stride = 0;
  double values() const { return static_cast<double>(runs * walk.length); }
};

struct RowStats {
  alignas(64) double mean[8], var[8], rstd[8];
};

/// Statistics of `count` <= 8 rows; Note [Row statistics]. Not centered: mean 0, var = mean of squares (RMS norm).
/// rstd = 1 / sqrt(var + eps), eps > 0. A row with a NaN or an infinity has NaN statistics.
template <class T>
void row_stats(const Rows<T>& rows, int count, double eps, bool centered, RowStats& out);

/// Whether arithmetic in T would overflow or underflow on a row with these statistics; it then works in double.
template <class T>
inline bool is_extreme(double mean, double rstd) {
  constexpr double big = sizeof(T) == 4 ? 1e18 : 1e150, low = sizeof(T) == 4 ? 1e-12 : 1e-120;
  return !(std::fabs(mean) < big && rstd > low && rstd < 1 / low);
}

/// A mean as a value of T and what that leaves, so that x - mean keeps its digits where |mean| is far above the std.
template <class T>
struct SplitMean {
  explicit SplitMean(double mean) : hi(static_cast<T>(mean)), lo(mean - static_cast<double>(hi)) {}
  T hi;
  double lo;
};

}  // namespace eg::kernels
