// Layer norm and RMS norm: weight and bias per element, so their gradients are sums over the rows.
#include <eigengrad/core/parallel.h>

#include <vector>

#include "divide_up.h"
#include "norm_rows.h"
#include "normalize.h"

namespace eg::kernels {
namespace {

// Whether the rows of a block go together: rows 4 KiB apart or nearly are slow to read in turns.
bool go_together(std::int64_t M) { return M < 1024; }

// y = xh weight + bias of rows [row, row + count), with the coefs of xh; `single`: of one row.
template <bool single, class T, class Between>
void normalize_rows(const RowWalk<T>& walk, const NormCoefs<T>* coefs, int row, int count, const T* x, const T* weight,
                    const T* bias, T* y, Between between) {
  using V = Simd<T>;
  const std::int64_t M = walk.length;
  const T hi = coefs->hi[row], scale = coefs->scale[row], shift = coefs->shift[row];
  const auto column = [=](std::int64_t, auto get, auto put) {
    const V w = weight ? get(weight) : V{} + T(1), b = bias ? get(bias) : -V{};
    if constexpr (single) return put(0, ((get(x) - hi) * scale + shift) * w + b);
    const T* in = x;
    for (int i = 0; i < count; ++i, in += M) {
      const int r = row + i;
      put(i, ((get(in) - coefs->hi[r]) * coefs->scale[r] + coefs->shift[r]) * w + b);
    }
  };
  if constexpr (single)
    row_by_columns(walk, y, column, between);
  else
    by_columns(walk, count, y, column);
}

template <class T>
void extreme_row(std::int64_t M, double mean, double rstd, const T* x, const T* weight, const T* bias, T* y) {
  for (std::int64_t k = 0; k < M; ++k)
    y[k] = static_cast<T>((static_cast<double>(x[k]) - mean) * rstd * at(weight, k, 1) + at(bias, k, 0));
}

// Rows in the backward pass: with d = (x - hi) - lo, dx = rstd (w g) + by_x d + constant and xh = d rstd.
template <class T>
struct RowGrads : GradCoefs<T> {
  alignas(64) T lo[most_rows];

  RowGrads() { std::fill_n(this->w, most_rows, 1.0); }
  void prepare(int count) {
    GradCoefs<T>::prepare(count);
    for (int i = 0; i < count; i += 8) {
      store(lo + i, convert<Eight<T>>(split_means<T>(this->mean + i).lo));
      store(this->constant + i, convert<Eight<T>>(-load<f64x8>(this->rstd + i) * load<f64x8>(this->mean_g + i)));
    }
  }
};

// dx of rows [row, row + count), which lie at g, x and dx, and, if `sums`, their terms of dweight and dbias added to
// dw, db, which hold the vectors that a walk visits one behind the other: had the last one shared elements with those
// before, each load would wait for two stores. `single`: of one row.
template <bool sums, bool single, class T, class Between>
void grad_rows(const RowWalk<T>& walk, const RowGrads<T>* rows, int row, int count, const T* g, const T* x,
               const T* weight, T* dx, T* dw, T* db, Between between) {
  using V = Simd<T>;
  const std::int64_t M = walk.length;
  const T hi = rows->hi[row], lo = rows->lo[row], rstd = rows->by_g[row], by_x = rows->by_x[row],
          constant = rows->constant[row];
  const auto column = [=](std::int64_t j, auto get, auto put) {
    const V w = get(weight);
    V sum_w{}, sum_b{};
    if constexpr (sums) sum_w = load<V>(dw + j), sum_b = load<V>(db + j);
    const auto grad = [&](int to, const T* gi, const T* xi, T hi_i, T lo_i, T rstd_i, T by_x_i, T constant_i) {
      const V gv = in_register(get(gi)), d = (get(xi) - hi_i) - lo_i, gr = gv * rstd_i;
      sum_w += gr * d;
      sum_b += gv;
      put(to, gr * w + (d * by_x_i + constant_i));
    };
    if constexpr (single) {
      grad(0, g, x, hi, lo, rstd, by_x, constant);
    } else {
      const T *gi = g, *xi = x;
      for (int i = 0; i < count; ++i, gi += M, xi += M) {
        const int r = row + i;
        grad(i, gi, xi, rows->hi[r], rows->lo[r], rows->by_g[r], rows->by_x[r], rows->constant[r]);
      }
    }
    if constexpr (sums) store(dw + j, sum_w), store(db + j, sum_b);
  };
  if constexpr (single)
    row_by_columns(walk, dx, column, between);
  else
    by_columns(walk, count, dx, column);
}

template <class T>
void extreme_row_grad(const RowWalk<T>& walk, const T* g, const T* x, const T* weight, double mean, double rstd,
                      bool centered, T* dx, T* dw, T* db) {
  const std::int64_t M = walk.length;
  double sum_g = 0, sum_gxh = 0;
  for (std::int64_t i = 0; i < M; ++i) {
    const double gw = static_cast<double>(g[i]) * at(weight, i, 1), xh = (static_cast<double>(x[i]) - mean) * rstd;
    sum_g += gw, sum_gxh += gw * xh;
  }
  const double mean_g = centered ? sum_g / static_cast<double>(M) : 0, mean_gxh = sum_gxh / static_cast<double>(M);
  for (std::int64_t i = 0; i < M; ++i) {
    const double gi = static_cast<double>(g[i]), xh = (static_cast<double>(x[i]) - mean) * rstd;
    const auto add_to = [&](std::int64_t j) {
      dw[j] += static_cast<T>(gi * xh);
      db[j] += static_cast<T>(gi);
    };
    if (dw && i < walk.full) add_to(i);
    if (dw && walk.rest && i >= walk.last) add_to(walk.full + i - walk.last);
    dx[i] = static_cast<T>(rstd * (gi * at(weight, i, 1) - mean_g - xh * mean_gxh));
  }
}

}  // namespace

template <class T>
void layer_norm(std::int64_t R, std::int64_t M, const T* x, const T* weight, const T* bias, double eps, bool centered,
                T* y, double* mean, double* rstd) {
  const int block = block_rows(M);
  const RowWalk<T> walk(M, R * M, block * M);
  detail::parallel_for(R, grain_rows(M, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    NormCoefs<T> coefs;
    std::fill_n(coefs.w, most_rows, 1.0);
    const auto rows_at = [&](std::int64_t r0) { return Rows<T>{walk, x + r0 * M, M}; };
    stats_and_map<T>(walk.sums_ahead, begin, end, block, eps, centered, coefs, rows_at,
                     [&](std::int64_t r0, int count, auto between) {
                       copy_row(coefs.mean, count, mean + r0);
                       copy_row(coefs.rstd, count, rstd + r0);
                       coefs.prepare(count);
                       const bool together = go_together(M) && !coefs.any_extreme;
                       for (int i = 0; i < count; i += together ? count : 1) {
                         const std::int64_t at_row = (r0 + i) * M;
                         if (together)
                           normalize_rows<false>(walk, &coefs, i, count, x + at_row, weight, bias, y + at_row, between);
                         else if (is_ordinary<T>(coefs.mean[i], coefs.rstd[i]))
                           normalize_rows<true>(walk, &coefs, i, 1, x + at_row, weight, bias, y + at_row, between);
                         else
                           extreme_row(M, coefs.mean[i], coefs.rstd[i], x + at_row, weight, bias, y + at_row);
                       }
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
  const RowWalk<T> walk(M, R * M, 2 * block * M);
  // Each chunk of rows has its own dweight and dbias in T, at most 256 rows deep; chunks meet in double, in order.
  const std::int64_t grain = std::clamp<std::int64_t>(grain_rows(2 * M), 32, 256), chunks = divide_up(R, grain);
  const std::int64_t width = walk.full + (walk.rest ? walk.N : 0);
  T* const dweights = norm_scratch<T>(sums ? 2 * chunks * width : 1);
  T* const dbiases = dweights + chunks * width;
  std::vector<T> ones;
  if (!weight) ones.assign(static_cast<std::size_t>(M), T(1)), weight = ones.data();
  detail::parallel_for(R, grain, [&](std::int64_t begin, std::int64_t end) {
    T* const dw = sums ? dweights + begin / grain * width : nullptr;
    T* const db = sums ? dbiases + begin / grain * width : nullptr;
    if (sums) std::fill_n(dw, width, T(0)), std::fill_n(db, width, T(0));
    T* const unwanted = dx ? nullptr : scratch<0, T>(block * M);  // where rows of dx go that nobody asked for
    RowGrads<T> rows;
    const auto rows_from = [&](std::int64_t r0, int, const RowSums&) {
      return [=](int i, std::int64_t, auto sum) {
        const T *const gr = g + (r0 + i) * M, *const xr = x + (r0 + i) * M;
        const Simd<T> m = Simd<T>{} + static_cast<T>(mean[r0 + i]);
        const auto terms = [m](Simd<T>* a, auto keep, Simd<T> gv, Simd<T> xv, Simd<T> w) {
          const Simd<T> gw = keep(gv * w);
          a[0] += gw;
          a[1] += gw * (xv - m);
        };
        sum(terms, gr, xr, weight);
      };
    };
    sum_and_map<T, RowSums>(
        walk, 1, walk.sums_ahead && dx, begin, end, block,
        [&](std::int64_t r0, int count, auto& of_block) {
          block_sums<T, 2>(walk, 1, count, of_block.of, rows_from(r0, count, of_block));
        },
        rows_from, [&](std::int64_t r0, int count, auto& of_block, auto between) {  // of w g and w g (x - hi)
          const std::int64_t at_block = r0 * M;
          copy_row(mean + r0, count, rows.mean);
          copy_row(rstd + r0, count, rows.rstd);
          i64x8 ordinary = ~i64x8{};
          for (int i = 0; i < count; i += 8) {
            const f64x8 mu = load<f64x8>(rows.mean + i), r = load<f64x8>(rows.rstd + i),
                        sum = load<f64x8>(of_block.of[0] + i);
            const f64x8 mean_g = sum * per_value,
                        mean_gxh =
                            (load<f64x8>(of_block.of[1] + i) - split_means<T>(rows.mean + i).lo * sum) * r * per_value;
            store(rows.mean_g + i, centered ? mean_g : f64x8{});
            store(rows.mean_gxh + i, mean_gxh);
            ordinary &= is_ordinary_grad<T>(mu, r, mean_g, mean_gxh);
          }
          rows.any_in_double = !every_lane(ordinary);
          rows.prepare(count);
          const bool together = go_together(M) && !rows.any_in_double;
          for (int i = 0; i < count; i += together ? count : 1) {
            const std::int64_t at_row = at_block + i * M;
            T* const to = dx ? dx + at_row : unwanted;
            const auto grad = [&](auto with_sums) {
              constexpr bool s = with_sums();
              if (together)
                grad_rows<s, false>(walk, &rows, i, count, g + at_row, x + at_row, weight, to, dw, db, between);
              else
                grad_rows<s, true>(walk, &rows, i, 1, g + at_row, x + at_row, weight, to, dw, db, between);
            };
            if (rows.any_in_double &&
                !is_ordinary_grad<T>(rows.mean[i], rows.rstd[i], rows.mean_g[i], rows.mean_gxh[i]))
              extreme_row_grad(walk, g + at_row, x + at_row, weight, rows.mean[i], rows.rstd[i], centered, to, dw, db);
            else if (sums)
              grad(std::true_type{});
            else
              grad(std::false_type{});
          }
        });
    walk.finish();
  });
  const auto write_sum = [&](T* of_chunks, T* out) {
    if (!out) return;
    sum_over_n(chunks, width, of_chunks, of_chunks);
    copy_row(of_chunks, walk.full, out);
    if (walk.rest) walk.store_last(out, load<Simd<T>>(of_chunks + walk.full));
  };
  write_sum(dweights, dweight);
  write_sum(dbiases, dbias);
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
