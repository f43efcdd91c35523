#include "row_stats.h"

#include <algorithm>
#include <limits>

#include "lanes.h"
#include "row_sums.h"

// Note [Row statistics]
// Chan, Golub, LeVeque 1983, "Algorithms for computing the sample variance", corrected two-pass around a shift m0:
//   d = x - m0;  mean = m0 + sum d / L;  var = (sum d^2 - (sum d)^2 / L) / L
// The shift need not be the mean, only near it: with k = |mean - m0| / std the relative error of var grows by 1 + k^2.
// So m0 is the row's first value, which costs nothing, and a row that ends with k^2 > 8 is swept once more around the
// mean just found. Equal values give d = 0, hence the exact mean and var = 0.
// Sums run in T for at most 16 values a lane and go on in double. Rows whose squares leave T's range are done again
// in double, scaled by a power of two.
namespace eg::kernels {
namespace {

template <class F, class T>
void each(const Rows<T>& rows, int r, F f) {
  for (std::int64_t s = 0; s < rows.runs; ++s)
    for (std::int64_t i = 0; i < rows.walk.length; ++i)
      f(static_cast<double>(rows.x[r * rows.row_stride + s * rows.run_stride + i]));
}

template <class T>
void extreme_row(const Rows<T>& rows, int r, double eps, bool centered, RowStats& out) {
  const double L = rows.values(), first = static_cast<double>(rows.x[r * rows.row_stride]);
  double largest = 0;
  bool finite = true;
  each(rows, r, [&](double x) {
    finite = finite && std::isfinite(x);
    largest = std::max(largest, std::fabs(x));
  });
  if (!finite) {
    out.mean[r] = out.var[r] = out.rstd[r] = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  // Bounds on the exponent keep eps scale^2 and the squares in range.
  const double scale = std::ldexp(1.0, -std::max(std::ilogb(std::max(largest, 1e-140)), -470));
  const double m0 = centered ? first * scale : 0;
  double mean = m0, var = 0, sum = 0, rest = 0;
  if (centered) {
    each(rows, r, [&](double x) { sum += x * scale - m0; });
    mean = m0 + sum / L;
  }
  each(rows, r, [&](double x) {
    const double d = x * scale - mean;
    rest += d;
    var += d * d;
  });
  var = centered ? std::max(0.0, (var - rest * (rest / L)) / L) : var / L;
  out.mean[r] = mean / scale;
  out.var[r] = var / scale / scale;
  out.rstd[r] = var > 0 ? scale / std::sqrt(var + eps * scale * scale) : 1 / std::sqrt(eps);
}

}  // namespace

template <class T>
void stats_sums(const Rows<T>& rows, int count, bool centered, StatsSums<T>& sums) {
  block_sums<T, 2>(rows.walk, rows.runs, count, sums.of, stats_rows(rows, count, centered, sums));
}

template <class T>
void finish_stats(const Rows<T>& rows, int count, double eps, bool centered, StatsSums<T>& sums, RowStats& out) {
  // Below tiny, squares may have underflowed; that shows only where eps does not hide it.
  constexpr double huge = sizeof(T) == 4 ? 1e36 : 1e300, tiny = sizeof(T) == 4 ? 1e-28 : 1e-280;
  constexpr double limit = sizeof(T) == 4 ? 1e18 : 1e150;
  const double least = eps < tiny * 1e8 ? tiny : -1, per_value = 1 / rows.values();
  struct Odd {
    i64x8 far, extreme;
  };
  const auto eight = [&](int r) {
    const f64x8 sum = load<f64x8>(sums.of[0] + r), square = load<f64x8>(sums.of[1] + r);
    const f64x8 offset = centered ? sum * per_value : f64x8{};
    const f64x8 mean = convert<f64x8>(load<Eight<T>>(sums.m0 + r)) + offset, v = (square - sum * offset) * per_value;
    const f64x8 var = select(v > 0.0, v, f64x8{});  // 0 for NaN too, which extreme_row looks into
    store(out.mean + r, mean);
    store(out.var + r, var);
    store(out.rstd + r, 1.0 / sqrt(var + eps));
    return Odd{offset * offset > 8.0 * var, ~((square < huge) & (mean < limit) & (mean > -limit) & (var > least))};
  };
  Odd odd[most_rows / 8];
  i64x8 any{};
  for (int r = 0; r < count; r += 8) odd[r / 8] = eight(r), any |= odd[r / 8].far | odd[r / 8].extreme;
  if (lane_sum(any) == 0) return;
  for (int r = 0; r < count; ++r) {
    if (odd[r / 8].far[r % 8] == 0) continue;
    const Rows<T> row{rows.walk, rows.x + r * rows.row_stride, 0, rows.runs, rows.run_stride};
    StatsSums<T> again;
    again.m0[0] = sums.m0[r] = static_cast<T>(out.mean[r]);
    block_sums<T, 2>(rows.walk, rows.runs, 1, again.of, square_rows(row, again));
    sums.of[0][r] = again.of[0][0], sums.of[1][r] = again.of[1][0];
    odd[r / 8].extreme = eight(r / 8 * 8).extreme;
  }
  for (int r = 0; r < count; ++r)
    if (odd[r / 8].extreme[r % 8] != 0) extreme_row(rows, r, eps, centered, out);
}

#define EG_INSTANTIATE(T)                                             \
  template void stats_sums(const Rows<T>&, int, bool, StatsSums<T>&); \
  template void finish_stats(const Rows<T>&, int, double, bool, StatsSums<T>&, RowStats&);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
