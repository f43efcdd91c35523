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

// Means over a row, or eight rows.
template <class D>
struct Means {
  D g, v, gxh, vxh, gv;
};

// dx = v_to_dx v + g_to_dx g + xh_to_dx xh + to_dx, dg = v_to_dg v + xh_to_dg xh + to_dg.
template <class D>
struct Factors {
  D S, v_to_dx, g_to_dx, xh_to_dx, to_dx, v_to_dg, xh_to_dg, to_dg;

  Factors(D r, D w, D u, D t, const Means<D>& m)
      : S(m.gv - m.v * m.g - m.vxh * m.gxh),
        v_to_dx(-r * r * w * m.gxh),
        g_to_dx(u * r - r * r * w * m.vxh),
        xh_to_dx(-r * r * w * S - v_to_dx * m.vxh - g_to_dx * m.gxh),
        to_dx(-v_to_dx * m.v - g_to_dx * m.g),
        v_to_dg(r * w),
        xh_to_dg(u - v_to_dg * m.vxh),
        to_dg(t - v_to_dg * m.v) {}
};

// Up to most_rows rows, with x - hi in place of xh.
template <class T>
struct RowFactors {
  alignas(64) double mean[most_rows], rstd[most_rows], w[most_rows], u[most_rows], t[most_rows], S[most_rows];
  alignas(64) T hi[most_rows], v_to_dx[most_rows], g_to_dx[most_rows], x_to_dx[most_rows], to_dx[most_rows],
      v_to_dg[most_rows], x_to_dg[most_rows], to_dg[most_rows];
  bool any_extreme;

  RowFactors() {
    for (auto* of_rows : {&mean, &rstd, &w, &u, &t}) fill(*of_rows, 0.0);
  }

  // sums: of g, v, g (x - hi), v (x - hi), g v over rows of L values.
  void prepare(int count, std::int64_t L, const double (&sums)[5][most_rows]) {
    const double per_value = 1 / static_cast<double>(L);
    i64x8 ordinary = ~i64x8{};
    for (int i = 0; i < count; i += 8) {
      const SplitMean m = split_means<T>(mean + i);
      const f64x8 r = load<f64x8>(rstd + i);
      const auto sum = [&](int k) { return load<f64x8>(sums[k] + i); };
      const Means<f64x8> of{sum(0) * per_value, sum(1) * per_value, (sum(2) - m.lo * sum(0)) * r * per_value,
                            (sum(3) - m.lo * sum(1)) * r * per_value, sum(4) * per_value};
      const Factors<f64x8> f(r, load<f64x8>(w + i), load<f64x8>(u + i), load<f64x8>(t + i), of);
      const f64x8 by_x = f.xh_to_dx * r, by_x_g = f.xh_to_dg * r;
      store(S + i, f.S);
      store(hi + i, m.hi);
      const auto put = [i](T* to, f64x8 value) { store(to + i, convert<Eight<T>>(value)); };
      put(v_to_dx, f.v_to_dx), put(g_to_dx, f.g_to_dx), put(x_to_dx, by_x), put(to_dx, f.to_dx - by_x * m.lo);
      put(v_to_dg, f.v_to_dg), put(x_to_dg, by_x_g), put(to_dg, f.to_dg - by_x_g * m.lo);
      const f64x8 mu = load<f64x8>(mean + i);
      ordinary &= is_ordinary_grad<T>(mu, r, of.g, of.gxh) & is_ordinary_grad<T>(mu, r, of.v, of.vxh) &
                  is_ordinary_grad<T>(mu, r, of.gv, of.gv);
    }
    any_extreme = !every_lane(ordinary);
  }
  bool extreme(int i, const double (&sums)[5][most_rows]) const {
    bool ordinary = is_ordinary<T>(mean[i], rstd[i]);
    for (const auto& sum : sums) ordinary = ordinary && std::fabs(sum[i]) * std::max(1.0, rstd[i]) < 1e300;
    return !ordinary;
  }

  // v, dx and dg may be null.
  void apply(const RowWalk<T>& walk, int i, const T* v, const T* g, const T* x, T* dx, T* dg) const {
    using V = Simd<T>;
    const T h = hi[i];
    if (dx) {
      const T by_v = v_to_dx[i], by_g = g_to_dx[i], by_x = x_to_dx[i], c = to_dx[i];
      if (v)
        map_row(
            walk, dx, [=](V vv, V gv, V xv) { return by_v * vv + (by_g * gv + (by_x * (xv - h) + c)); }, v, g, x);
      else
        map_row(
            walk, dx, [=](V gv, V xv) { return by_g * gv + (by_x * (xv - h) + c); }, g, x);
    }
    if (!dg) return;
    const T by_v = v_to_dg[i], by_x = x_to_dg[i], c = to_dg[i];
    if (v)
      map_row(
          walk, dg, [=](V vv, V xv) { return by_v * vv + (by_x * (xv - h) + c); }, v, x);
    else
      map_row(
          walk, dg, [=](V xv) { return by_x * (xv - h) + c; }, x);
  }

  void apply_in_double(std::int64_t L, int row, const T* v, const T* g, const T* x, T* dx, T* dg) {
    const double mu = mean[row], r = rstd[row];
    const auto each = [&](auto f) {
      for (std::int64_t i = 0; i < L; ++i)
        f(i, at(v, i, 0), static_cast<double>(g[i]), (static_cast<double>(x[i]) - mu) * r);
    };
    Means<double> m{0, 0, 0, 0, 0};
    each([&](std::int64_t, double vi, double gi, double xh) {
      m.g += gi, m.v += vi, m.gxh += gi * xh, m.vxh += vi * xh, m.gv += gi * vi;
    });
    for (double* p : {&m.g, &m.v, &m.gxh, &m.vxh, &m.gv}) *p /= static_cast<double>(L);
    const Factors<double> f(r, w[row], u[row], t[row], m);
    S[row] = f.S;
    each([&](std::int64_t i, double vi, double gi, double xh) {
      if (dx) dx[i] = static_cast<T>(f.v_to_dx * vi + f.g_to_dx * gi + f.xh_to_dx * xh + f.to_dx);
      if (dg) dg[i] = static_cast<T>(f.v_to_dg * vi + f.xh_to_dg * xh + f.to_dg);
    });
  }
};

// The sums RowFactors::prepare wants; v may be null.
template <class T>
void second_sums(const RowWalk<T>& walk, int count, const T* v, const T* g, const T* x, const double* mean,
                 double (&sums)[5][most_rows]) {
  const std::int64_t L = walk.length;
  if (v) {
    block_sums<T, 5>(walk, 1, count, sums, [&](int r, std::int64_t, auto sum) {
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
      sum(terms, v + r * L, g + r * L, x + r * L);
    });
  } else {
    alignas(64) double of_g[2][most_rows];
    block_sums<T, 2>(walk, 1, count, of_g, [&](int r, std::int64_t, auto sum) {
      sum(grad_terms(static_cast<T>(mean[r])), g + r * L, x + r * L);
    });
    for (auto& sum : sums) fill(sum, 0.0);
    std::copy_n(of_g[0], count, sums[0]);
    std::copy_n(of_g[1], count, sums[2]);
  }
}

}  // namespace

template <class T>
void instance_norm_double_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* v, const T* u, const T* t,
                                   const T* g, const T* x, const double* mean, const double* rstd, const T* weight,
                                   T* dx, T* dg, T* dweight) {
  const RowWalk<T> walk(L);
  const int block = block_rows(3 * L);
  double* const by_weight = norm_scratch<double>(N * C);  // L r S of each row
  detail::parallel_for(N * C, grain_rows(3 * L), [&](std::int64_t begin, std::int64_t end) {
    RowFactors<T> factors;
    alignas(64) double sums[5][most_rows];
    const auto from = [](auto* p, std::int64_t i) { return p ? p + i : nullptr; };
    for (std::int64_t r0 = begin; r0 < end; r0 += block) {
      const int count = static_cast<int>(std::min<std::int64_t>(block, end - r0));
      copy_row(mean + r0, count, factors.mean);
      copy_row(rstd + r0, count, factors.rstd);
      cycle_params(weight, r0 % C, C, count, 1, factors.w);
      cycle_params(u, r0 % C, C, count, 0, factors.u);
      cycle_params(t, r0 % C, C, count, 0, factors.t);
      second_sums(walk, count, from(v, r0 * L), g + r0 * L, x + r0 * L, factors.mean, sums);
      factors.prepare(count, L, sums);
      for (int i = 0; i < count; ++i) {
        const std::int64_t k = (r0 + i) * L;
        if (factors.any_extreme && factors.extreme(i, sums))
          factors.apply_in_double(L, i, from(v, k), g + k, x + k, from(dx, k), from(dg, k));
        else
          factors.apply(walk, i, from(v, k), g + k, x + k, from(dx, k), from(dg, k));
      }
      for (int i = 0; i < count; i += 8)
        store(factors.S + i, load<f64x8>(factors.S + i) * load<f64x8>(factors.rstd + i) * static_cast<double>(L));
      copy_row(factors.S, count, by_weight + r0);
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
