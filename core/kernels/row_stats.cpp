#include "row_stats.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "row_sums.h"

// Note [Row statistics]
// Chan, Golub, LeVeque 1983, "Algorithms for computing the sample variance", corrected two-pass around a shift m0:
//   d = x - m0;  mean = m0 + sum d / L;  var = (sum d^2 - (sum d)^2 / L) / L
// The shift need not be the mean, only near it: with k = |mean - m0| / std the relative error of var grows by 1 + k^2.
// So m0 is the mean of the row's first 8 values, which costs no sweep, and a row that ends with k^2 > 8 is swept once
// more around the mean just found. Equal values give d = 0 (or one exact d), hence the exact mean and var = 0.
// Sums run in T for at most 16 values a lane and go on in double. Rows whose squares leave T's range are done again
// in double, scaled by a power of two.
namespace eg::kernels {
namespace {

template <class T> using First8 = std::conditional_t<sizeof(T) == 4, f32x8, f64x8>;

template <class T> First8<T> load_first(const T* x, std::int64_t n) {
  if (n >= 8) return load<First8<T>>(x);
  First8<T> v{};
  for (std::int64_t i = 0; i < n; ++i) v[i] = x[i];
  return v;
}

template <class T> void sum_row(const Rows<T>& rows, const RowWalk<T>& walk, int r, T m0, f64x8* sums) {
  const Simd<T> m = Simd<T>{} + m0;
  const auto terms = [m](Simd<T>* a, auto keep, Simd<T> x) {
    const Simd<T> d = keep(x - m);
    a[0] += d;
    a[1] += d * d;
  };
  for (std::int64_t s = 0; s < rows.segments; ++s)
    row_sums<T, 2>(walk, sums, terms, rows.x + r * rows.row_stride + s * rows.segment_stride);
}

template <class F, class T> void each(const Rows<T>& rows, int r, F f) {
  for (std::int64_t s = 0; s < rows.segments; ++s)
    for (std::int64_t i = 0; i < rows.length; ++i)
      f(static_cast<double>(rows.x[r * rows.row_stride + s * rows.segment_stride + i]));
}

template <class T> void extreme_row(const Rows<T>& rows, int r, double eps, bool centered, RowStats& out) {
  const double L = static_cast<double>(rows.values()), first = static_cast<double>(rows.x[r * rows.row_stride]);
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

template <class T> void row_stats(const Rows<T>& rows, int count, double eps, bool centered, RowStats& out) {
  const double L = static_cast<double>(rows.values());
  const RowWalk<T> walk(rows.length);
  alignas(64) T m0[8] = {};
  if (centered) {
    First8<T> first[8] = {};
    for (int r = 0; r < count; ++r) first[r] = load_first(rows.x + r * rows.row_stride, rows.length);
    store(m0, reduce8(first) / static_cast<T>(std::min<std::int64_t>(8, rows.length)));
  }
  f64x8 s[8] = {}, q[8] = {};
  for (int r = 0; r < count; ++r) {
    f64x8 sums[2] = {};
    sum_row(rows, walk, r, m0[r], sums);
    s[r] = sums[0];
    q[r] = sums[1];
  }
  alignas(64) double sum[8], square[8], offset[8];
  store(sum, reduce8(s));
  store(square, reduce8(q));
  const auto finish = [&](int begin, int end) {
    for (int r = begin; r < end; ++r) {
      offset[r] = centered ? sum[r] / L : 0;
      const double v = (square[r] - sum[r] * offset[r]) / L;
      out.var[r] = v > 0 ? v : 0;  // also NaN, which extreme_row looks into
      out.mean[r] = static_cast<double>(m0[r]) + offset[r];
      out.rstd[r] = 1 / std::sqrt(out.var[r] + eps);
    }
  };
  finish(0, 8);
  // Below tiny, squares may have underflowed; that shows only where eps does not hide it.
  constexpr double huge = sizeof(T) == 4 ? 1e36 : 1e300, tiny = sizeof(T) == 4 ? 1e-28 : 1e-280;
  constexpr double limit = sizeof(T) == 4 ? 1e18 : 1e150;
  const double least = eps < tiny * 1e8 ? tiny : -1;
  for (int r = 0; r < count; ++r) {
    if (offset[r] * offset[r] > 8 * out.var[r]) {
      f64x8 again[2] = {}, ss[8] = {}, qq[8] = {};
      m0[r] = static_cast<T>(out.mean[r]);
      sum_row(rows, walk, r, m0[r], again);
      ss[0] = again[0], qq[0] = again[1];
      sum[r] = reduce8(ss)[0], square[r] = reduce8(qq)[0];
      finish(r, r + 1);
    }
    if (!(square[r] < huge && std::fabs(out.mean[r]) < limit && out.var[r] > least))
      extreme_row(rows, r, eps, centered, out);
  }
}

template void row_stats(const Rows<float>&, int, double, bool, RowStats&);
template void row_stats(const Rows<double>&, int, double, bool, RowStats&);

}  // namespace eg::kernels
