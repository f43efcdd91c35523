// Instance norm: group norm whose rows are single channels. On short rows the work beside the sweeps counts, so many
// rows' scalars are handled together throughout.
#include <eigengrad/core/parallel.h>

#include "norm_rows.h"
#include "normalize.h"

namespace eg::kernels {
template <class T>
void instance_norm(std::int64_t N, std::int64_t C, std::int64_t L, const T* x, const T* weight, const T* bias,
                   double eps, T* y, double* mean, double* rstd, double* var) {
  const int block = block_rows(L);
  const RowWalk<T> walk(L, N * C * L, block * L, block * L);
  detail::parallel_for(N * C, grain_rows(L, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    NormCoefs<T> coefs;
    const auto rows_at = [&](std::int64_t r0) { return Rows<T>{walk, x + r0 * L, L}; };
    stats_and_map<T>(walk.sums_ahead, begin, end, block, eps, true, coefs, rows_at,
                     [&](std::int64_t r0, int count, auto between) {
                       copy_row(coefs.mean, count, mean + r0);
                       copy_row(coefs.rstd, count, rstd + r0);
                       if (var) copy_row(coefs.var, count, var + r0);
                       cycle_params(weight, r0 % C, C, count, 1, coefs.w);
                       cycle_params(bias, r0 % C, C, count, 0, coefs.b);
                       coefs.prepare(count);
                       coefs.apply_rows(walk, count, x + r0 * L, y + r0 * L, between);
                     });
    walk.finish();
  });
}

template <class T>
void instance_norm_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x, const double* mean,
                            const double* rstd, const T* weight, T* dx, T* dweight, T* dbias) {
  const double per_value = 1 / static_cast<double>(L);
  const int block = block_rows(2 * L);
  const RowWalk<T> walk(L, N * C * L, 2 * block * L, block * L);
  double *const sum_g = norm_scratch<double>(2 * N * C), *const sum_gxh = sum_g + N * C;  // of each row
  detail::parallel_for(N * C, grain_rows(2 * L, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    GradCoefs<T> coefs;
    RunSums runs;
    sum_and_map<T, RowSums>(
        walk, 1, walk.sums_ahead && dx, begin, end, block,
        [&](std::int64_t r0, int count, auto& sums) { run_sums(walk, count, g + r0 * L, x + r0 * L, mean + r0, sums); },
        [&](std::int64_t r0, int, auto&) { return grad_runs(g + r0 * L, x + r0 * L, L, mean + r0); },
        [&](std::int64_t r0, int count, auto& sums, auto between) {
          copy_row(mean + r0, count, coefs.mean);
          copy_row(rstd + r0, count, coefs.rstd);
          cycle_params(weight, r0 % C, C, count, 1, coefs.w);
          finish_grad_sums<T>(count, sums, coefs.mean, coefs.rstd, runs);
          i64x8 ordinary = ~i64x8{};
          for (int i = 0; i < count; i += 8) {
            const f64x8 w = load<f64x8>(coefs.w + i) * per_value, mean_g = w * load<f64x8>(runs.g + i),
                        mean_gxh = w * load<f64x8>(runs.gxh + i);
            store(coefs.mean_g + i, mean_g);
            store(coefs.mean_gxh + i, mean_gxh);
            ordinary &= is_ordinary_grad<T>(load<f64x8>(coefs.mean + i), load<f64x8>(coefs.rstd + i), mean_g, mean_gxh);
          }
          coefs.any_in_double = !every_lane(ordinary);
          if (coefs.any_in_double)
            for (int i = 0; i < count; ++i) {
              coefs.in_double[i] =
                  !is_ordinary_grad<T>(coefs.mean[i], coefs.rstd[i], coefs.mean_g[i], coefs.mean_gxh[i]);
              if (!coefs.in_double[i]) continue;
              const std::int64_t at_row = (r0 + i) * L;
              const GradSums s = grad_sums_in_double(L, g + at_row, x + at_row, coefs.mean[i], coefs.rstd[i]);
              runs.g[i] = s.g, runs.gxh[i] = s.gxh;
              coefs.mean_g[i] = coefs.w[i] * s.g * per_value, coefs.mean_gxh[i] = coefs.w[i] * s.gxh * per_value;
            }
          copy_row(runs.g, count, sum_g + r0);
          copy_row(runs.gxh, count, sum_gxh + r0);
          if (!dx) return;
          coefs.prepare(count);
          coefs.apply_rows(walk, count, g + r0 * L, x + r0 * L, dx + r0 * L, between);
        });
    walk.finish();
  });
  if (dweight) sum_over_n(N, C, sum_gxh, dweight);
  if (dbias) sum_over_n(N, C, sum_g, dbias);
}

#define EG_INSTANTIATE(T)                                                                                           \
  template void instance_norm(std::int64_t, std::int64_t, std::int64_t, const T*, const T*, const T*, double, T*,   \
                              double*, double*, double*);                                                           \
  template void instance_norm_backward(std::int64_t, std::int64_t, std::int64_t, const T*, const T*, const double*, \
                                       const double*, const T*, T*, T*, T*);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
