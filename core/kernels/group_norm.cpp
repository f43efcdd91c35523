// Group norm: a row is contiguous and holds whole channels.
#include <eigengrad/core/parallel.h>

#include "norm_rows.h"
#include "normalize.h"

namespace eg::kernels {
namespace {

// Calls f(first, count) for the runs of rows [r0, r1), most_rows at a time, and fill(i, row, c) for each of them
// before: i its place among them, row its row from r0 on, c its channel.
template <class Fill, class F>
void each_runs(const GroupShape& s, std::int64_t r0, std::int64_t r1, Fill fill, F f) {
  const std::int64_t K = s.channels();
  std::int64_t row = 0, k = 0, c = r0 % s.G * K;
  for (std::int64_t run = r0 * K; run < r1 * K; run += most_rows) {
    const int count = static_cast<int>(std::min<std::int64_t>(most_rows, r1 * K - run));
    for (int i = 0; i < count; ++i) {
      fill(i, row, c);
      c = next_in(c, s.C);
      if (++k == K) k = 0, ++row;
    }
    f(run, count);
  }
}

}  // namespace

template <class T>
void group_norm(const GroupShape& s, const T* x, const T* weight, const T* bias, double eps, T* y, double* mean,
                double* rstd, double* var) {
  if (s.G == s.C) return instance_norm(s.N, s.C, s.L, x, weight, bias, eps, y, mean, rstd, var);
  const std::int64_t M = s.values();
  const int block = block_rows(M);
  const RowWalk<T> walk(s.L, s.N * s.C * s.L, block * M, block * M), whole(M);
  detail::parallel_for(s.rows(), grain_rows(M, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    RowStats stats;
    NormCoefs<T> coefs;
    const auto rows_at = [&](std::int64_t r0) { return Rows<T>{whole, x + r0 * M, M}; };
    stats_and_map<T>(walk.sums_ahead, begin, end, block, eps, true, stats, rows_at,
                     [&](std::int64_t r0, int rows, auto between) {
                       copy_row(stats.mean, rows, mean + r0);
                       copy_row(stats.rstd, rows, rstd + r0);
                       if (var) copy_row(stats.var, rows, var + r0);
                       each_runs(
                           s, r0, r0 + rows,
                           [&](int i, std::int64_t row, std::int64_t c) {
                             coefs.mean[i] = stats.mean[row], coefs.rstd[i] = stats.rstd[row];
                             coefs.w[i] = at(weight, c, 1), coefs.b[i] = at(bias, c, 0);
                           },
                           [&](std::int64_t run, int count) {
                             coefs.prepare(count);
                             coefs.apply_rows(walk, count, x + run * s.L, y + run * s.L, between);
                           });
                     });
    walk.finish();
  });
}

template <class T>
void group_norm_backward(const GroupShape& s, const T* g, const T* x, const double* mean, const double* rstd,
                         const T* weight, T* dx, T* dweight, T* dbias) {
  if (s.G == s.C) return instance_norm_backward(s.N, s.C, s.L, g, x, mean, rstd, weight, dx, dweight, dbias);
  const std::int64_t M = s.values(), K = s.channels();
  const double per_value = 1 / static_cast<double>(M);
  const int block = block_rows(2 * M);
  const RowWalk<T> walk(s.L, s.N * s.C * s.L, 2 * block * M, block * M);
  double *const sum_g = norm_scratch<double>(2 * s.N * s.C), *const sum_gxh = sum_g + s.N * s.C;  // of each run (n, c)
  detail::parallel_for(s.rows(), grain_rows(2 * M, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    struct {
      double g[most_rows] = {}, gxh[most_rows] = {};
      bool in_double[most_rows] = {};
    } means;  // of the rows of a block
    GradCoefs<T> coefs;
    RunSums sums;
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const std::int64_t r1 = std::min(r0 + block, end);
      each_runs(
          s, r0, r1,
          [&](int i, std::int64_t row, std::int64_t) {
            coefs.mean[i] = mean[r0 + row], coefs.rstd[i] = rstd[r0 + row];
          },
          [&](std::int64_t run, int count) {
            run_grad_sums(walk, count, g + run * s.L, x + run * s.L, coefs.mean, coefs.rstd, sums);
            copy_row(sums.g, count, sum_g + run);
            copy_row(sums.gxh, count, sum_gxh + run);
          });
      const auto add_up = [&](std::int64_t row, std::int64_t c0) {
        double a = 0, b = 0;
        for (std::int64_t k = 0; k < K; ++k) {
          const double w = at(weight, c0 + k, 1);
          a += w * sum_g[(r0 + row) * K + k];
          b += w * sum_gxh[(r0 + row) * K + k];
        }
        means.g[row] = a * per_value, means.gxh[row] = b * per_value;
      };
      std::int64_t group = r0 % s.G;
      for (std::int64_t row = 0; row < r1 - r0; ++row, group = next_in(group, s.G)) {
        add_up(row, group * K);
        const double mean_r = mean[r0 + row], rstd_r = rstd[r0 + row];
        means.in_double[row] = !is_ordinary_grad<T>(mean_r, rstd_r, means.g[row], means.gxh[row]);
        if (!means.in_double[row]) continue;
        for (std::int64_t run = (r0 + row) * K; run < (r0 + row + 1) * K; ++run) {
          const GradSums of_run = grad_sums_in_double(s.L, g + run * s.L, x + run * s.L, mean_r, rstd_r);
          sum_g[run] = of_run.g, sum_gxh[run] = of_run.gxh;
        }
        add_up(row, group * K);
      }
      if (!dx) continue;
      each_runs(
          s, r0, r1,
          [&](int i, std::int64_t row, std::int64_t c) {
            coefs.mean[i] = mean[r0 + row], coefs.rstd[i] = rstd[r0 + row], coefs.w[i] = at(weight, c, 1);
            coefs.mean_g[i] = means.g[row], coefs.mean_gxh[i] = means.gxh[row];
            coefs.in_double[i] = means.in_double[row];
            coefs.any_in_double |= means.in_double[row];
          },
          [&](std::int64_t run, int count) {
            coefs.prepare(count);
            coefs.apply_rows(walk, count, g + run * s.L, x + run * s.L, dx + run * s.L, MapAlone{});
          });
    }
    walk.finish();
  });
  if (dweight) sum_over_n(s.N, s.C, sum_gxh, dweight);
  if (dbias) sum_over_n(s.N, s.C, sum_g, dbias);
}

void average_stats(std::int64_t N, std::int64_t C, std::int64_t values, const double* mean, const double* var,
                   double* mean_out, double* unbiased_out) {
  const double n = static_cast<double>(N), m = static_cast<double>(values), unbiased = m / (m - 1) / n;
  sum_over_n(N, C, mean, mean_out);
  sum_over_n(N, C, var, unbiased_out);
  for (std::int64_t c = 0; c < C; ++c) {
    mean_out[c] /= n;
    unbiased_out[c] *= unbiased;
  }
}

#define EG_INSTANTIATE(T)                                                                                              \
  template void group_norm(const GroupShape&, const T*, const T*, const T*, double, T*, double*, double*, double*);    \
  template void group_norm_backward(const GroupShape&, const T*, const T*, const double*, const double*, const T*, T*, \
                                    T*, T*);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
