#pragma once
// Row formulas shared by the norms with one weight a channel, each in T and, for extreme rows, in double.
#include <cmath>
#include <cstdint>
#include <memory>

#include "row_stats.h"
#include "row_sums.h"

namespace eg::kernels {

/// y = (x - mean) rstd w + b over one run of a row.
template <class T>
inline void normalize_run(const RowWalk<T>& walk, const T* x, double mean, double rstd, double w, double b, T* y) {
  if (is_extreme<T>(mean, rstd)) {
    for (std::int64_t i = 0; i < walk.length; ++i)
      y[i] = static_cast<T>((static_cast<double>(x[i]) - mean) * rstd * w + b);
    return;
  }
  const SplitMean<T> m(mean);
  const double scale = rstd * w;
  const Simd<T> hi = Simd<T>{} + m.hi, s = Simd<T>{} + static_cast<T>(scale),
                shift = Simd<T>{} + static_cast<T>(b - m.lo * scale);
  map_row(walk, y, [=](Simd<T> v) { return (v - hi) * s + shift; }, x);
}

/// Sums of the gradient over a run: g, and g xh with xh = (x - mean) rstd.
struct GradSums {
  double g, gxh;
};

template <class T>
inline GradSums grad_sums_in_double(std::int64_t n, const T* g, const T* x, double mean, double rstd) {
  GradSums s{0, 0};
  for (std::int64_t i = 0; i < n; ++i) {
    s.g += static_cast<double>(g[i]);
    s.gxh += static_cast<double>(g[i]) * ((static_cast<double>(x[i]) - mean) * rstd);
  }
  return s;
}

/// Adds the vector sums of g and g (x - hi) over a run to sums[2].
template <class T> inline void add_grad_sums(const RowWalk<T>& walk, const T* g, const T* x, T hi, f64x8* sums) {
  const Simd<T> m = Simd<T>{} + hi;
  const auto terms = [m](Simd<T>* a, auto keep, Simd<T> gv, Simd<T> xv) {
    gv = keep(gv);
    a[0] += gv;
    a[1] += gv * (xv - m);
  };
  row_sums<T, 2>(walk, sums, terms, g, x);
}

/// The sums of `count` <= 8 consecutive runs from `first` on into sum_g[run], sum_gxh[run]; stats_of(run) is the index
/// of a run's mean and rstd. Not for extreme rows.
template <class T, class F>
inline void run_grad_sums(const RowWalk<T>& walk, std::int64_t first, std::int64_t count, const T* g, const T* x,
                          const double* mean, const double* rstd, F stats_of, double* sum_g, double* sum_gxh) {
  f64x8 a[8] = {}, b[8] = {};
  alignas(64) double lo[8] = {}, scale[8] = {}, sg[8], sgx[8];
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t run = first + i, s = stats_of(run);
    const SplitMean<T> m(mean[s]);
    f64x8 sums[2] = {};
    add_grad_sums(walk, g + run * walk.length, x + run * walk.length, m.hi, sums);
    a[i] = sums[0], b[i] = sums[1];
    lo[i] = m.lo, scale[i] = rstd[s];
  }
  store(sg, reduce8(a));
  store(sgx, reduce8(b));
  for (int i = 0; i < 8; ++i) sgx[i] = (sgx[i] - lo[i] * sg[i]) * scale[i];
  for (std::int64_t i = 0; i < count; ++i) sum_g[first + i] = sg[i], sum_gxh[first + i] = sgx[i];
}

/// dx = rstd (w g - mean_g - xh mean_gxh) over a run, where the means are those of w g and w g xh over the row.
template <class T>
inline void grad_run(const RowWalk<T>& walk, const T* g, const T* x, double mean, double rstd, double w, double mean_g,
                     double mean_gxh, bool in_double, T* dx) {
  if (in_double) {
    for (std::int64_t i = 0; i < walk.length; ++i) {
      const double xh = (static_cast<double>(x[i]) - mean) * rstd;
      dx[i] = static_cast<T>(rstd * (w * static_cast<double>(g[i]) - mean_g - xh * mean_gxh));
    }
    return;
  }
  const SplitMean<T> m(mean);
  const double by_x = -rstd * rstd * mean_gxh;
  const Simd<T> hi = Simd<T>{} + m.hi, a = Simd<T>{} + static_cast<T>(rstd * w), b = Simd<T>{} + static_cast<T>(by_x),
                c = Simd<T>{} + static_cast<T>(-rstd * mean_g - by_x * m.lo);
  map_row(walk, dx, [=](Simd<T> gv, Simd<T> xv) { return a * gv + (b * (xv - hi) + c); }, g, x);
}

/// out[c] = sum over n of rows[n, c], in the order of n.
template <class T> inline void sum_over_n(std::int64_t N, std::int64_t C, const double* rows, T* out) {
  constexpr std::int64_t part = 256;
  for (std::int64_t c0 = 0; c0 < C; c0 += part) {
    double sum[part] = {};
    const std::int64_t count = std::min(part, C - c0);
    for (std::int64_t n = 0; n < N; ++n)
      for (std::int64_t c = 0; c < count; ++c) sum[c] += rows[n * C + c0 + c];
    for (std::int64_t c = 0; c < count; ++c) out[c0 + c] = static_cast<T>(sum[c]);
  }
}

/// Doubles for the time of one call.
class Scratch {
 public:
  explicit Scratch(std::int64_t n) {
    if (n > 256) large_.reset(new double[static_cast<std::size_t>(n)]);
  }
  double* data() { return large_ ? large_.get() : small_; }

 private:
  std::unique_ptr<double[]> large_;
  double small_[256];
};

template <class T> inline double at(const T* p, std::int64_t i, double otherwise) {
  return p ? static_cast<double>(p[i]) : otherwise;
}

}  // namespace eg::kernels
