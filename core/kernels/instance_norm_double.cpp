// The gradient of instance norm's gradient, fused; gradient penalties differentiate a critic's input gradient.
#include <eigengrad/core/parallel.h>

#include "norm_rows.h"
#include "normalize.h"

// Note [Instance norm, second order]
// A row of L values; r = rstd, a bar is a mean over the row, xh = (x - mean) r, m_a = mean(a xh). Backward gives
//   dx = r w (g - g_ - xh m_g),   dweight = L m_g,   dbias = L g_.
// With cotangents v, u, t of these, and S = mean(v g) - v_ g_ - m_v m_g,
//   phi = L (r w S + u m_g + t g_).
// d r / d x = -r^2 xh / L and d m_a / d x = r (a - a_ - xh m_a) / L, both exact with eps, give
//   d phi / d w = L r S
//   d phi / d g = r w (v - v_ - xh m_v) + u xh + t
//   d phi / d x = -r^2 w S xh - r^2 w m_g (v - v_ - xh m_v) + (u r - r^2 w m_v) (g - g_ - xh m_g).
namespace eg::kernels {
namespace {

// Means over a row: g, v, g xh, v xh, g v.
struct Means {
  double g, v, gxh, vxh, gv;
  bool finite() const {
    return std::isfinite(g) && std::isfinite(v) && std::isfinite(gxh) && std::isfinite(vxh) && std::isfinite(gv);
  }
};

template <class T>
Means means_in_double(std::int64_t L, const T* v, const T* g, const T* x, double mean, double rstd) {
  Means m{0, 0, 0, 0, 0};
  for (std::int64_t i = 0; i < L; ++i) {
    const double gi = static_cast<double>(g[i]), vi = at(v, i, 0), xh = (static_cast<double>(x[i]) - mean) * rstd;
    m.g += gi, m.v += vi, m.gxh += gi * xh, m.vxh += vi * xh, m.gv += gi * vi;
  }
  for (double* p : {&m.g, &m.v, &m.gxh, &m.vxh, &m.gv}) *p /= static_cast<double>(L);
  return m;
}

// The means of up to most_rows rows.
template <class T>
void row_means(const RowWalk<T>& walk, int count, const T* v, const T* g, const T* x, const double* mean,
               const double* rstd, Means* out) {
  alignas(64) double total[5][most_rows] = {};
  if (v) {
    block_sums<T, 5>(walk, 1, count, total, [&](int r, std::int64_t, auto sum) {
      const Simd<T> hi = Simd<T>{} + static_cast<T>(mean[r]);
      const auto terms = [hi](Simd<T>* a, auto keep, Simd<T> vv, Simd<T> gv, Simd<T> xv) {
        const Simd<T> d = xv - hi;
        gv = keep(gv);
        vv = keep(vv);
        a[0] += gv;
        a[1] += vv;
        a[2] += gv * d;
        a[3] += vv * d;
        a[4] += gv * vv;
      };
      sum(terms, v + r * walk.length, g + r * walk.length, x + r * walk.length);
    });
  } else {
    alignas(64) double of_g[2][most_rows];
    block_sums<T, 2>(walk, 1, count, of_g, [&](int r, std::int64_t, auto sum) {
      sum(grad_terms(static_cast<T>(mean[r])), g + r * walk.length, x + r * walk.length);
    });
    std::copy_n(of_g[0], count, total[0]);
    std::copy_n(of_g[1], count, total[2]);
  }
  const double L = static_cast<double>(walk.length);
  for (int r = 0; r < count; ++r) {
    const double lo = SplitMean<T>(mean[r]).lo;
    out[r] = {total[0][r] / L, total[1][r] / L, (total[2][r] - lo * total[0][r]) * rstd[r] / L,
              (total[3][r] - lo * total[1][r]) * rstd[r] / L, total[4][r] / L};
  }
}

// a v + b g + c xh + d over a row; v may be null.
template <class T>
void combine(const RowWalk<T>& walk, const T* v, const T* g, const T* x, double mean, double rstd, double a, double b,
             double c, double d, bool in_double, T* out) {
  if (in_double) {
    for (std::int64_t i = 0; i < walk.length; ++i)
      out[i] = static_cast<T>(a * at(v, i, 0) + b * static_cast<double>(g[i]) +
                              c * ((static_cast<double>(x[i]) - mean) * rstd) + d);
    return;
  }
  const SplitMean<T> m(mean);
  const double by_x = c * rstd;
  const Simd<T> hi = Simd<T>{} + m.hi, A = Simd<T>{} + static_cast<T>(a), B = Simd<T>{} + static_cast<T>(b),
                X = Simd<T>{} + static_cast<T>(by_x), D = Simd<T>{} + static_cast<T>(d - by_x * m.lo);
  if (v)
    map_row(
        walk, out, [=](Simd<T> vv, Simd<T> gv, Simd<T> xv) { return A * vv + (B * gv + (X * (xv - hi) + D)); }, v, g,
        x);
  else
    map_row(
        walk, out, [=](Simd<T> gv, Simd<T> xv) { return B * gv + (X * (xv - hi) + D); }, g, x);
}

}  // namespace

template <class T>
void instance_norm_double_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* v, const T* u, const T* t,
                                   const T* g, const T* x, const double* mean, const double* rstd, const T* weight,
                                   T* dx, T* dg, T* dweight) {
  const RowWalk<T> walk(L);
  const int block = block_rows(3 * L);
  double* const by_weight = norm_scratch<double>(N * C);
  detail::parallel_for(N * C, grain_rows(3 * L), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      const std::int64_t at_block = r0 * L;
      Means means[most_rows];
      row_means(walk, count, v ? v + at_block : nullptr, g + at_block, x + at_block, mean + r0, rstd + r0, means);
      for (int i = 0; i < count; ++i) {
        const std::int64_t row = r0 + i, c = row % C, at_row = row * L;
        const T* const vr = v ? v + at_row : nullptr;
        const double mu = mean[row], r = rstd[row], w = at(weight, c, 1), uc = at(u, c, 0), tc = at(t, c, 0);
        Means m = means[i];
        const bool in_double = !is_ordinary<T>(mu, r) || !m.finite();
        if (in_double) m = means_in_double(L, vr, g + at_row, x + at_row, mu, r);
        const double S = m.gv - m.v * m.g - m.vxh * m.gxh;
        by_weight[row] = static_cast<double>(L) * r * S;
        const double rw = r * w, by_v = -r * rw * m.gxh, by_g = uc * r - r * rw * m.vxh;
        if (dx)
          combine(walk, vr, g + at_row, x + at_row, mu, r, by_v, by_g, -r * rw * S - by_v * m.vxh - by_g * m.gxh,
                  -by_v * m.v - by_g * m.g, in_double, dx + at_row);
        if (dg)
          combine<T>(walk, nullptr, vr ? vr : g + at_row, x + at_row, mu, r, 0, vr ? rw : 0, uc - rw * m.vxh,
                     tc - rw * m.v, in_double, dg + at_row);
      }
    }
  });
  if (dweight) sum_over_n(N, C, by_weight, dweight);
}

template void instance_norm_double_backward(std::int64_t, std::int64_t, std::int64_t, const float*, const float*,
                                            const float*, const float*, const float*, const double*, const double*,
                                            const float*, float*, float*, float*);
template void instance_norm_double_backward(std::int64_t, std::int64_t, std::int64_t, const double*, const double*,
                                            const double*, const double*, const double*, const double*, const double*,
                                            const double*, double*, double*, double*);

}  // namespace eg::kernels
