#include <eigengrad/core/parallel.h>

#include "norm_reference.h"

using namespace norm_test;

TEST_CASE_TEMPLATE("normalize: batch norm is instance norm of [1, C, N L]; one or two threads", T, float, double) {
  const double tolerance = std::is_same_v<T, float> ? 5e-6 : 1e-13;
  struct Case {
    int64_t N, C, L;
  };
  for (const Case c :
       {Case{4, 3, 1}, Case{64, 37, 1}, Case{2, 5, 3}, Case{5, 17, 16}, Case{32, 10, 100}, Case{2, 3, 9000}}) {
    CAPTURE(c.N);
    CAPTURE(c.L);
    const int64_t n = c.N * c.C * c.L;
    const Vec<T> x = randn<T>(n, 1, 2), g = randn<T>(n, 2), w = randn<T>(c.C, 3), b = randn<T>(c.C, 4);
    const auto move = [&](const Vec<T>& from) {  // [N, C, L] -> [C, N L]
      Vec<T> to(from.size());
      for (int64_t i = 0; i < n; ++i)
        to[size_t((i / c.L % c.C * c.N + i / c.L / c.C) * c.L + i % c.L)] = from[size_t(i)];
      return to;
    };
    const Run<T> want({1, c.C, c.N * c.L, c.C}, move(x), w, b, move(g), 0.01);
    Vec<T> kept;
    for (int threads : {1, 2}) {
      eg::set_num_threads(threads);
      Vec<T> y(x.size()), dx(x.size()), dw(size_t(c.C)), db(size_t(c.C));
      Vec<double> mean(size_t(c.C)), rstd(size_t(c.C)), var(size_t(c.C));
      batch_norm(c.N, c.C, c.L, x.data(), w.data(), b.data(), 0.01, y.data(), mean.data(), rstd.data(), var.data());
      batch_norm_backward(c.N, c.C, c.L, g.data(), x.data(), mean.data(), rstd.data(), w.data(), dx.data(), dw.data(),
                          db.data());
      CHECK(max_diff(move(y), want.y) < tolerance);
      CHECK(max_diff(move(dx), want.dx) < tolerance);
      CHECK(max_diff(dw, want.dw) < 20 * tolerance);
      CHECK(max_diff(db, want.db) < 20 * tolerance);
      CHECK(max_diff(mean, want.mean) < tolerance);
      CHECK(max_diff(var, want.var) < tolerance * 10);
      if (threads == 2) CHECK(same_bits(kept, dx));
      kept = dx;
    }
    eg::set_num_threads(1);
  }
}

TEST_CASE_TEMPLATE("normalize: the fixed affine map and its gradients", T, float, double) {
  struct Case {
    int64_t N, C, L;
  };
  for (const Case c : {Case{3, 4, 1}, Case{2, 21, 1}, Case{3, 5, 7}, Case{4, 9, 100}, Case{2, 2, 5000}}) {
    const int64_t n = c.N * c.C * c.L;
    const Vec<T> x = randn<T>(n, 1), g = randn<T>(n, 2), w = randn<T>(c.C, 3), b = randn<T>(c.C, 4);
    const Vec<double> mean = randn<double>(c.C, 5);
    Vec<double> rstd = randn<double>(c.C, 6);
    for (double& r : rstd) r = std::fabs(r) + 0.1;
    Vec<T> y(x.size()), dx(x.size()), dw(size_t(c.C)), db(size_t(c.C));
    channel_affine(c.N, c.C, c.L, x.data(), mean.data(), rstd.data(), w.data(), b.data(), y.data());
    channel_affine_backward(c.N, c.C, c.L, g.data(), x.data(), mean.data(), rstd.data(), w.data(), dx.data(), dw.data(),
                            db.data());
    Vec<Real> ry, rdx, rdw(size_t(c.C)), rdb(size_t(c.C));
    for (int64_t i = 0; i < n; ++i) {
      const size_t ch = size_t(i / c.L % c.C), k = size_t(i);
      const Real xh = (Real(x[k]) - Real(mean[ch])) * Real(rstd[ch]);
      ry.push_back(xh * Real(w[ch]) + Real(b[ch]));
      rdx.push_back(Real(g[k]) * Real(rstd[ch]) * Real(w[ch]));
      rdw[ch] += Real(g[k]) * xh;
      rdb[ch] += Real(g[k]);
    }
    const double tolerance = std::is_same_v<T, float> ? 4e-6 : 1e-14;
    CHECK(max_diff(y, ry) < tolerance);
    CHECK(max_diff(dx, rdx) < tolerance);
    CHECK(max_diff(dw, rdw) < tolerance * 100);
    CHECK(max_diff(db, rdb) < tolerance * 100);
  }
}

TEST_CASE("normalize: layer norm and RMS norm, value and gradients against the definition") {
  struct Case {
    int64_t R, M;
  };
  unsigned seed = 900;
  for (bool centered : {true, false})
    for (const Case c : {Case{1, 2}, Case{3, 5}, Case{20, 7}, Case{5, 16}, Case{11, 37}, Case{3, 100}}) {
      CAPTURE(c.M);
      CAPTURE(centered);
      const int64_t n = c.R * c.M;
      const Vec<double> x = randn<double>(n, ++seed, 0.5), g = randn<double>(n, ++seed), w = randn<double>(c.M, ++seed),
                        b = randn<double>(c.M, ++seed);
      Vec<double> y(x.size()), dx(x.size()), dw(w.size()), db(w.size()), mean(size_t(c.R)), rstd(size_t(c.R));
      layer_norm(c.R, c.M, x.data(), w.data(), b.data(), 0.01, centered, y.data(), mean.data(), rstd.data());
      layer_norm_backward(c.R, c.M, g.data(), x.data(), mean.data(), rstd.data(), w.data(), centered, dx.data(),
                          dw.data(), db.data());
      const Param param = [](int64_t, int64_t i) { return i; };
      const Vec<Real> xr = as<Real>(x), wr = as<Real>(w), br = as<Real>(b), gr = as<Real>(g);
      const auto f = [&](const Vec<Real>& xx, const Vec<Real>& ww, const Vec<Real>& bb) {
        return reference(xx, c.R, c.M, ww, bb, param, 0.01L, centered);
      };
      CHECK(max_diff(y, f(xr, wr, br)) < 1e-14);
      CHECK(max_diff(dx, gradient_of([&](const Vec<Real>& q) { return dot(gr, f(q, wr, br)); }, xr)) < 1e-9);
      CHECK(max_diff(dw, gradient_of([&](const Vec<Real>& q) { return dot(gr, f(xr, q, br)); }, wr)) < 1e-9);
      CHECK(max_diff(db, gradient_of([&](const Vec<Real>& q) { return dot(gr, f(xr, wr, q)); }, br)) < 1e-9);
    }
}

TEST_CASE("normalize: layer norm in float against double, threads, parts left out, in place, extreme rows") {
  struct Case {
    int64_t R, M;
  };
  for (const Case c : {Case{700, 3}, Case{300, 100}, Case{128, 50}, Case{70, 1024}, Case{5, 16384}}) {
    CAPTURE(c.M);
    const int64_t n = c.R * c.M;
    Vec<float> x = randn<float>(n, 1, 2), g = randn<float>(n, 2), w = randn<float>(c.M, 3), b = randn<float>(c.M, 4);
    for (int64_t i = 0; i < c.M; ++i) x[size_t(c.M + i)] *= 1e20f;
    const size_t N = x.size(), M = w.size();
    Vec<double> mean(size_t(c.R)), rstd(size_t(c.R)), yd(N), dxd(N), dwd(M), dbd(M);
    const Vec<double> xd = as<double>(x), gd = as<double>(g), wd = as<double>(w), bd = as<double>(b);
    layer_norm(c.R, c.M, xd.data(), wd.data(), bd.data(), 0.1, true, yd.data(), mean.data(), rstd.data());
    layer_norm_backward(c.R, c.M, gd.data(), xd.data(), mean.data(), rstd.data(), wd.data(), true, dxd.data(),
                        dwd.data(), dbd.data());
    Vec<float> kept, kept_w, kept_y;
    for (int threads : {1, 2}) {
      eg::set_num_threads(threads);
      Vec<float> y(N), dx(N), dw(M), db(M);
      layer_norm(c.R, c.M, x.data(), w.data(), b.data(), 0.1, true, y.data(), mean.data(), rstd.data());
      layer_norm_backward(c.R, c.M, g.data(), x.data(), mean.data(), rstd.data(), w.data(), true, dx.data(), dw.data(),
                          db.data());
      CHECK(max_diff(y, yd) < 5e-6);
      CHECK(max_diff(dx, dxd) < 1e-5);
      CHECK(max_diff(dw, dwd) < 1e-4);
      CHECK(max_diff(db, dbd) < 1e-4);
      if (threads == 2) CHECK(same_bits(kept, dx));
      if (threads == 2) CHECK(same_bits(kept_w, dw));
      kept = dx, kept_w = dw, kept_y = y;
    }
    eg::set_num_threads(1);
    for (int64_t r : {int64_t{0}, int64_t{2}, c.R - 1}) {  // alone; the first ones lie beside the extreme one
      const Vec<float> xr = slice(x, r * c.M, c.M), gr = slice(g, r * c.M, c.M);
      Vec<float> y(M), dx(M), dw(M), db(M);
      Vec<double> mu(1), rs(1);
      layer_norm<float>(1, c.M, xr.data(), w.data(), b.data(), 0.1, true, y.data(), mu.data(), rs.data());
      layer_norm_backward<float>(1, c.M, gr.data(), xr.data(), mu.data(), rs.data(), w.data(), true, dx.data(),
                                 dw.data(), db.data());
      CHECK(same_bits(y, slice(kept_y, r * c.M, c.M)));
      CHECK(same_bits(dx, slice(kept, r * c.M, c.M)));
    }
    Vec<float> in_place = g, only_b(M), y = x;
    layer_norm_backward<float>(c.R, c.M, in_place.data(), x.data(), mean.data(), rstd.data(), w.data(), true,
                               in_place.data(), nullptr, only_b.data());
    CHECK(same_bits(in_place, kept));
    layer_norm<float>(c.R, c.M, y.data(), nullptr, nullptr, 0.1, true, y.data(), mean.data(), rstd.data());
    CHECK(std::isfinite(y[0]));
  }
}

TEST_CASE("normalize: results of a size that goes past the caches have the bits of a sample alone") {
  const int64_t N = 33, C = 64, m = C * 1024, n = N * m;  // 8.25 MiB
  const Vec<float> x = randn<float>(n, 1, 2), g = randn<float>(n, 2), w = randn<float>(1024, 3),
                   b = randn<float>(1024, 4);
  const Vec<double> mean(size_t(C), 0.1), rstd(size_t(C), 0.9);
  for (int64_t L : {1024, 2048}) {
    const int64_t c = m / L;
    const auto run = [&](int64_t from, int64_t samples) {
      const int64_t rows = samples * c;
      const float *xs = x.data() + from * m, *gs = g.data() + from * m;
      const size_t size = size_t(samples * m);
      Vec<Vec<float>> out(8, Vec<float>(size));
      Vec<float> dw(2048), db(2048), wide(2048, 1.5f);
      Vec<double> mu(size_t(rows), 0.0), r(mu);
      size_t k = 0;
      for (int64_t groups : {c, int64_t{8}}) {
        const GroupShape s{samples, c, L, groups};
        group_norm<float>(s, xs, w.data(), b.data(), 1e-5, out[k++].data(), mu.data(), r.data(), nullptr);
        group_norm_backward<float>(s, gs, xs, mu.data(), r.data(), w.data(), out[k++].data(), dw.data(), db.data());
      }
      layer_norm<float>(rows, L, xs, wide.data(), nullptr, 1e-5, true, out[k++].data(), mu.data(), r.data());
      layer_norm_backward<float>(rows, L, gs, xs, mu.data(), r.data(), wide.data(), true, out[k++].data(), dw.data(),
                                 db.data());
      channel_affine<float>(samples, c, L, xs, mean.data(), rstd.data(), w.data(), b.data(), out[k++].data());
      channel_affine_backward<float>(samples, c, L, gs, xs, mean.data(), rstd.data(), w.data(), out[k].data(),
                                     dw.data(), db.data());
      out.push_back(dw), out.push_back(db);
      out.emplace_back(gs, gs + size);  // the same in place of g
      channel_affine_backward<float>(samples, c, L, out.back().data(), xs, mean.data(), rstd.data(), w.data(),
                                     out.back().data(), dw.data(), db.data());
      CHECK(same_bits(out.back(), out[k]));
      CHECK(same_bits(dw, out[k + 1]));
      return out;
    };
    eg::set_num_threads(2);
    const Vec<Vec<float>> all = run(0, N);
    eg::set_num_threads(1);
    for (int64_t from : {int64_t{0}, N - 1}) {
      const Vec<Vec<float>> alone = run(from, 1);
      for (size_t k = 0; k < 8; ++k) CHECK(same_bits(alone[k], slice(all[k], from * m, m)));
    }
  }
}

TEST_CASE_TEMPLATE("normalize: sums taken while other rows are mapped have the bits of those of a row alone", T, float,
                   double) {
  const int64_t R = 132;
  for (const int64_t L : {int64_t{16384}, int64_t{16391}}) {  // all rows aligned to be stored past the caches; some
    CAPTURE(L);
    Vec<T> x = randn<T>(R * L, 1, 2), g = randn<T>(R * L, 2);
    const Vec<T> w = randn<T>(L, 3), b = randn<T>(L, 4);
    const auto each_of = [&](int64_t row, auto change) {
      for (int64_t i = row * L; i < (row + 1) * L; ++i) change(x[size_t(i)]);
    };
    each_of(5, [](T& v) { v *= std::is_same_v<T, float> ? T(1e25) : static_cast<T>(1e200); });
    each_of(8, [](T& v) { v = T(3); });
    x[size_t(17 * L)] = T(1e4);  // the first value, around which squares are summed
    x[size_t(29 * L + 77)] = std::numeric_limits<T>::quiet_NaN();

    // Rows `from` on of `runs` runs, as y and dx of each norm; batch norm's channels are one row, then two half of all
    // rows apart.
    const auto run = [&](int64_t from, int64_t rows, const Vec<T>& xs, const Vec<T>& gs) {
      const T *const xr = xs.data() + from * L, *const gr = gs.data() + from * L;
      Vec<Vec<T>> out(10, Vec<T>(size_t(rows * L)));
      Vec<double> mean(static_cast<size_t>(rows)), rstd(mean);
      Vec<T> dw(size_t(std::max(L, rows))), db(dw);
      const auto both = [&](size_t k, auto forward, auto backward) {
        forward(out[k].data());
        backward(out[k + 1].data());
      };
      both(
          0, [&](T* y) { instance_norm<T>(rows, 1, L, xr, &w[0], &b[0], 1e-5, y, mean.data(), rstd.data(), nullptr); },
          [&](T* dx) {
            instance_norm_backward<T>(rows, 1, L, gr, xr, mean.data(), rstd.data(), &w[0], dx, nullptr, nullptr);
          });
      both(
          2, [&](T* y) { layer_norm<T>(rows, L, xr, w.data(), b.data(), 1e-5, true, y, mean.data(), rstd.data()); },
          [&](T* dx) {
            layer_norm_backward<T>(rows, L, gr, xr, mean.data(), rstd.data(), w.data(), true, dx, dw.data(), db.data());
          });
      const GroupShape s{rows / 2, 2, L, 1};
      both(
          4, [&](T* y) { group_norm<T>(s, xr, w.data(), b.data(), 1e-5, y, mean.data(), rstd.data(), nullptr); },
          [&](T* dx) { group_norm_backward<T>(s, gr, xr, mean.data(), rstd.data(), w.data(), dx, nullptr, nullptr); });
      for (int64_t runs : {1, 2})
        both(
            runs == 1 ? 6 : 8,
            [&](T* y) {
              batch_norm<T>(runs, rows / runs, L, xr, nullptr, nullptr, 1e-5, y, mean.data(), rstd.data(), nullptr);
            },
            [&](T* dx) {
              batch_norm_backward<T>(runs, rows / runs, L, gr, xr, mean.data(), rstd.data(), nullptr, dx, nullptr,
                                     nullptr);
            });
      return out;
    };
    eg::set_num_threads(2);
    const Vec<Vec<T>> all = run(0, R, x, g);
    eg::set_num_threads(1);
    for (int64_t row : {0, 4, 8, 16, 28, 40, 64, 130}) {
      CAPTURE(row);
      const Vec<Vec<T>> alone = run(row, 2, x, g);  // two rows: the sample of group norm
      for (size_t k = 0; k < 8; ++k) {
        CAPTURE(k);
        CHECK(same_bits(alone[k], slice(all[k], row * L, 2 * L)));
      }
      if (row >= R / 2) continue;
      Vec<T> xc = slice(x, row * L, L), gc = slice(g, row * L, L);
      for (int64_t i = 0; i < L; ++i) {
        xc.push_back(x[size_t((row + R / 2) * L + i)]);
        gc.push_back(g[size_t((row + R / 2) * L + i)]);
      }
      const Vec<Vec<T>> channel = run(0, 2, xc, gc);
      for (size_t k = 8; k < 10; ++k) {
        CHECK(same_bits(slice(channel[k], 0, L), slice(all[k], row * L, L)));
        CHECK(same_bits(slice(channel[k], L, L), slice(all[k], (row + R / 2) * L, L)));
      }
    }
  }
}

TEST_CASE("normalize: averages for running statistics: mean of n, unbiased variance") {
  const Vec<double> mean{1, 10, 3, 30}, var{2, 4, 6, 8};  // N = 2, C = 2
  Vec<double> m(2), u(2);
  average_stats(2, 2, 5, mean.data(), var.data(), m.data(), u.data());
  CHECK(m == Vec<double>{2, 20});
  CHECK(u[0] == doctest::Approx(5));    // 4 * 5 / 4
  CHECK(u[1] == doctest::Approx(7.5));  // 6 * 5 / 4
}
