#pragma once
// Row formulas shared by the norms with one weight a channel, each in T and, for extreme rows, in double.
// What is not inline here exists once on purpose: two inlined copies may round differently where a compiler fuses a
// product and a sum in one of them only (Note [Same bits for a row]).
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "row_stats.h"
#include "row_sums.h"
#include "scratch.h"

namespace eg::kernels {

/// y = (x - mean) rstd w + b as y = (x - hi) scale + shift for up to 8 runs; extreme runs in double instead.
template <class T>
struct NormCoefs {
  alignas(64) double mean[8] = {}, rstd[8] = {}, w[8] = {}, b[8] = {};  // set these of each run, then call prepare()
  alignas(64) T hi[8], scale[8], shift[8];
  bool any_extreme;

  void prepare(int count);

  void apply(const RowWalk<T>& walk, int i, const T* x, T* y) const {
    if (any_extreme && is_extreme<T>(mean[i], rstd[i])) {
      for (std::int64_t k = 0; k < walk.length; ++k)
        y[k] = static_cast<T>((static_cast<double>(x[k]) - mean[i]) * rstd[i] * w[i] + b[i]);
      return;
    }
    const Simd<T> h = Simd<T>{} + hi[i], s = Simd<T>{} + scale[i], t = Simd<T>{} + shift[i];
    map_row(
        walk, y, [=](Simd<T> v) { return (v - h) * s + t; }, x);
  }
};

/// look_at(r0, i), then output(r0, i), for each block of rows from r0 on in [begin, end); i, 0 or 1, says where the one
/// leaves what the other takes. Short rows: the sums of the next block stand before the output of this one, which hides
/// their latency. Long rows, fewer than 8 a block: the output follows while the first-level cache holds the block.
template <class LookAt, class Output>
inline void each_block(std::int64_t begin, std::int64_t end, int block, LookAt look_at, Output output) {
  const std::int64_t ahead = block < 8 ? 0 : block;
  int now = 0;
  if (ahead > 0) look_at(begin, now);
  for (std::int64_t r0 = begin; r0 < end; r0 += block) {
    const int next = ahead > 0 ? 1 - now : now;
    if (r0 + ahead < end) look_at(r0 + ahead, next);
    output(r0, now);
    now = next;
  }
}

/// The index after c in a cycle of C.
inline std::int64_t next_in(std::int64_t c, std::int64_t C) { return c + 1 == C ? 0 : c + 1; }

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

/// The terms g and g (x - hi), for block_sums<T, 2> and row_sums<T, 2>.
template <class T>
inline auto grad_terms(const RowWalk<T>& walk, T hi) {
  const Simd<T> m = Simd<T>{} + hi;
  return [m, &walk](Simd<T>* a, auto keep, Simd<T> gv, Simd<T> xv) {
    gv = keep(walk.in_register(gv));
    a[0] += gv;
    a[1] += gv * (xv - m);
  };
}

/// The sums of `count` <= 8 consecutive runs at g, x, with each run's mean and rstd. Not for extreme rows.
template <class T>
void eight_grad_sums(const RowWalk<T>& walk, int count, const T* g, const T* x, const double (&mean)[8],
                     const double (&rstd)[8], double (&sum_g)[8], double (&sum_gxh)[8]);

/// dx = rstd (w g - mean_g - xh mean_gxh) as dx = by_g g + by_x (x - hi) + constant for up to 8 runs, where the means
/// are those of w g and w g xh over the run's row.
template <class T>
struct GradCoefs {
  alignas(64) double mean[8] = {}, rstd[8] = {}, w[8] = {}, mean_g[8] = {}, mean_gxh[8] = {};  // as in NormCoefs
  alignas(64) T hi[8], by_g[8], by_x[8], constant[8];

  void prepare();

  void apply(const RowWalk<T>& walk, int i, const T* g, const T* x, T* dx) const {
    const Simd<T> h = Simd<T>{} + hi[i], a = Simd<T>{} + by_g[i], b = Simd<T>{} + by_x[i], c = Simd<T>{} + constant[i];
    map_row(
        walk, dx, [=](Simd<T> gv, Simd<T> xv) { return a * gv + (b * (xv - h) + c); }, g, x);
  }

  void apply_in_double(std::int64_t n, int i, const T* g, const T* x, T* dx) const {
    for (std::int64_t k = 0; k < n; ++k) {
      const double xh = (static_cast<double>(x[k]) - mean[i]) * rstd[i];
      dx[k] = static_cast<T>(rstd[i] * (w[i] * static_cast<double>(g[k]) - mean_g[i] - xh * mean_gxh[i]));
    }
  }
};

/// Whether a row's gradient must be made in double: its scale is extreme, or its sums overflowed in T.
template <class T>
inline bool grad_in_double(double mean, double rstd, double mean_g, double mean_gxh) {
  return is_extreme<T>(mean, rstd) || !(std::fabs(mean_g) < 1e300 && std::fabs(mean_gxh) < 1e300);
}

/// out[c] = sum over n of rows[n, c] in double, in the order of n.
template <class In, class T>
inline void sum_over_n(std::int64_t N, std::int64_t C, const In* rows, T* out) {
  constexpr std::int64_t part = 256;
  for (std::int64_t c0 = 0; c0 < C; c0 += part) {
    double sum[part] = {};
    const std::int64_t count = std::min(part, C - c0);
    for (std::int64_t n = 0; n < N; ++n)
      for (std::int64_t c = 0; c < count; ++c) sum[c] += static_cast<double>(rows[n * C + c0 + c]);
    for (std::int64_t c = 0; c < count; ++c) out[c0 + c] = static_cast<T>(sum[c]);
  }
}

/// Room for n values while one call lasts.
template <class T>
T* norm_scratch(std::int64_t n) {
  return scratch<7, T>(n);
}

template <class T>
inline double at(const T* p, std::int64_t i, double otherwise) {
  return p ? static_cast<double>(p[i]) : otherwise;
}

}  // namespace eg::kernels
