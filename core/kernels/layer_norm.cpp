// Layer norm and RMS norm: weight and bias per element, so their gradients are sums over the rows.
#include <eigengrad/core/parallel.h>

#include "divide_up.h"
#include "norm_rows.h"
#include "normalize.h"

namespace eg::kernels {
namespace {

// y = xh weight + bias of row i, with the coefs of xh.
template <class T>
void normalize_elements(const RowWalk<T>& walk, const NormCoefs<T>& coefs, int i, const T* x, const T* weight,
                        const T* bias, T* y) {
  if (!weight && !bias) return coefs.apply(walk, i, x, y);
  if (coefs.any_extreme && !is_ordinary<T>(coefs.mean[i], coefs.rstd[i])) {
    for (std::int64_t k = 0; k < walk.length; ++k)
      y[k] = static_cast<T>((static_cast<double>(x[k]) - coefs.mean[i]) * coefs.rstd[i] * at(weight, k, 1) +
                            at(bias, k, 0));
    return;
  }
  using V = Simd<T>;
  const V hi = V{} + coefs.hi[i], s = V{} + coefs.scale[i], shift = V{} + coefs.shift[i];
  if (weight && bias)
    map_row(
        walk, y, [=](V v, V w, V b) { return ((v - hi) * s + shift) * w + b; }, x, weight, bias);
  else if (weight)
    map_row(
        walk, y, [=](V v, V w) { return ((v - hi) * s + shift) * w; }, x, weight);
  else
    map_row(
        walk, y, [=](V v, V b) { return ((v - hi) * s + shift) + b; }, x, bias);
}

// Rows in the backward pass: dx = by_g (w g) + by_x (x - hi) + constant and xh = (x - hi) by_g + shift.
template <class T>
struct RowGrads : GradCoefs<T> {
  alignas(64) T shift[most_rows];

  RowGrads() { std::fill_n(this->w, most_rows, 1.0); }
  void prepare(int count) {
    GradCoefs<T>::prepare(count);
    for (int i = 0; i < count; i += 8)
      store(shift + i, convert<Eight<T>>(-split_means<T>(this->mean + i).lo * load<f64x8>(this->rstd + i)));
  }
};

// dx of rows [row, row + R), which lie at g, x and dx, and, if `sums`, their terms of dweight and dbias added to dw[M],
// db[M]. Two rows at a time read and write dw and db half as often, and their constants nearly fit the registers.
template <int R, bool sums, class T>
void grad_rows(const RowWalk<T>& walk, const RowGrads<T>& rows, int row, const T* g, const T* x, const T* weight, T* dx,
               T* dw, T* db) {
  T hi[R], rstd[R], shift[R], by_x[R], constant[R];
  unrolled<R>([&](auto i) {
    const int r = row + i;
    hi[i] = rows.hi[r], rstd[i] = rows.by_g[r], shift[i] = rows.shift[r];
    by_x[i] = rows.by_x[r], constant[i] = rows.constant[r];
  });
  const std::int64_t M = walk.length;
  const auto columns = [&](auto get, auto put, auto& sum_w, auto& sum_b) {
    using V = std::remove_cvref_t<decltype(sum_w)>;
    const V w = weight ? get(weight) : V{} + T(1);
    sum_w = sum_b = -V{};
    unrolled<R>([&](auto i) {
      const V gv = get(g + i * M), d = get(x + i * M) - hi[i];
      sum_w += gv * (d * rstd[i] + (V{} + shift[i]));
      sum_b += gv;
      put(i, (gv * w) * rstd[i] + (d * by_x[i] + (V{} + constant[i])));
    });
  };
  Simd<T> last[R];  // dx may be g: read before any is stored, stored at the end
  if (walk.rest) {
    Simd<T> sum_w, sum_b;
    columns([&](const T* from) { return walk.load_last(from); }, [&](auto i, auto v) { last[i] = v; }, sum_w, sum_b);
    if constexpr (sums) {
      walk.store_last(dw, walk.load_last(dw) + walk.only_fresh(sum_w));
      walk.store_last(db, walk.load_last(db) + walk.only_fresh(sum_b));
    }
  }
  const auto sweep = [&](auto store_result) {
    // Of one register, where wider ones would leave none for the constants of two rows.
    using V = Vec<T, R == 1 ? lanes<T> : register_lanes<T>>;
    for (std::int64_t j = 0; j < walk.full; j += lanes_of<V>) {
      V sum_w, sum_b;
      columns([j](const T* from) { return load<V>(from + j); },
              [&, j](auto i, V v) { store_result(dx + i * M + j, v); }, sum_w, sum_b);
      if constexpr (sums) {
        store(dw + j, load<V>(dw + j) + sum_w);
        store(db + j, load<V>(db + j) + sum_b);
      }
    }
  };
  if (walk.goes_past_caches(dx))
    sweep([&](T* to, auto v) {
      if (walk.ahead > 0)
        for (const T* in : {g, x}) __builtin_prefetch(in + (to - dx) + walk.ahead, 0, 2);
      store_past_caches(to, v);
    });
  else
    sweep([](T* to, auto v) { store(to, v); });
  if (walk.rest) unrolled<R>([&](auto i) { walk.store_last(dx + i * M, last[i]); });
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
    dx[i] = static_cast<T>(rstd * (gi * at(weight, i, 1) - mean_g - xh * mean_gxh));
  }
}

}  // namespace

template <class T>
void layer_norm(std::int64_t R, std::int64_t M, const T* x, const T* weight, const T* bias, double eps, bool centered,
                T* y, double* mean, double* rstd) {
  const RowWalk<T> walk(M, R * M);
  const int block = block_rows(M);
  detail::parallel_for(R, grain_rows(M, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    NormCoefs<T> coefs;
    std::fill_n(coefs.w, most_rows, 1.0);
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      row_stats<T>({walk, x + r0 * M, M}, count, eps, centered, coefs);
      copy_row(coefs.mean, count, mean + r0);
      copy_row(coefs.rstd, count, rstd + r0);
      coefs.prepare(count);
      for (int i = 0; i < count; ++i)
        normalize_elements(walk, coefs, i, x + (r0 + i) * M, weight, bias, y + (r0 + i) * M);
    }
    walk.finish();
  });
}

template <class T>
void layer_norm_backward(std::int64_t R, std::int64_t M, const T* g, const T* x, const double* mean, const double* rstd,
                         const T* weight, bool centered, T* dx, T* dweight, T* dbias) {
  const bool sums = dweight || dbias;
  const double per_value = 1 / static_cast<double>(M);
  const int block = block_rows(2 * M);
  const RowWalk<T> walk(M, R * M, block * M);
  const bool pairs = M < 1024;  // rows 4 KiB apart or nearly are slow to read in turns
  // Each chunk of rows has its own dweight and dbias in T, at most 256 rows deep; chunks meet in double, in order.
  const std::int64_t grain = std::clamp<std::int64_t>(grain_rows(2 * M), 32, 256), chunks = divide_up(R, grain);
  T *const dweights = norm_scratch<T>(sums ? 2 * chunks * M : 1), *const dbiases =
                                                                      sums ? dweights + chunks * M : nullptr;
  detail::parallel_for(R, grain, [&](std::int64_t begin, std::int64_t end) {
    T* const dw = sums ? dweights + begin / grain * M : nullptr;
    T* const db = sums ? dbiases + begin / grain * M : nullptr;
    if (sums) std::fill_n(dw, M, T(0)), std::fill_n(db, M, T(0));
    T* const unwanted = dx ? nullptr : scratch<0, T>(2 * M);  // where rows of dx go that nobody asked for
    RowGrads<T> rows;
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      const std::int64_t at_block = r0 * M;
      copy_row(mean + r0, count, rows.mean);
      copy_row(rstd + r0, count, rows.rstd);
      alignas(64) double of_block[2][most_rows];  // sums of w g and w g (x - hi)
      block_sums<T, 2>(walk, 1, count, of_block, [&](int i, std::int64_t, auto sum) {
        const T hi = static_cast<T>(rows.mean[i]);
        const T *const gr = g + at_block + i * M, *const xr = x + at_block + i * M;
        if (!weight) return sum(grad_terms(walk, hi), gr, xr);
        const Simd<T> m = Simd<T>{} + hi;
        const auto terms = [m](Simd<T>* a, auto keep, Simd<T> gv, Simd<T> xv, Simd<T> w) {
          const Simd<T> gw = keep(gv * w);
          a[0] += gw;
          a[1] += gw * (xv - m);
        };
        sum(terms, gr, xr, weight);
      });
      i64x8 ordinary = ~i64x8{};
      for (int i = 0; i < count; i += 8) {
        const f64x8 mu = load<f64x8>(rows.mean + i), r = load<f64x8>(rows.rstd + i), sum = load<f64x8>(of_block[0] + i);
        const f64x8 mean_g = sum * per_value,
                    mean_gxh = (load<f64x8>(of_block[1] + i) - split_means<T>(rows.mean + i).lo * sum) * r * per_value;
        store(rows.mean_g + i, centered ? mean_g : f64x8{});
        store(rows.mean_gxh + i, mean_gxh);
        ordinary &= is_ordinary_grad<T>(mu, r, mean_g, mean_gxh);
      }
      rows.any_in_double = !every_lane(ordinary);
      rows.prepare(count);
      const auto grad = [&](int i, auto together) {
        const std::int64_t at_row = at_block + i * M;
        T* const to = dx ? dx + at_row : unwanted;
        if (rows.any_in_double && !is_ordinary_grad<T>(rows.mean[i], rows.rstd[i], rows.mean_g[i], rows.mean_gxh[i]))
          extreme_row_grad(M, g + at_row, x + at_row, weight, rows.mean[i], rows.rstd[i], centered, to, dw, db);
        else if (sums)
          grad_rows<together(), true>(walk, rows, i, g + at_row, x + at_row, weight, to, dw, db);
        else
          grad_rows<together(), false>(walk, rows, i, g + at_row, x + at_row, weight, to, dw, db);
      };
      int i = 0;
      if (pairs && !rows.any_in_double)
        for (; i + 2 <= count; i += 2) grad(i, std::integral_constant<int, 2>{});
      for (; i < count; ++i) grad(i, std::integral_constant<int, 1>{});
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
