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

// A row in the backward pass: xh = (x - hi) rstd + shift;  dx = rstd w g + by_x (x - hi) + constant.
template <class T>
struct RowGrad {
  std::int64_t first;  // its place in g, x and dx
  T hi, rstd, shift, by_x, constant;
};

template <class T>
RowGrad<T> row_grad(std::int64_t first, double mean, double rstd, double mean_g, double mean_gxh) {
  const SplitMean<T> m(mean);
  const double bx = -rstd * rstd * mean_gxh;
  return {first,
          m.hi,
          static_cast<T>(rstd),
          static_cast<T>(-m.lo * rstd),
          static_cast<T>(bx),
          static_cast<T>(-rstd * mean_g - bx * m.lo)};
}

// dx of R rows, and their terms of dweight and dbias added to dw[M], db[M], where those exist. Two rows at a time read
// and write dw and db half as often, and their constants still fit the registers or nearly.
template <int R, class T>
void grad_rows(const RowWalk<T>& walk, const RowGrad<T>* rows, const T* g, const T* x, const T* weight, T* dx, T* dw,
               T* db) {
  using V = Simd<T>;
  V hi[R], rstd[R], shift[R], by_x[R], constant[R];
  std::int64_t first[R];
  unrolled<R>([&](auto i) {
    const RowGrad<T>& r = rows[i];
    first[i] = r.first, hi[i] = V{} + r.hi, rstd[i] = V{} + r.rstd, shift[i] = V{} + r.shift;
    by_x[i] = V{} + r.by_x, constant[i] = V{} + r.constant;
  });
  const auto columns = [&](auto get, auto put, V& sum_w, V& sum_b) {
    const V w = weight ? get(weight) : V{} + T(1);
    sum_w = sum_b = -V{};
    unrolled<R>([&](auto i) {
      const V gv = get(g + first[i]), d = get(x + first[i]) - hi[i];
      sum_w += gv * (d * rstd[i] + shift[i]);
      sum_b += gv;
      if (dx) put(i, (gv * w) * rstd[i] + (d * by_x[i] + constant[i]));
    });
  };
  V last[R], last_w{}, last_b{};  // dx may be g: read before any is stored, stored at the end
  if (walk.rest)
    columns([&](const T* row) { return walk.load_last(row); }, [&](auto i, V v) { last[i] = v; }, last_w, last_b);
  for (std::int64_t j = 0; j < walk.full; j += walk.N) {
    V sum_w, sum_b;
    columns([j](const T* row) { return load<V>(row + j); },
            [&, j](auto i, V v) { walk.store_result(dx + first[i] + j, v); }, sum_w, sum_b);
    if (!dw) continue;
    store(dw + j, load<V>(dw + j) + sum_w);
    store(db + j, load<V>(db + j) + sum_b);
  }
  if (!walk.rest) return;
  if (dx) unrolled<R>([&](auto i) { walk.store_last(dx + first[i], last[i]); });
  if (!dw) return;
  walk.store_last(dw, walk.load_last(dw) + walk.only_fresh(last_w));
  walk.store_last(db, walk.load_last(db) + walk.only_fresh(last_b));
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

}  // namespace

template <class T>
void layer_norm(std::int64_t R, std::int64_t M, const T* x, const T* weight, const T* bias, double eps, bool centered,
                T* y, double* mean, double* rstd) {
  const RowWalk<T> walk(M, R * M);
  const int block = block_rows(M);
  detail::parallel_for(R, grain_rows(M, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
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
  const bool sums = dweight || dbias;
  const double per_value = 1 / static_cast<double>(M);
  const int block = block_rows(2 * M);
  const RowWalk<T> walk(M, R * M);
  const bool pairs = M < 1024;  // rows 4 KiB apart or nearly are slow to read in turns
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
      RowGrad<T> rows[8];
      int plain = 0;
      for (int i = 0; i < count; ++i) {
        const double mu = mean[r0 + i], r = rstd[r0 + i];
        const double mg = of_block[0][i] * per_value;
        const double mgx = (of_block[1][i] - SplitMean<T>(mu).lo * of_block[0][i]) * r * per_value;
        const std::int64_t at_row = (r0 + i) * M;
        if (grad_in_double<T>(mu, r, mg, mgx))
          extreme_row_grad(M, g + at_row, x + at_row, weight, mu, r, centered, dx ? dx + at_row : nullptr, dw, db);
        else
          rows[plain++] = row_grad<T>(at_row, mu, r, centered ? mg : 0, mgx);
      }
      int i = 0;
      if (pairs)
        for (; i + 2 <= plain; i += 2) grad_rows<2>(walk, rows + i, g, x, weight, dx, dw, db);
      for (; i < plain; ++i) grad_rows<1>(walk, rows + i, g, x, weight, dx, dw, db);
    }
    walk.finish();
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
