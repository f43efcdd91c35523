// The fixed affine map per channel that a norm with running statistics is in eval mode.
#include <eigengrad/core/parallel.h>

#include "normalize.h"
#include "norm_rows.h"

namespace eg::kernels {

template <class T>
void channel_affine(std::int64_t N, std::int64_t C, std::int64_t L, const T* x, const double* mean, const double* rstd,
                    const T* weight, const T* bias, T* y) {
  const RowWalk<T> walk(L);
  detail::parallel_for(N * C, grain_rows(L), [&](std::int64_t begin, std::int64_t end) {
    std::int64_t c = begin % C;
    for (std::int64_t r = begin; r < end; ++r) {
      normalize_run(walk, x + r * L, mean[c], rstd[c], at(weight, c, 1), at(bias, c, 0), y + r * L);
      if (++c == C) c = 0;
    }
  });
}

template <class T>
void channel_affine_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x,
                             const double* mean, const double* rstd, const T* weight, T* dx, T* dweight, T* dbias) {
  const RowWalk<T> walk(L);
  const bool sums = dweight || dbias;
  const int block = block_rows(2 * L);
  Scratch scratch(sums ? 2 * N * C : 0);
  double *sum_g = scratch.data(), *sum_gxh = sum_g + N * C;  // of each (n, c)
  detail::parallel_for(N * C, grain_rows(2 * L), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const std::int64_t count = std::min<std::int64_t>(block, end - r0);
      if (sums) {
        run_grad_sums(walk, r0, count, g, x, mean, rstd, [C](std::int64_t run) { return run % C; }, sum_g, sum_gxh);
        for (std::int64_t r = r0; r < r0 + count; ++r)
          if (is_extreme<T>(mean[r % C], rstd[r % C]) || !std::isfinite(sum_g[r]) || !std::isfinite(sum_gxh[r])) {
            const GradSums s = grad_sums_in_double(L, g + r * L, x + r * L, mean[r % C], rstd[r % C]);
            sum_g[r] = s.g, sum_gxh[r] = s.gxh;
          }
      }
      if (!dx) continue;
      for (std::int64_t r = r0; r < r0 + count; ++r) {
        const double scale = rstd[r % C] * at(weight, r % C, 1);
        const Simd<T> s = Simd<T>{} + static_cast<T>(scale);
        map_row(walk, dx + r * L, [s](Simd<T> gv) { return gv * s; }, g + r * L);
      }
    }
  });
  if (dweight) sum_over_n(N, C, sum_gxh, dweight);
  if (dbias) sum_over_n(N, C, sum_g, dbias);
}

#define EG_INSTANTIATE(T)                                                                                            \
  template void channel_affine(std::int64_t, std::int64_t, std::int64_t, const T*, const double*, const double*,     \
                               const T*, const T*, T*);                                                              \
  template void channel_affine_backward(std::int64_t, std::int64_t, std::int64_t, const T*, const T*, const double*, \
                                        const double*, const T*, T*, T*, T*);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
