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

// Channels that a thread takes at a time: of those whose sums are taken ahead, some blocks.
std::int64_t grain_channels(std::int64_t C, int block, bool sums_ahead) {
  return sums_ahead ? std::max<std::int64_t>(1, C / 8 / block) * block : block;
}

}  // namespace

template <class T>
void batch_norm(std::int64_t N, std::int64_t C, std::int64_t L, const T* x, const T* weight, const T* bias, double eps,
                T* y, double* mean, double* rstd, double* var) {
  const int block = block_channels(N * L);
  const RowWalk<T> walk(L, N * C * L, N * block * L, block * L);
  detail::parallel_for(C, grain_channels(C, block, walk.sums_ahead), [&](std::int64_t begin, std::int64_t end) {
    NormCoefs<T> coefs;
    const auto rows_at = [&](std::int64_t c0) { return Rows<T>{walk, x + c0 * L, L, N, C * L}; };
    stats_and_map<T>(walk.sums_ahead, begin, end, block, eps, true, coefs, rows_at,
                     [&](std::int64_t c0, int count, auto between) {
                       for (int c = 0; c < count; ++c) {
                         mean[c0 + c] = coefs.mean[c], rstd[c0 + c] = coefs.rstd[c];
                         coefs.w[c] = at(weight, c0 + c, 1), coefs.b[c] = at(bias, c0 + c, 0);
                         if (var) var[c0 + c] = coefs.var[c];
                       }
                       coefs.prepare(count);
                       for (std::int64_t n = 0; n < N; ++n)
                         coefs.apply_rows(walk, count, x + (n * C + c0) * L, y + (n * C + c0) * L, between);
                     });
    walk.finish();
  });
}

template <class T>
void batch_norm_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x, const double* mean,
                         const double* rstd, const T* weight, T* dx, T* dweight, T* dbias) {
  const double values = static_cast<double>(N * L);
  const int block = block_channels(2 * N * L);
  const RowWalk<T> walk(L, N * C * L, 2 * N * block * L);
  detail::parallel_for(C, grain_channels(C, block, walk.sums_ahead), [&](std::int64_t begin, std::int64_t end) {
    GradCoefs<T> coefs;
    const auto rows_from = [&](std::int64_t c0, int, const RowSums&) {
      return [=](int c, std::int64_t n, auto sum) {
        const std::int64_t at_run = (n * C + c0 + c) * L;
        sum(grad_terms(static_cast<T>(mean[c0 + c])), g + at_run, x + at_run);
      };
    };
    sum_and_map<T, RowSums>(
        walk, N, walk.sums_ahead && dx, begin, end, block,
        [&](std::int64_t c0, int count, auto& sums) {
          block_sums<T, 2>(walk, N, count, sums.of, rows_from(c0, count, sums));
        },
        rows_from,
        [&](std::int64_t c0, int count, auto& sums, auto between) {
          coefs.any_in_double = false;
          for (int c = 0; c < count; ++c) {
            const double mu = mean[c0 + c], r = rstd[c0 + c], w = at(weight, c0 + c, 1);
            double sum_g = sums.of[0][c], sum_gxh = (sums.of[1][c] - SplitMean<T>(mu).lo * sum_g) * r;
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
          if (!dx) return;
          coefs.prepare(count);
          for (std::int64_t n = 0; n < N; ++n) {
            const std::int64_t at_runs = (n * C + c0) * L;
            coefs.apply_rows(walk, count, g + at_runs, x + at_runs, dx + at_runs, between);
          }
        });
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
