// Layer norm and RMS norm: weight and bias per element, so their gradients are sums over the rows.
#include <eigengrad/core/parallel.h>

#include "norm_rows.h"
#include "normalize.h"

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
    map_row(
        walk, y, [=](V v, V w, V b) { return ((v - hi) * s + shift) * w + b; }, x, weight, bias);
  else if (weight)
    map_row(
        walk, y, [=](V v, V w) { return ((v - hi) * s + shift) * w; }, x, weight);
  else if (bias)
    map_row(
        walk, y, [=](V v, V b) { return ((v - hi) * s + shift) + b; }, x, bias);
  else
    map_row(
        walk, y, [=](V v) { return (v - hi) * s + shift; }, x);
}

// Rows of one block in the backward pass: dx = rstd (w g - mean_g - xh mean_gxh).
template <class T>
struct BlockOfRows {
  int count = 0;
  std::int64_t row[8];
  T hi[8], rstd[8], shift[8], by_x[8],
      constant[8];  // xh = (x - hi) rstd + shift;  dx = rstd w g + by_x (x - hi) + constant
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
  const std::int64_t M = walk.length;
  // P vectors of columns at a time; get(p, k) reads and put(i, k, v) takes the k-th of row i.
  const auto columns = [&]<int P>(std::integral_constant<int, P>, auto get, auto put, V* sum_w, V* sum_b) {
    V w[P], sw[P] = {}, sb[P] = {};
    for (int k = 0; k < P; ++k) w[k] = weight ? get(weight, k) : V{} + T(1);
    for (int i = 0; i < rows.count; ++i) {
      const V hi = V{} + rows.hi[i], rstd = V{} + rows.rstd[i], shift = V{} + rows.shift[i], by_x = V{} + rows.by_x[i],
              constant = V{} + rows.constant[i];
      const T *const gr = g + rows.row[i] * M, *const xr = x + rows.row[i] * M;
      for (int k = 0; k < P; ++k) {
        const V gv = get(gr, k), d = get(xr, k) - hi;
        sw[k] += gv * (d * rstd + shift);
        sb[k] += gv;
        if (dx) put(i, k, (gv * w[k]) * rstd + (d * by_x + constant));
      }
    }
    for (int k = 0; k < P; ++k) sum_w[k] = sw[k], sum_b[k] = sb[k];
  };
  const auto at_column = [&]<int P>(std::integral_constant<int, P> p, std::int64_t j) {
    V sum_w[P], sum_b[P];
    columns(
        p, [j](const T* row, int k) { return load<V>(row + j + k * lanes<T>); },
        [&, j](int i, int k, V v) { store(dx + rows.row[i] * M + j + k * lanes<T>, v); }, sum_w, sum_b);
    if (!dw) return;
    for (int k = 0; k < P; ++k) {
      T *const pw = dw + j + k * lanes<T>, *const pb = db + j + k * lanes<T>;
      store(pw, load<V>(pw) + sum_w[k]);
      store(pb, load<V>(pb) + sum_b[k]);
    }
  };
  V last[8];  // dx may be g: read before any is stored, stored at the end
  if (walk.rest) {
    V sum_w, sum_b;
    columns(
        std::integral_constant<int, 1>{}, [&](const T* row, int) { return walk.load_last(row); },
        [&](int i, int, V v) { last[i] = v; }, &sum_w, &sum_b);
    if (dw) {
      walk.store_last(dw, walk.load_last(dw) + walk.only_fresh(sum_w));
      walk.store_last(db, walk.load_last(db) + walk.only_fresh(sum_b));
    }
  }
  std::int64_t j = 0;
  for (; j + 2 * walk.N <= walk.full; j += 2 * walk.N) at_column(std::integral_constant<int, 2>{}, j);
  for (; j < walk.full; j += walk.N) at_column(std::integral_constant<int, 1>{}, j);
  if (walk.rest && dx)
    for (int i = 0; i < rows.count; ++i) walk.store_last(dx + rows.row[i] * M, last[i]);
}

// Rows of one block of the backward pass: two at least, since dw and db are read and written once a block.
int grad_rows(std::int64_t M) { return std::max(2, block_rows(2 * M)); }

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

}  // namespace

template <class T>
void layer_norm(std::int64_t R, std::int64_t M, const T* x, const T* weight, const T* bias, double eps, bool centered,
                T* y, double* mean, double* rstd) {
  const RowWalk<T> walk(M, R * M);
  const int block = block_rows(M);
  detail::parallel_for(R, grain_rows(M), [&](std::int64_t begin, std::int64_t end) {
    RowStats stats[2];
    const auto look_at = [&](std::int64_t r0, int place) {
      RowStats& st = stats[place];
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      row_stats<T>({walk, x + r0 * M, M}, count, eps, centered, st);
      for (int i = 0; i < count; ++i) mean[r0 + i] = st.mean[i], rstd[r0 + i] = st.rstd[i];
    };
    each_block(begin, end, block, look_at, [&](std::int64_t r0, int now) {
      const std::int64_t r1 = std::min(r0 + block, end);
      for (std::int64_t r = r0; r < r1; ++r)
        normalize_elements(walk, x + r * M, weight, bias, stats[now].mean[r - r0], stats[now].rstd[r - r0], y + r * M);
    });
    walk.finish();
  });
}

template <class T>
void layer_norm_backward(std::int64_t R, std::int64_t M, const T* g, const T* x, const double* mean, const double* rstd,
                         const T* weight, bool centered, T* dx, T* dweight, T* dbias) {
  const RowWalk<T> walk(M);
  const bool sums = dweight || dbias;
  const double per_value = 1 / static_cast<double>(M);
  const int block = grad_rows(M);
  // Each chunk of rows has its own dweight and dbias in T, at most 256 rows deep; chunks meet in double, in order.
  const std::int64_t grain = std::clamp<std::int64_t>(grain_rows(2 * M), 32, 256), chunks = (R + grain - 1) / grain;
  T *const dweights = norm_scratch<T>(sums ? 2 * chunks * M : 1), *const dbiases =
                                                                      sums ? dweights + chunks * M : nullptr;
  detail::parallel_for(R, grain, [&](std::int64_t begin, std::int64_t end) {
    T* const dw = sums ? dweights + begin / grain * M : nullptr;
    T* const db = sums ? dbiases + begin / grain * M : nullptr;
    if (sums) std::fill_n(dw, M, T(0)), std::fill_n(db, M, T(0));
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      // Sums of w g and w g (x - hi).
      alignas(64) double of_block[2][8];
      block_sums<T, 2>(walk, 1, count, of_block, [&](int i, std::int64_t, auto sum) {
        const T hi = static_cast<T>(mean[r0 + i]);
        const T *const gr = g + (r0 + i) * M, *const xr = x + (r0 + i) * M;
        if (!weight) return sum(grad_terms(walk, hi), gr, xr);
        const Simd<T> m = Simd<T>{} + hi;
        const auto terms = [m](Simd<T>* a, auto keep, Simd<T> gv, Simd<T> xv, Simd<T> w) {
          const Simd<T> gw = keep(gv * w);
          a[0] += gw;
          a[1] += gw * (xv - m);
        };
        sum(terms, gr, xr, weight);
      });
      BlockOfRows<T> rows;
      for (int i = 0; i < count; ++i) {
        const double mu = mean[r0 + i], r = rstd[r0 + i];
        const double mg = of_block[0][i] * per_value;
        const double mgx = (of_block[1][i] - SplitMean<T>(mu).lo * of_block[0][i]) * r * per_value;
        const std::int64_t at_row = (r0 + i) * M;
        if (grad_in_double<T>(mu, r, mg, mgx))
          extreme_row_grad(M, g + at_row, x + at_row, weight, mu, r, centered, dx ? dx + at_row : nullptr, dw, db);
        else
          rows.add(r0 + i, mu, r, centered ? mg : 0, mgx);
      }
      if (rows.count) grad_block(walk, rows, g, x, weight, dx, dw, db);
    }
  });
  if (dweight) sum_over_n(chunks, M, dweights, dweight);
  if (dbias) sum_over_n(chunks, M, dbiases, dbias);
}

#define EG_INSTANTIATE(T)                                                                                         \
  template void layer_norm(std::int64_t, std::int64_t, const T*, const T*, const T*, double, bool, T*, double*,   \
                           double*);                                                                              \
  template void layer_norm_backward(std::int64_t, std::int64_t, const T*, const T*, const double*, const double*, \
                                    const T*, bool, T*, T*, T*);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
