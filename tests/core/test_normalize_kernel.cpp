#include <eigengrad/core/array.h>
#include <eigengrad/core/parallel.h>

#include <limits>

#include "norm_reference.h"

using namespace norm_test;

namespace {

const Vec<GroupShape> shapes = {{1, 1, 2, 1},  {2, 3, 5, 3},    {3, 5, 7, 5},     {1, 2, 16, 2},   {2, 9, 17, 9},
                                {3, 4, 31, 4}, {2, 11, 50, 11}, {3, 17, 100, 17}, {1, 3, 257, 3},  {2, 2, 1025, 2},
                                {2, 6, 3, 2},  {3, 8, 19, 4},   {1, 8, 100, 1},   {2, 1, 4099, 1}, {2, 6, 1, 2}};

}  // namespace

TEST_CASE_TEMPLATE("normalize: group and instance norm against long double", T, float, double) {
  const double tolerance = std::is_same_v<T, float> ? 2e-6 : 2e-14;
  unsigned seed = 1;
  for (const GroupShape& s : shapes) {
    CAPTURE(s.L);
    CAPTURE(s.G);
    const int64_t n = s.N * s.C * s.L, M = s.values(), K = s.channels();
    const Vec<T> x = randn<T>(n, ++seed, 0.5, 2), w = randn<T>(s.C, ++seed), b = randn<T>(s.C, ++seed);
    const Run<T> run(s, x, w, b, {});
    const Param param = [&](int64_t r, int64_t i) { return r % s.G * K + i / s.L; };
    CHECK(max_diff(run.y, reference(as<Real>(x), s.rows(), M, as<Real>(w), as<Real>(b), param, 1e-5L)) < tolerance);
    const Run<T> plain(s, x, {}, {}, {}), ones(s, x, Vec<T>(size_t(s.C), T(1)), Vec<T>(size_t(s.C), T(0)), {});
    CHECK(same_bits(plain.y, ones.y));
    Vec<T> in_place = x;
    Vec<double> mean(run.mean.size()), rstd(mean.size());
    group_norm(s, in_place.data(), w.data(), b.data(), 1e-5, in_place.data(), mean.data(), rstd.data(), nullptr);
    CHECK(same_bits(in_place, run.y));
  }
}

TEST_CASE("normalize: gradients of group and instance norm are the derivatives of the definition") {
  unsigned seed = 50;
  for (const GroupShape& s : shapes) {
    if (s.N * s.C * s.L > 700) continue;
    CAPTURE(s.L);
    CAPTURE(s.G);
    const int64_t n = s.N * s.C * s.L, M = s.values(), K = s.channels();
    const Vec<double> x = randn<double>(n, ++seed), w = randn<double>(s.C, ++seed), b = randn<double>(s.C, ++seed),
                      g = randn<double>(n, ++seed);
    const Run<double> run(s, x, w, b, g, 0.01);
    const Param param = [&](int64_t r, int64_t i) { return r % s.G * K + i / s.L; };
    const auto loss = [&](const Vec<Real>& xx, const Vec<Real>& ww, const Vec<Real>& bb) {
      return dot(as<Real>(g), reference(xx, s.rows(), M, ww, bb, param, 0.01L));
    };
    const Vec<Real> xr = as<Real>(x), wr = as<Real>(w), br = as<Real>(b);
    CHECK(max_diff(run.dx, gradient_of([&](const Vec<Real>& v) { return loss(v, wr, br); }, xr)) < 1e-9);
    CHECK(max_diff(run.dw, gradient_of([&](const Vec<Real>& v) { return loss(xr, v, br); }, wr)) < 1e-9);
    CHECK(max_diff(run.db, gradient_of([&](const Vec<Real>& v) { return loss(xr, wr, v); }, br)) < 1e-9);
    Vec<double> in_place = g;
    group_norm_backward(s, in_place.data(), x.data(), run.mean.data(), run.rstd.data(), w.data(), in_place.data(),
                        static_cast<double*>(nullptr), static_cast<double*>(nullptr));
    CHECK(same_bits(in_place, run.dx));
  }
}

TEST_CASE("normalize: float gradients are those of double to float's precision") {
  unsigned seed = 150;
  for (const GroupShape& s : shapes) {
    const int64_t n = s.N * s.C * s.L;
    const Vec<float> x = randn<float>(n, ++seed, 3), w = randn<float>(s.C, ++seed), g = randn<float>(n, ++seed);
    const Run<float> f(s, x, w, {}, g, 0.1);
    const Run<double> d(s, as<double>(x), as<double>(w), {}, as<double>(g), 0.1);
    CHECK(max_diff(f.dx, d.dx) < 5e-6);
    CHECK(max_diff(f.dw, d.dw) < 2e-5);
    CHECK(max_diff(f.db, d.db) < 2e-5);
  }
}

TEST_CASE_TEMPLATE("normalize: a constant row gives exactly the bias and a finite gradient", T, float, double) {
  for (double value : {0.0, 1.0, -7.1, 1e4 / 3, 1e-30, 1e19, 1e30, 3e38})
    for (int64_t L : {2, 3, 5, 7, 8, 11, 16, 17, 50, 100, 300, 5000}) {
      CAPTURE(value);
      CAPTURE(L);
      const Vec<T> x(static_cast<size_t>(L), static_cast<T>(value)), g = randn<T>(L, 3);
      const Run<T> run({1, 1, L, 1}, x, {T(1.7)}, {T(0.3)}, g);
      CHECK(same_bits(run.y, Vec<T>(size_t(L), T(0.3))));
      CHECK(run.var[0] == 0);
      for (T d : run.dx) REQUIRE(std::isfinite(d));
      CHECK(run.dw[0] == 0);
    }
}

TEST_CASE("normalize: float rows far from zero lose nothing") {
  for (double mean : {0.0, 1e5, -1e6, 1e7})
    for (int64_t L : {9, 50, 100, 1024, 16384}) {
      CAPTURE(mean);
      CAPTURE(L);
      const Vec<float> x = randn<float>(L, unsigned(L), mean);
      const Vec<Real> want = xhat(as<Real>(x), 1e-5L);
      CHECK(max_diff(instance(x), want) <= 3e-6);
    }
}

TEST_CASE("normalize: rows that start far from their mean") {
  for (int64_t L : {20, 100, 5000}) {
    Vec<float> x = randn<float>(L, 9);
    for (size_t i = 0; i < 8; ++i) x[i] = float(1e4 + double(i));
    CHECK(max_diff(instance(x), xhat(as<Real>(x), 1e-5L)) <= 2e-5);  // values to 25 at L = 5000
    for (size_t i = 0; i < x.size(); ++i) x[i] = float(i) - 3;       // a ramp
    CHECK(max_diff(instance(x), xhat(as<Real>(x), 1e-5L)) <= 1e-6);
  }
}

TEST_CASE("normalize: extreme scales are normalized, gradients too") {
  for (double scale : {1e-38, 1e-30, 1e-20, 1e-10, 1e10, 1e17, 1e19, 1e25, 5e37})
    for (double eps : {1e-5, 1e-70})
      for (int64_t L : {6, 50, 1000}) {
        CAPTURE(scale);
        CAPTURE(eps);
        CAPTURE(L);
        const Vec<float> x = randn<float>(L, 4, 0, scale), g = randn<float>(L, 5);
        const Run<float> run({1, 1, L, 1}, x, {}, {}, g, eps);
        const Vec<Real> want = xhat(as<Real>(x), Real(eps));
        Real largest = 0;
        for (Real v : want) largest = std::max(largest, std::fabs(v));
        CHECK(max_diff(run.y, want) <= 1e-6 * double(largest));
        const Run<double> d({1, 1, L, 1}, as<double>(x), {}, {}, as<double>(g), eps);
        const double tolerance = 2e-5 * d.rstd[0] + 1e-44;
        bool fits = true;
        for (double v : d.dx) fits = fits && std::fabs(v) < 3e38;
        if (fits) CHECK(max_diff(run.dx, d.dx) <= tolerance);
      }
  for (double scale : {1e-200, 1e-160, 1e155, 1e300}) {
    const Vec<double> x = randn<double>(100, 4, 0, scale);
    CHECK(max_diff(instance(x, 1e-5), xhat(as<Real>(x), 1e-5L)) <= 1e-13);
  }
}

TEST_CASE_TEMPLATE("normalize: NaN and infinities stay in their row", T, float, double) {
  const GroupShape s{4, 5, 37, 5};
  const Vec<T> x = randn<T>(4 * 5 * 37, 1), w = randn<T>(5, 2), b = randn<T>(5, 3), g = randn<T>(4 * 5 * 37, 4);
  const Run<T> clean(s, x, w, b, g);
  for (T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()})
    for (int64_t where : {0, 17, 36}) {
      const int64_t row = 7;
      Vec<T> xx = x;
      xx[size_t(row * 37 + where)] = bad;
      const Run<T> run(s, xx, w, b, g);
      for (int64_t r = 0; r < 20; ++r) {
        if (r != row) {
          CHECK(same_bits(slice(run.y, r * 37, 37), slice(clean.y, r * 37, 37)));
          CHECK(same_bits(slice(run.dx, r * 37, 37), slice(clean.dx, r * 37, 37)));
        } else {
          for (T v : slice(run.y, r * 37, 37)) CHECK(std::isnan(v));
        }
      }
      for (size_t c = 0; c < 5; ++c) CHECK(std::isnan(run.dw[c]) == (c == 2));
    }
}

TEST_CASE("normalize: the gradient of the gradient, fused, is the derivative of the gradient") {
  struct Case {
    int64_t N, C, L;
    bool v, u, t, w;
  };
  unsigned seed = 500;
  for (const Case c : {Case{1, 1, 2, true, true, true, true}, Case{2, 3, 5, true, true, true, true},
                       Case{1, 2, 16, true, false, false, true}, Case{2, 9, 9, true, true, false, false},
                       Case{2, 2, 35, false, true, true, true}, Case{1, 1, 120, true, true, true, true}}) {
    const int64_t n = c.N * c.C * c.L;
    const double eps = 0.02;
    const Vec<double> x = randn<double>(n, ++seed), g = randn<double>(n, ++seed), v = randn<double>(n, ++seed, 0.3),
                      u = randn<double>(c.C, ++seed), t = randn<double>(c.C, ++seed);
    const Vec<double> w = c.w ? randn<double>(c.C, ++seed) : Vec<double>(size_t(c.C), 1.0);
    // The first gradient by its definition, in long double: xh(x) is differentiable, so d<g, w xh>/dx is exact as
    // rstd (w g - mean(w g) - xh mean(w g xh)); tested against differences of the forward above.
    const auto phi = [&](const Vec<Real>& xx, const Vec<Real>& gg, const Vec<Real>& ww) {
      Real total = 0;
      const Real L = Real(c.L);
      for (int64_t r = 0; r < c.N * c.C; ++r) {
        const size_t ch = size_t(r % c.C);
        const Vec<Real> row = slice(xx, r * c.L, c.L), gr = slice(gg, r * c.L, c.L), xh = xhat(row, Real(eps));
        Real mean = 0, var = 0, mg = 0, mgx = 0;
        for (Real e : row) mean += e / L;
        for (Real e : row) var += (e - mean) * (e - mean) / L;
        for (size_t i = 0; i < row.size(); ++i) mg += gr[i] / L, mgx += gr[i] * xh[i] / L;
        for (size_t i = 0; i < row.size(); ++i) {
          const Real dx = ww[ch] / std::sqrt(var + Real(eps)) * (gr[i] - mg - xh[i] * mgx);
          if (c.v) total += Real(v[size_t(r * c.L) + i]) * dx;
        }
        if (c.u) total += Real(u[ch]) * mgx * L;
        if (c.t) total += Real(t[ch]) * mg * L;
      }
      return total;
    };
    const Run<double> run({c.N, c.C, c.L, c.C}, x, w, {}, {}, eps);
    Vec<double> dx(x.size()), dg(x.size()), dw(size_t(c.C));
    instance_norm_double_backward(c.N, c.C, c.L, c.v ? v.data() : nullptr, c.u ? u.data() : nullptr,
                                  c.t ? t.data() : nullptr, g.data(), x.data(), run.mean.data(), run.rstd.data(),
                                  c.w ? w.data() : nullptr, dx.data(), dg.data(), dw.data());
    const Vec<Real> xr = as<Real>(x), gr = as<Real>(g), wr = as<Real>(w);
    CAPTURE(c.L);
    CHECK(max_diff(dx, gradient_of([&](const Vec<Real>& q) { return phi(q, gr, wr); }, xr)) < 1e-8);
    CHECK(max_diff(dg, gradient_of([&](const Vec<Real>& q) { return phi(xr, q, wr); }, gr)) < 1e-8);
    CHECK(max_diff(dw, gradient_of([&](const Vec<Real>& q) { return phi(xr, gr, q); }, wr)) < 1e-8);
    // float against double
    Vec<float> fx(x.size()), fg(x.size()), fw(size_t(c.C));
    const Vec<float> xf = as<float>(x), gf = as<float>(g), vf = as<float>(v), uf = as<float>(u), tf = as<float>(t),
                     wf = as<float>(w);
    instance_norm_double_backward(c.N, c.C, c.L, c.v ? vf.data() : nullptr, c.u ? uf.data() : nullptr,
                                  c.t ? tf.data() : nullptr, gf.data(), xf.data(), run.mean.data(), run.rstd.data(),
                                  c.w ? wf.data() : nullptr, fx.data(), fg.data(), fw.data());
    double scale = 1;
    for (double d : dx) scale = std::max(scale, std::fabs(d));
    CHECK(max_diff(fx, dx) < 1e-5 * scale);
    CHECK(max_diff(fg, dg) < 1e-5 * scale);
    CHECK(max_diff(fw, dw) < 2e-5 * scale);
  }
}

TEST_CASE_TEMPLATE("normalize: a row has the same bits alone, in any batch, on any number of threads", T, float,
                   double) {
  for (int64_t L : {2, 3, 7, 8, 13, 16, 50, 64, 100, 333, 1024, 3000}) {
    CAPTURE(L);
    const int64_t N = 9, C = 5, n = N * C * L;
    Vec<T> x = randn<T>(n, unsigned(L), 5), w = randn<T>(C, 2), b = randn<T>(C, 3), g = randn<T>(n, 4),
           v = randn<T>(n, 5);
    for (int64_t i = 0; i < L; ++i) x[size_t(3 * C * L + i)] = T(1e20) * x[size_t(i)];  // one extreme row
    if (L > 9)
      for (size_t i = 0; i < 8; ++i) x[size_t(4 * C * L) + i] += T(1e6);  // one swept again
    struct All {
      Vec<T> y, dx, dw, db, ddx, ddg, ddw;
    };
    const auto all = [&](int64_t n0, int64_t count) {
      const Vec<T> xs = slice(x, n0 * C * L, count * C * L), gs = slice(g, n0 * C * L, count * C * L),
                   vs = slice(v, n0 * C * L, count * C * L);
      const Run<T> run({count, C, L, C}, xs, w, b, gs);
      All a{run.y, run.dx, run.dw, run.db, Vec<T>(xs.size()), Vec<T>(xs.size()), Vec<T>(size_t(C))};
      instance_norm_double_backward(count, C, L, vs.data(), w.data(), b.data(), gs.data(), xs.data(), run.mean.data(),
                                    run.rstd.data(), w.data(), a.ddx.data(), a.ddg.data(), a.ddw.data());
      return a;
    };
    eg::set_num_threads(1);
    const All whole = all(0, N);
    for (int64_t i = 0; i < N; ++i)
      for (int64_t count : {int64_t{1}, std::min<int64_t>(3, N - i)}) {
        const All part = all(i, count);
        const int64_t m = count * C * L;
        CHECK(same_bits(part.y, slice(whole.y, i * C * L, m)));
        CHECK(same_bits(part.dx, slice(whole.dx, i * C * L, m)));
        CHECK(same_bits(part.ddx, slice(whole.ddx, i * C * L, m)));
        CHECK(same_bits(part.ddg, slice(whole.ddg, i * C * L, m)));
      }
    // Rows in another order and at other addresses.
    const Vec<T> row = slice(x, 2 * L, L);
    CHECK(same_bits(Run<T>({1, 1, L, 1}, row, {w[2]}, {b[2]}, {}).y, slice(whole.y, 2 * L, L)));
    eg::set_num_threads(2);
    const All two = all(0, N);
    CHECK(same_bits(two.y, whole.y));
    CHECK(same_bits(two.dx, whole.dx));
    CHECK(same_bits(two.dw, whole.dw));
    CHECK(same_bits(two.db, whole.db));
    CHECK(same_bits(two.ddx, whole.ddx));
    CHECK(same_bits(two.ddg, whole.ddg));
    CHECK(same_bits(two.ddw, whole.ddw));
    eg::set_num_threads(1);
  }
}

// Past some size results are stored past the caches.
TEST_CASE("normalize: results larger than the caches have the bits of small ones") {
  constexpr int64_t N = 6, C = 1024;
  for (int64_t L : {1024, 1030})
    for (int64_t G : {C, C / 4}) {
      CAPTURE(L);
      CAPTURE(G);
      const auto array = [L](int64_t n) { return eg::Array({n, C, L}, eg::DType::float32); };
      eg::Array x = array(N), g = array(N), y = array(N), dx = array(N), small_y = array(1), small_dx = array(1);
      for (int64_t i = 0; i < x.numel(); ++i) {
        x.data<float>()[i] = static_cast<float>((i * 7919) % 10007) / 1000;
        g.data<float>()[i] = static_cast<float>((i * 104729) % 10009) / 5000 - 1;
      }
      Vec<double> mean(size_t(N * G)), rstd(mean);
      const auto both = [&](int64_t first, int64_t count, eg::Array& to, eg::Array& grad) {
        const GroupShape s{count, C, L, G};
        const float *const xs = x.data<float>() + first * C * L, *const gs = g.data<float>() + first * C * L;
        group_norm<float>(s, xs, nullptr, nullptr, 1e-5, to.data<float>(), mean.data(), rstd.data(), nullptr);
        group_norm_backward<float>(s, gs, xs, mean.data(), rstd.data(), nullptr, grad.data<float>(), nullptr, nullptr);
      };
      both(0, N, y, dx);
      for (int64_t n = 0; n < N; ++n) {
        both(n, 1, small_y, small_dx);
        const size_t bytes = size_t(C * L) * sizeof(float);
        CHECK(std::memcmp(small_y.data<float>(), y.data<float>() + n * C * L, bytes) == 0);
        CHECK(std::memcmp(small_dx.data<float>(), dx.data<float>() + n * C * L, bytes) == 0);
      }
    }
}
