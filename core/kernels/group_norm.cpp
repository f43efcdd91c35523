// Instance norm and group norm: a row is contiguous and holds whole channels.
#include <eigengrad/core/parallel.h>

#include "normalize.h"
#include "norm_rows.h"

namespace eg::kernels {

template <class T>
void group_norm(const GroupShape& s, const T* x, const T* weight, const T* bias, double eps, T* y, double* mean,
                double* rstd, double* var) {
  const std::int64_t M = s.values(), K = s.channels();
  const RowWalk<T> walk(s.L);
  const int block = block_rows(M);
  detail::parallel_for(s.rows(), grain_rows(M), [&](std::int64_t begin, std::int64_t end) {
    RowStats stats;
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      row_stats<T>({x + r0 * M, M, 1, 0, M}, count, eps, true, stats);
      for (int r = 0; r < count; ++r) {
        mean[r0 + r] = stats.mean[r];
        rstd[r0 + r] = stats.rstd[r];
        if (var) var[r0 + r] = stats.var[r];
        const std::int64_t at_row = (r0 + r) * M, c0 = (r0 + r) % s.G * K;
        for (std::int64_t k = 0; k < K; ++k)
          normalize_run(walk, x + at_row + k * s.L, stats.mean[r], stats.rstd[r], at(weight, c0 + k, 1),
                        at(bias, c0 + k, 0), y + at_row + k * s.L);
      }
    }
  });
}

template <class T>
void group_norm_backward(const GroupShape& s, const T* g, const T* x, const double* mean, const double* rstd,
                         const T* weight, T* dx, T* dweight, T* dbias) {
  const std::int64_t M = s.values(), K = s.channels();
  const double count_of_row = static_cast<double>(M);
  const RowWalk<T> walk(s.L);
  const int block = block_rows(2 * M);
  Scratch scratch(2 * s.N * s.C);
  double *sum_g = scratch.data(), *sum_gxh = sum_g + s.N * s.C;  // of each (n, c)
  detail::parallel_for(s.rows(), grain_rows(2 * M), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const std::int64_t r1 = std::min(r0 + block, end);
      for (std::int64_t i = r0 * K; i < r1 * K; i += 8)
        run_grad_sums(walk, i, std::min<std::int64_t>(8, r1 * K - i), g, x, mean, rstd,
                      [K](std::int64_t run) { return run / K; }, sum_g, sum_gxh);
      for (std::int64_t r = r0; r < r1; ++r) {
        const std::int64_t c0 = r % s.G * K;
        const auto row_means = [&](double& mg, double& mgx) {
          mg = mgx = 0;
          for (std::int64_t k = 0; k < K; ++k) {
            mg += at(weight, c0 + k, 1) * sum_g[r * K + k];
            mgx += at(weight, c0 + k, 1) * sum_gxh[r * K + k];
          }
          mg /= count_of_row;
          mgx /= count_of_row;
        };
        double mg, mgx;
        row_means(mg, mgx);
        const bool in_double = is_extreme<T>(mean[r], rstd[r]) || !std::isfinite(mg) || !std::isfinite(mgx);
        if (in_double) {
          for (std::int64_t i = r * K; i < (r + 1) * K; ++i) {
            const GradSums sums = grad_sums_in_double(s.L, g + i * s.L, x + i * s.L, mean[r], rstd[r]);
            sum_g[i] = sums.g, sum_gxh[i] = sums.gxh;
          }
          row_means(mg, mgx);
        }
        if (!dx) continue;
        for (std::int64_t k = 0; k < K; ++k) {
          const std::int64_t at_run = (r * K + k) * s.L;
          grad_run(walk, g + at_run, x + at_run, mean[r], rstd[r], at(weight, c0 + k, 1), mg, mgx, in_double,
                   dx + at_run);
        }
      }
    }
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

#define EG_INSTANTIATE(T)                                                                                            \
  template void group_norm(const GroupShape&, const T*, const T*, const T*, double, T*, double*, double*, double*); \
  template void group_norm_backward(const GroupShape&, const T*, const T*, const double*, const double*, const T*,  \
                                    T*, T*, T*);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
