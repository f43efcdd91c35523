// The fixed affine map per channel that a norm with running statistics is in eval mode.
#include <eigengrad/core/parallel.h>

#include <vector>

#include "divide_up.h"
#include "lanes.h"
#include "norm_rows.h"
#include "normalize.h"

namespace eg::kernels {
namespace {

// The sums over a run of g and g (x - hi), and dx = scale g, where dx exists, on the way: long runs are read once.
template <class T>
void sums_and_dx(const RowWalk<T>& walk, const T* g, const T* x, T hi, T scale, T* dx, double (&sums)[2]) {
  using V = Simd<T>;
  const auto terms = grad_terms(hi);
  const V s = V{} + scale;
  const V last_g = walk.load_last(g);
  f64x8 total[2] = {};
  std::int64_t i = 0;
  do {
    V a[2][2] = {};
    const auto one = [&](V* to, std::int64_t at) {
      const V gv = load<V>(g + at);
      terms(
          to, [](V v) { return v; }, gv, load<V>(x + at));
      if (dx) walk.store_result(dx + at, gv * s);
    };
    const std::int64_t end = std::min(walk.full, i + values_in_t<T, 2>);
    for (; i + 2 * walk.N <= end; i += 2 * walk.N) unrolled<2>([&](auto k) { one(a[k], i + k * walk.N); });
    if (i < end) one(a[0], i), i += walk.N;
    if (i == walk.full && walk.rest)
      terms(
          a[1], [&](V v) { return walk.only_fresh(v); }, last_g, walk.load_last(x));
    for (int k = 0; k < 2; ++k) total[k] += convert<f64x8>(fold(a[0][k] + a[1][k]));
  } while (i < walk.full);
  if (walk.rest && dx) walk.store_last(dx, last_g * s);
  for (int k = 0; k < 2; ++k) sums[k] = lane_sum(total[k]);
}

}  // namespace

template <class T>
void channel_affine(std::int64_t N, std::int64_t C, std::int64_t L, const T* x, const double* mean, const double* rstd,
                    const T* weight, const T* bias, T* y) {
  const RowWalk<T> walk(L, N * C * L);
  std::vector<NormCoefs<T>> coefs(static_cast<std::size_t>(divide_up(C, most_rows)));  // of most_rows channels
  for (std::int64_t c0 = 0; c0 < C; c0 += most_rows) {
    NormCoefs<T>& some = coefs[static_cast<std::size_t>(c0 / most_rows)];
    const int count = static_cast<int>(std::min<std::int64_t>(most_rows, C - c0));
    for (int i = 0; i < count; ++i) {
      some.mean[i] = mean[c0 + i], some.rstd[i] = rstd[c0 + i];
      some.w[i] = at(weight, c0 + i, 1), some.b[i] = at(bias, c0 + i, 0);
    }
    some.prepare(count);
  }
  detail::parallel_for(N * C, grain_rows(L, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    std::int64_t c = begin % C;
    for (std::int64_t r = begin; r < end; ++r, c = next_in(c, C))
      coefs[static_cast<std::size_t>(c / most_rows)].apply(walk, static_cast<int>(c % most_rows), x + r * L, y + r * L,
                                                           MapAlone{});
    walk.finish();
  });
}

template <class T>
void channel_affine_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x, const double* mean,
                             const double* rstd, const T* weight, T* dx, T* dweight, T* dbias) {
  const RowWalk<T> walk(L, N * C * L);
  const bool sums = dweight || dbias, long_runs = L >= 1024;
  const bool on_the_way = sums && long_runs && dx && dx != g;  // a run whose sums overflow is read again
  const int block = block_rows(2 * L);
  double *const sum_g = norm_scratch<double>(2 * N * C), *const sum_gxh = sum_g + N * C;  // of each (n, c)
  detail::parallel_for(N * C, grain_rows(2 * L, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    alignas(64) double mu[most_rows] = {}, r[most_rows] = {};
    T scale[most_rows];
    RunSums of;
    std::int64_t c = begin % C;
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      for (int i = 0; i < count; ++i, c = next_in(c, C)) {
        mu[i] = mean[c], r[i] = rstd[c];
        scale[i] = static_cast<T>(rstd[c] * at(weight, c, 1));
      }
      if (sums) {
        if (long_runs)
          for (int i = 0; i < count; ++i) {
            const std::int64_t at_run = (r0 + i) * L;
            double of_run[2];
            sums_and_dx(walk, g + at_run, x + at_run, static_cast<T>(mu[i]), scale[i],
                        on_the_way ? dx + at_run : nullptr, of_run);
            of.g[i] = of_run[0], of.gxh[i] = (of_run[1] - SplitMean<T>(mu[i]).lo * of_run[0]) * r[i];
          }
        else
          run_grad_sums(walk, count, g + r0 * L, x + r0 * L, mu, r, of);
        copy_row(of.g, count, sum_g + r0);
        copy_row(of.gxh, count, sum_gxh + r0);
        for (int i = 0; i < count; ++i)
          if (!is_ordinary_grad<T>(mu[i], r[i], of.g[i], of.gxh[i])) {
            const GradSums s = grad_sums_in_double(L, g + (r0 + i) * L, x + (r0 + i) * L, mu[i], r[i]);
            sum_g[r0 + i] = s.g, sum_gxh[r0 + i] = s.gxh;
          }
      }
      if (!dx || on_the_way) continue;
      for (int i = 0; i < count; ++i) {
        const Simd<T> s = Simd<T>{} + scale[i];
        map_row(
            walk, dx + (r0 + i) * L, [s](Simd<T> gv) { return gv * s; }, g + (r0 + i) * L);
      }
    }
    walk.finish();
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
