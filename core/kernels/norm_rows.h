#pragma once
// Row formulas shared by the norms with one weight a channel, each in T and, for extreme rows, in double.
// What is not inline here exists once on purpose: two inlined copies may round differently where a compiler fuses a
// product and a sum in one of them only (Note [Same bits for a row]).
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lanes.h"
#include "row_stats.h"
#include "row_sums.h"
#include "scratch.h"

namespace eg::kernels {

/// Rows so short that the work between them counts, so that they are mapped together though their columns share
/// nothing.
template <class T>
inline bool short_rows(const RowWalk<T>& walk) {
  return walk.length <= 4 * walk.N;
}

/// y = (x - mean) rstd w + b as y = (x - hi) scale + shift for up to most_rows runs; extreme runs in double instead.
template <class T>
struct NormCoefs : RowStats {
  alignas(64) double w[most_rows], b[most_rows];  // set these, mean and rstd of each run, then call prepare()
  alignas(64) T hi[most_rows], scale[most_rows], shift[most_rows];
  bool any_extreme;

  NormCoefs() {  // lanes of no run are ordinary
    for (auto* of_runs : {&this->mean, &w, &b}) fill(*of_runs, 0.0);
    fill(this->rstd, 1.0);
  }

  void prepare(int count);

  template <class Between>
  void apply(const RowWalk<T>& walk, int i, const T* x, T* y, Between between) const {
    if (any_extreme && !is_ordinary<T>(mean[i], rstd[i])) {
      for (std::int64_t k = 0; k < walk.length; ++k)
        y[k] = static_cast<T>((static_cast<double>(x[k]) - mean[i]) * rstd[i] * w[i] + b[i]);
      return;
    }
    const Simd<T> h = Simd<T>{} + hi[i], s = Simd<T>{} + scale[i], t = Simd<T>{} + shift[i];
    map_row_with(
        walk, y, [=](Simd<T> v) { return (v - h) * s + t; }, between, x);
  }

  /// Of `count` rows that follow one another.
  template <class Between>
  void apply_rows(const RowWalk<T>& walk, int count, const T* x, T* y, Between between) const {
    const std::int64_t L = walk.length;
    if (any_extreme || taken_ahead<Between> || !short_rows(walk)) {
      for (int i = 0; i < count; ++i) apply(walk, i, x + i * L, y + i * L, between);
      return;
    }
    by_columns(walk, count, y, [=, this](std::int64_t, auto get, auto put) {
      const T* in = x;
      for (int i = 0; i < count; ++i, in += L) put(i, (get(in) - hi[i]) * scale[i] + shift[i]);
    });
  }
};

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
inline auto grad_terms(T hi) {
  const Simd<T> m = Simd<T>{} + hi;
  return [m](Simd<T>* a, auto keep, Simd<T> gv, Simd<T> xv) {
    gv = keep(in_register(gv));
    a[0] += gv;
    a[1] += gv * (xv - m);
  };
}

/// g and gxh of runs.
struct RunSums {
  alignas(64) double g[most_rows], gxh[most_rows];
};

/// The rows of runs that follow one another at g, x, of length L, for sums of grad_terms; mean[0] is that of the first.
template <class T>
inline auto grad_runs(const T* g, const T* x, std::int64_t L, const double* mean) {
  return [=](int r, std::int64_t, auto sum) { sum(grad_terms(static_cast<T>(mean[r])), g + r * L, x + r * L); };
}

/// The sums of grad_terms of `count` <= most_rows such runs, each with its mean.
template <class T>
void run_sums(const RowWalk<T>& walk, int count, const T* g, const T* x, const double* mean, RowSums& sums);

/// g and gxh of the runs from them. Not for extreme rows.
template <class T>
void finish_grad_sums(int count, const RowSums& of, const double* mean, const double* rstd, RunSums& sums);

/// Both: g and gxh of `count` <= most_rows runs.
template <class T>
inline void run_grad_sums(const RowWalk<T>& walk, int count, const T* g, const T* x, const double* mean,
                          const double* rstd, RunSums& sums) {
  RowSums of;
  run_sums(walk, count, g, x, mean, of);
  finish_grad_sums<T>(count, of, mean, rstd, sums);
}

/// dx = rstd (w g - mean_g - xh mean_gxh) as dx = by_g g + by_x (x - hi) + constant for up to most_rows runs, where the
/// means are those of w g and w g xh over the run's row; in double instead where in_double.
template <class T>
struct GradCoefs {
  alignas(64) double mean[most_rows], rstd[most_rows], w[most_rows], mean_g[most_rows], mean_gxh[most_rows];
  alignas(64) T hi[most_rows], by_g[most_rows], by_x[most_rows], constant[most_rows];
  bool in_double[most_rows], any_in_double = false;  // each counts where there is any

  GradCoefs() {  // lanes of no run are ordinary
    for (auto* of_runs : {&mean, &w, &mean_g, &mean_gxh}) fill(*of_runs, 0.0);
    fill(rstd, 1.0);
  }

  void prepare(int count);

  template <class Between>
  void apply(const RowWalk<T>& walk, int i, const T* g, const T* x, T* dx, Between between) const {
    if (any_in_double && in_double[i]) return apply_in_double(walk.length, i, g, x, dx);
    const Simd<T> h = Simd<T>{} + hi[i], a = Simd<T>{} + by_g[i], b = Simd<T>{} + by_x[i], c = Simd<T>{} + constant[i];
    map_row_with(
        walk, dx, [=](Simd<T> gv, Simd<T> xv) { return a * gv + (b * (xv - h) + c); }, between, g, x);
  }

  /// Of `count` rows that follow one another.
  template <class Between>
  void apply_rows(const RowWalk<T>& walk, int count, const T* g, const T* x, T* dx, Between between) const {
    const std::int64_t L = walk.length;
    if (any_in_double || taken_ahead<Between> || !short_rows(walk)) {
      for (int i = 0; i < count; ++i) apply(walk, i, g + i * L, x + i * L, dx + i * L, between);
      return;
    }
    by_columns(walk, count, dx, [=, this](std::int64_t, auto get, auto put) {
      const T *gi = g, *xi = x;
      for (int i = 0; i < count; ++i, gi += L, xi += L)
        put(i, by_g[i] * get(gi) + (by_x[i] * (get(xi) - hi[i]) + constant[i]));
    });
  }

  void apply_in_double(std::int64_t n, int i, const T* g, const T* x, T* dx) const {
    for (std::int64_t k = 0; k < n; ++k) {
      const double xh = (static_cast<double>(x[k]) - mean[i]) * rstd[i];
      dx[k] = static_cast<T>(rstd[i] * (w[i] * static_cast<double>(g[k]) - mean_g[i] - xh * mean_gxh[i]));
    }
  }
};

/// Whether a row's gradient can be made in T: its scale is ordinary, and its sums did not overflow. Of a row or of
/// eight.
template <class T, class D>
inline auto is_ordinary_grad(D mean, D rstd, D sum_g, D sum_gxh) {
  return is_ordinary<T>(mean, rstd) & (sum_g < 1e300) & (sum_g > -1e300) & (sum_gxh < 1e300) & (sum_gxh > -1e300);
}

/// out[c] = sum over n of rows[n, c] in double, in the order of n.
template <class In, class T>
inline void sum_over_n(std::int64_t N, std::int64_t C, const In* rows, T* out) {
  constexpr std::int64_t part = 256;
  for (std::int64_t c0 = 0; c0 < C; c0 += part) {
    double sum[part];
    const std::int64_t count = std::min(part, C - c0);
    std::fill_n(sum, count, 0.0);
    for (std::int64_t n = 0; n < N; ++n)
      for (std::int64_t c = 0; c < count; ++c) sum[c] += static_cast<double>(rows[n * C + c0 + c]);
    for (std::int64_t c = 0; c < count; ++c) out[c0 + c] = static_cast<T>(sum[c]);
  }
}

/// out[i] = the parameter of channel c + i in a cycle of C, for i < count.
template <class T>
inline void cycle_params(const T* p, std::int64_t c, std::int64_t C, int count, double otherwise,
                         double (&out)[most_rows]) {
  if (!p) {
    for (int i = 0; i < count; i += 8) store(out + i, f64x8{} + otherwise);
    return;
  }
  for (int i = 0; i < count;) {
    if (i + 8 <= most_rows && c + 8 <= C) {
      store(out + i, convert<f64x8>(load<Eight<T>>(p + c)));
      i += 8, c += 8;
    } else {
      out[i++] = static_cast<double>(p[c++]);
    }
    if (c == C) c = 0;
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
