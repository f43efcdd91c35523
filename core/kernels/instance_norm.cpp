// Instance norm: group norm whose rows are single channels. On short rows the work beside the sweeps counts, so eight
// rows' scalars are handled as vectors throughout.
#include <eigengrad/core/parallel.h>

#include <cstring>

#include "norm_rows.h"
#include "normalize.h"

namespace eg::kernels {
namespace {

// out = p[0 .. count), the rest `otherwise`.
void eight(const double* p, int count, double otherwise, double (&out)[8]) {
  if (count == 8) {
    std::memcpy(out, p, sizeof out);
    return;
  }
  for (int i = 0; i < 8; ++i) out[i] = i < count ? p[i] : otherwise;
}

// The parameters of `count` channels from c on, in a cycle of C.
template <class T>
void eight_params(const T* p, std::int64_t c, std::int64_t C, int count, double otherwise, double (&out)[8]) {
  if (!p) {
    for (double& v : out) v = otherwise;
  } else if (count == 8 && c + 8 <= C) {
    store(out, convert<f64x8>(load<Eight<T>>(p + c)));
  } else {
    for (int i = 0; i < 8; ++i, c = next_in(c, C)) out[i] = i < count ? static_cast<double>(p[c]) : otherwise;
  }
}

}  // namespace

template <class T>
void instance_norm(std::int64_t N, std::int64_t C, std::int64_t L, const T* x, const T* weight, const T* bias,
                   double eps, T* y, double* mean, double* rstd, double* var) {
  const int block = block_rows(L);
  const RowWalk<T> walk(L, N * C * L, block * L);
  detail::parallel_for(N * C, grain_rows(L, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    const auto rows_from = [&](std::int64_t r0) { return static_cast<int>(std::min<std::int64_t>(block, end - r0)); };
    NormCoefs<T> coefs[2];
    std::int64_t c = begin % C;
    const auto look_at = [&](std::int64_t r0, int place) {
      NormCoefs<T>& to = coefs[place];
      const int count = rows_from(r0);
      RowStats stats;
      row_stats<T>({walk, x + r0 * L, L}, count, eps, true, stats);
      std::copy_n(stats.mean, count, mean + r0);
      std::copy_n(stats.rstd, count, rstd + r0);
      if (var) std::copy_n(stats.var, count, var + r0);
      std::memcpy(to.mean, stats.mean, sizeof to.mean);
      std::memcpy(to.rstd, stats.rstd, sizeof to.rstd);
      eight_params(weight, c, C, count, 1, to.w);
      eight_params(bias, c, C, count, 0, to.b);
      to.prepare(count);
      for (c += count; c >= C;) c -= C;
    };
    each_block(begin, end, block, look_at, [&](std::int64_t r0, int now) {
      const int count = rows_from(r0);
      for (int i = 0; i < count; ++i) coefs[now].apply(walk, i, x + (r0 + i) * L, y + (r0 + i) * L);
    });
    walk.finish();
  });
}

template <class T>
void instance_norm_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x, const double* mean,
                            const double* rstd, const T* weight, T* dx, T* dweight, T* dbias) {
  const double per_value = 1 / static_cast<double>(L);
  const int block = block_rows(2 * L);
  const RowWalk<T> walk(L, N * C * L, block * L);
  double *const sum_g = norm_scratch<double>(2 * N * C), *const sum_gxh = sum_g + N * C;  // of each row
  detail::parallel_for(N * C, grain_rows(2 * L, walk.past_caches), [&](std::int64_t begin, std::int64_t end) {
    const auto rows_from = [&](std::int64_t r0) { return static_cast<int>(std::min<std::int64_t>(block, end - r0)); };
    GradCoefs<T> coefs[2];
    bool in_double[2][8];
    std::int64_t c = begin % C;
    const auto look_at = [&](std::int64_t r0, int place) {
      GradCoefs<T>& to = coefs[place];
      bool(&extreme)[8] = in_double[place];
      const int count = rows_from(r0);
      eight(mean + r0, count, 0, to.mean);
      eight(rstd + r0, count, 1, to.rstd);
      eight_params(weight, c, C, count, 1, to.w);
      for (c += count; c >= C;) c -= C;
      alignas(64) double sg[8], sgx[8];
      eight_grad_sums(walk, count, g + r0 * L, x + r0 * L, to.mean, to.rstd, sg, sgx);
      int odd = 0;
      for (int i = 0; i < 8; ++i) {
        to.mean_g[i] = to.w[i] * sg[i] * per_value, to.mean_gxh[i] = to.w[i] * sgx[i] * per_value;
        odd += grad_in_double<T>(to.mean[i], to.rstd[i], to.mean_g[i], to.mean_gxh[i]);
      }
      for (bool& e : extreme) e = false;
      if (odd > 0)
        for (int i = 0; i < count; ++i) {
          extreme[i] = grad_in_double<T>(to.mean[i], to.rstd[i], to.mean_g[i], to.mean_gxh[i]);
          if (!extreme[i]) continue;
          const GradSums s = grad_sums_in_double(L, g + (r0 + i) * L, x + (r0 + i) * L, to.mean[i], to.rstd[i]);
          sg[i] = s.g, sgx[i] = s.gxh;
          to.mean_g[i] = to.w[i] * s.g * per_value, to.mean_gxh[i] = to.w[i] * s.gxh * per_value;
        }
      std::copy_n(sg, count, sum_g + r0);
      std::copy_n(sgx, count, sum_gxh + r0);
      to.prepare();
    };
    each_block(begin, end, block, look_at, [&](std::int64_t r0, int now) {
      if (!dx) return;
      const int count = rows_from(r0);
      for (int i = 0; i < count; ++i) {
        const std::int64_t at_row = (r0 + i) * L;
        if (in_double[now][i])
          coefs[now].apply_in_double(L, i, g + at_row, x + at_row, dx + at_row);
        else
          coefs[now].apply(walk, i, g + at_row, x + at_row, dx + at_row);
      }
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
