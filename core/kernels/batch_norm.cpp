// Batch norm in training: a channel's values are N runs of L, a sample apart.
#include <eigengrad/core/parallel.h>

#include "norm_rows.h"
#include "normalize.h"

namespace eg::kernels {
namespace {

// Channels whose values stay together in the second-level cache, at most 8.
int block_channels(std::int64_t values) {
  return static_cast<int>(std::clamp<std::int64_t>(32768 / std::max<std::int64_t>(values, 1), 1, 8));
}

}  // namespace

template <class T>
void batch_norm(std::int64_t N, std::int64_t C, std::int64_t L, const T* x, const T* weight, const T* bias, double eps,
                T* y, double* mean, double* rstd, double* var) {
  const int block = block_channels(N * L);
  const RowWalk<T> walk(L, N * C * L, block * L);
  detail::parallel_for(C, block, [&](std::int64_t begin, std::int64_t end) {
    NormCoefs<T> coefs;
    for (std::int64_t c0 = begin; c0 < end; c0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - c0));
      row_stats<T>({walk, x + c0 * L, L, N, C * L}, count, eps, true, coefs);
      for (int c = 0; c < count; ++c) {
        mean[c0 + c] = coefs.mean[c], rstd[c0 + c] = coefs.rstd[c];
        coefs.w[c] = at(weight, c0 + c, 1), coefs.b[c] = at(bias, c0 + c, 0);
        if (var) var[c0 + c] = coefs.var[c];
      }
      coefs.prepare(count);
      for (std::int64_t n = 0; n < N; ++n) coefs.apply_rows(walk, count, x + (n * C + c0) * L, y + (n * C + c0) * L);
    }
    walk.finish();
  });
}

template <class T>
void batch_norm_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x, const double* mean,
                         const double* rstd, const T* weight, T* dx, T* dweight, T* dbias) {
  const RowWalk<T> walk(L, N * C * L);
  const double values = static_cast<double>(N * L);
  const int block = block_channels(2 * N * L);
  detail::parallel_for(C, block, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c0 = begin; c0 < end; c0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - c0));
      alignas(64) double sums[2][most_rows];
      block_sums<T, 2>(walk, N, count, sums, [&](int c, std::int64_t n, auto sum) {
        const std::int64_t at_run = (n * C + c0 + c) * L;
        sum(grad_terms(static_cast<T>(mean[c0 + c])), g + at_run, x + at_run);
      });
      GradCoefs<T> coefs;
      for (int c = 0; c < count; ++c) {
        const double mu = mean[c0 + c], r = rstd[c0 + c], w = at(weight, c0 + c, 1);
        double sum_g = sums[0][c], sum_gxh = (sums[1][c] - SplitMean<T>(mu).lo * sum_g) * r;
        coefs.in_double[c] = !is_ordinary_grad<T>(mu, r, sum_g, sum_gxh);
        coefs.any_in_double |= coefs.in_double[c];
        if (coefs.in_double[c]) {
          sum_g = sum_gxh = 0;
          for (std::int64_t n = 0; n < N; ++n) {
            const std::int64_t at_run = (n * C + c0 + c) * L;
            const GradSums s = grad_sums_in_double(L, g + at_run, x + at_run, mu, r);
            sum_g += s.g, sum_gxh += s.gxh;
          }
        }
        if (dweight) dweight[c0 + c] = static_cast<T>(sum_gxh);
        if (dbias) dbias[c0 + c] = static_cast<T>(sum_g);
        coefs.mean[c] = mu, coefs.rstd[c] = r, coefs.w[c] = w;
        coefs.mean_g[c] = w * sum_g / values, coefs.mean_gxh[c] = w * sum_gxh / values;
      }
      if (!dx) continue;
      coefs.prepare(count);
      for (std::int64_t n = 0; n < N; ++n) {
        const std::int64_t at_runs = (n * C + c0) * L;
        coefs.apply_rows(walk, count, g + at_runs, x + at_runs, dx + at_runs);
      }
    }
    walk.finish();
  });
}

#define EG_INSTANTIATE(T)                                                                                        \
  template void batch_norm(std::int64_t, std::int64_t, std::int64_t, const T*, const T*, const T*, double, T*,   \
                           double*, double*, double*);                                                           \
  template void batch_norm_backward(std::int64_t, std::int64_t, std::int64_t, const T*, const T*, const double*, \
                                    const double*, const T*, T*, T*, T*);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
