// Layer norm and RMS norm: weight and bias per element, so their gradients are sums over the rows.
#include <eigengrad/core/parallel.h>

#include "normalize.h"
#include "norm_rows.h"

namespace eg::kernels {
namespace {

template <class T>
void normalize_elements(const RowWalk<T>& walk, const T* x, const T* weight, const T* bias, double mean, double rstd,
                        T* y) {
  if (is_extreme<T>(mean, rstd)) {
    for (std::int64_t i = 0; i < walk.length; ++i)
      y[i] = static_cast<T>((static_cast<double>(x[i]) - mean) * rstd * at(weight, i, 1) + at(bias, i, 0));
    return;
  }
  using V = Simd<T>;
  const SplitMean<T> m(mean);
  const V hi = V{} + m.hi, s = V{} + static_cast<T>(rstd), shift = V{} + static_cast<T>(-m.lo * rstd);
  if (weight && bias)
    map_row(walk, y, [=](V v, V w, V b) { return ((v - hi) * s + shift) * w + b; }, x, weight, bias);
  else if (weight)
    map_row(walk, y, [=](V v, V w) { return ((v - hi) * s + shift) * w; }, x, weight);
  else if (bias)
    map_row(walk, y, [=](V v, V b) { return ((v - hi) * s + shift) + b; }, x, bias);
  else
    map_row(walk, y, [=](V v) { return (v - hi) * s + shift; }, x);
}

// Rows of one block in the backward pass: dx = rstd (w g - mean_g - xh mean_gxh).
template <class T> struct BlockOfRows {
  int count = 0;
  std::int64_t row[8];
  T hi[8], rstd[8], shift[8], by_x[8], constant[8];  // xh = (x - hi) rstd + shift;  dx = rstd w g + by_x (x - hi) + constant
  void add(std::int64_t r, double mean, double inv, double mean_g, double mean_gxh) {
    const SplitMean<T> m(mean);
    const double bx = -inv * inv * mean_gxh;
    row[count] = r, hi[count] = m.hi, rstd[count] = static_cast<T>(inv), shift[count] = static_cast<T>(-m.lo * inv);
    by_x[count] = static_cast<T>(bx), constant[count] = static_cast<T>(-inv * mean_g - bx * m.lo);
    ++count;
  }
};

// dx of the block's rows, and their terms of dweight and dbias added to dw[M], db[M] where those exist.
template <class T>
void grad_block(const RowWalk<T>& walk, const BlockOfRows<T>& rows, const T* g, const T* x, const T* weight, T* dx,
                T* dw, T* db) {
  using V = Simd<T>;
  V last[8];
  const auto column = [&](auto get, auto put, V* dwv, V* dbv) {
    const V one = V{} + T(1), w = weight ? get(weight) : one;
    V sum_w{}, sum_b{};
    for (int i = 0; i < rows.count; ++i) {
      const V gv = get(g + rows.row[i] * walk.length), d = get(x + rows.row[i] * walk.length) - rows.hi[i];
      sum_w += gv * (d * rows.rstd[i] + rows.shift[i]);
      sum_b += gv;
      if (dx) put(i, (gv * w) * rows.rstd[i] + (d * rows.by_x[i] + rows.constant[i]));
    }
    *dwv = sum_w, *dbv = sum_b;
  };
  V sum_w, sum_b;
  if (walk.rest) {
    column([&](const T* p) { return walk.load_last(p); }, [&](int i, V v) { last[i] = v; }, &sum_w, &sum_b);
    if (dw) {
      walk.store_last(dw, walk.load_last(dw) + walk.only_fresh(sum_w));
      walk.store_last(db, walk.load_last(db) + walk.only_fresh(sum_b));
    }
  }
  for (std::int64_t j = 0; j < walk.full; j += walk.N) {
    column([&](const T* p) { return load<V>(p + j); }, [&](int i, V v) { store(dx + rows.row[i] * walk.length + j, v); },
           &sum_w, &sum_b);
    if (dw) {
      store(dw + j, load<V>(dw + j) + sum_w);
      store(db + j, load<V>(db + j) + sum_b);
    }
  }
  if (walk.rest && dx)
    for (int i = 0; i < rows.count; ++i) walk.store_last(dx + rows.row[i] * walk.length, last[i]);
}

template <class T>
void extreme_row_grad(std::int64_t M, const T* g, const T* x, const T* weight, double mean, double rstd, bool centered,
                      T* dx, T* dw, T* db) {
  double sum_g = 0, sum_gxh = 0;
  for (std::int64_t i = 0; i < M; ++i) {
    const double gw = static_cast<double>(g[i]) * at(weight, i, 1), xh = (static_cast<double>(x[i]) - mean) * rstd;
    sum_g += gw, sum_gxh += gw * xh;
  }
  const double mean_g = centered ? sum_g / static_cast<double>(M) : 0, mean_gxh = sum_gxh / static_cast<double>(M);
  for (std::int64_t i = 0; i < M; ++i) {
    const double gi = static_cast<double>(g[i]), xh = (static_cast<double>(x[i]) - mean) * rstd;
    if (dw) {
      dw[i] += static_cast<T>(gi * xh);
      db[i] += static_cast<T>(gi);
    }
    if (dx) dx[i] = static_cast<T>(rstd * (gi * at(weight, i, 1) - mean_g - xh * mean_gxh));
  }
}

// Sums of w g and w g (x - hi) over a row.
template <class T>
void weighted_sums(const RowWalk<T>& walk, const T* g, const T* x, const T* weight, T hi, f64x8* sums) {
  if (!weight) return add_grad_sums(walk, g, x, hi, sums);
  const Simd<T> m = Simd<T>{} + hi;
  const auto terms = [m](Simd<T>* a, auto keep, Simd<T> gv, Simd<T> xv, Simd<T> w) {
    const Simd<T> gw = keep(gv * w);
    a[0] += gw;
    a[1] += gw * (xv - m);
  };
  row_sums<T, 2>(walk, sums, terms, g, x, weight);
}

}  // namespace

template <class T>
void layer_norm(std::int64_t R, std::int64_t M, const T* x, const T* weight, const T* bias, double eps, bool centered,
                T* y, double* mean, double* rstd) {
  const RowWalk<T> walk(M);
  const int block = block_rows(M);
  detail::parallel_for(R, grain_rows(M), [&](std::int64_t begin, std::int64_t end) {
    RowStats stats;
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      row_stats<T>({x + r0 * M, M, 1, 0, M}, count, eps, centered, stats);
      for (int i = 0; i < count; ++i) {
        mean[r0 + i] = stats.mean[i];
        rstd[r0 + i] = stats.rstd[i];
        normalize_elements(walk, x + (r0 + i) * M, weight, bias, stats.mean[i], stats.rstd[i], y + (r0 + i) * M);
      }
    }
  });
}

template <class T>
void layer_norm_backward(std::int64_t R, std::int64_t M, const T* g, const T* x, const double* mean,
                         const double* rstd, const T* weight, bool centered, T* dx, T* dweight, T* dbias) {
  const RowWalk<T> walk(M);
  const bool sums = dweight || dbias;
  const int block = block_rows(2 * M);
  // Each chunk of rows has its own dweight and dbias in T, at most 256 rows deep; chunks meet in double, in order.
  const std::int64_t grain = std::clamp<std::int64_t>(grain_rows(2 * M), 32, 256), chunks = (R + grain - 1) / grain;
  const std::unique_ptr<T[]> parts(sums ? new T[static_cast<std::size_t>(2 * chunks * M)]() : nullptr);
  detail::parallel_for(R, grain, [&](std::int64_t begin, std::int64_t end) {
    T* const dw = sums ? parts.get() + begin / grain * 2 * M : nullptr;
    T* const db = sums ? dw + M : nullptr;
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      f64x8 a[8] = {}, b[8] = {};
      for (int i = 0; i < count; ++i) {
        f64x8 s[2] = {};
        weighted_sums(walk, g + (r0 + i) * M, x + (r0 + i) * M, weight, SplitMean<T>(mean[r0 + i]).hi, s);
        a[i] = s[0], b[i] = s[1];
      }
      alignas(64) double mean_g[8], mean_gxh[8];
      store(mean_g, reduce8(a) / static_cast<double>(M));
      store(mean_gxh, reduce8(b) / static_cast<double>(M));
      BlockOfRows<T> rows;
      for (int i = 0; i < count; ++i) {
        const double mu = mean[r0 + i], r = rstd[r0 + i];
        const double mgx = (mean_gxh[i] - SplitMean<T>(mu).lo * mean_g[i]) * r;
        const std::int64_t at_row = (r0 + i) * M;
        if (is_extreme<T>(mu, r) || !std::isfinite(mean_g[i]) || !std::isfinite(mgx))
          extreme_row_grad(M, g + at_row, x + at_row, weight, mu, r, centered, dx ? dx + at_row : nullptr, dw, db);
        else
          rows.add(r0 + i, mu, r, centered ? mean_g[i] : 0, mgx);
      }
      if (rows.count) grad_block(walk, rows, g, x, weight, dx, dw, db);
    }
  });
  if (!sums) return;
  Scratch scratch(2 * M);
  double* const total = scratch.data();
  std::fill_n(total, 2 * M, 0.0);
  for (std::int64_t k = 0; k < chunks; ++k)
    for (std::int64_t i = 0; i < 2 * M; ++i) total[i] += static_cast<double>(parts[static_cast<std::size_t>(k * 2 * M + i)]);
  for (std::int64_t i = 0; i < M; ++i) {
    if (dweight) dweight[i] = static_cast<T>(total[i]);
    if (dbias) dbias[i] = static_cast<T>(total[M + i]);
  }
}

#define EG_INSTANTIATE(T)                                                                                          \
  template void layer_norm(std::int64_t, std::int64_t, const T*, const T*, const T*, double, bool, T*, double*,    \
                           double*);                                                                               \
  template void layer_norm_backward(std::int64_t, std::int64_t, const T*, const T*, const double*, const double*, \
                                    const T*, bool, T*, T*, T*);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
