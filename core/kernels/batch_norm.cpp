// Batch norm in training: a channel's values are N runs of L, a sample apart.
#include <eigengrad/core/parallel.h>

#include "normalize.h"
#include "norm_rows.h"

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
  const RowWalk<T> walk(L);
  const int block = block_channels(N * L);
  detail::parallel_for(C, block, [&](std::int64_t begin, std::int64_t end) {
    RowStats stats;
    for (std::int64_t c0 = begin; c0 < end; c0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - c0));
      row_stats<T>({x + c0 * L, L, N, C * L, L}, count, eps, true, stats);
      for (int c = 0; c < count; ++c) {
        mean[c0 + c] = stats.mean[c];
        rstd[c0 + c] = stats.rstd[c];
        if (var) var[c0 + c] = stats.var[c];
      }
      for (std::int64_t n = 0; n < N; ++n)
        for (int c = 0; c < count; ++c) {
          const std::int64_t at_run = (n * C + c0 + c) * L;
          normalize_run(walk, x + at_run, stats.mean[c], stats.rstd[c], at(weight, c0 + c, 1), at(bias, c0 + c, 0),
                        y + at_run);
        }
    }
  });
}

template <class T>
void batch_norm_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x, const double* mean,
                         const double* rstd, const T* weight, T* dx, T* dweight, T* dbias) {
  const RowWalk<T> walk(L);
  const double values = static_cast<double>(N * L);
  const int block = block_channels(2 * N * L);
  detail::parallel_for(C, block, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c0 = begin; c0 < end; c0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - c0));
      f64x8 a[8] = {}, b[8] = {};
      alignas(64) double sum_g[8], sum_gxh[8];
      for (int c = 0; c < count; ++c) {
        const SplitMean<T> m(mean[c0 + c]);
        f64x8 sums[2] = {};
        for (std::int64_t n = 0; n < N; ++n)
          add_grad_sums(walk, g + (n * C + c0 + c) * L, x + (n * C + c0 + c) * L, m.hi, sums);
        a[c] = sums[0], b[c] = sums[1];
      }
      store(sum_g, reduce8(a));
      store(sum_gxh, reduce8(b));
      bool in_double[8];
      for (int c = 0; c < count; ++c) {
        const double mu = mean[c0 + c], r = rstd[c0 + c];
        sum_gxh[c] = (sum_gxh[c] - SplitMean<T>(mu).lo * sum_g[c]) * r;
        in_double[c] = is_extreme<T>(mu, r) || !std::isfinite(sum_g[c]) || !std::isfinite(sum_gxh[c]);
        if (in_double[c]) {
          sum_g[c] = sum_gxh[c] = 0;
          for (std::int64_t n = 0; n < N; ++n) {
            const std::int64_t at_run = (n * C + c0 + c) * L;
            const GradSums s = grad_sums_in_double(L, g + at_run, x + at_run, mu, r);
            sum_g[c] += s.g, sum_gxh[c] += s.gxh;
          }
        }
        if (dweight) dweight[c0 + c] = static_cast<T>(sum_gxh[c]);
        if (dbias) dbias[c0 + c] = static_cast<T>(sum_g[c]);
      }
      if (!dx) continue;
      for (std::int64_t n = 0; n < N; ++n)
        for (int c = 0; c < count; ++c) {
          const std::int64_t at_run = (n * C + c0 + c) * L;
          const double w = at(weight, c0 + c, 1);
          grad_run(walk, g + at_run, x + at_run, mean[c0 + c], rstd[c0 + c], w, w * sum_g[c] / values,
                   w * sum_gxh[c] / values, in_double[c], dx + at_run);
        }
    }
  });
}

#define EG_INSTANTIATE(T)                                                                                            \
  template void batch_norm(std::int64_t, std::int64_t, std::int64_t, const T*, const T*, const T*, double, T*,       \
                           double*, double*, double*);                                                               \
  template void batch_norm_backward(std::int64_t, std::int64_t, std::int64_t, const T*, const T*, const double*,     \
                                    const double*, const T*, T*, T*, T*);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
