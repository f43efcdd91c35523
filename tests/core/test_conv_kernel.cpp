#include <doctest/doctest.h>
#include <eigengrad/core/kernels/conv.h>
#include <eigengrad/core/parallel.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace eg;
using kernels::ConvShape;

namespace {

using Size = std::int64_t;

template <class T>
std::vector<T> random_values(Size n, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& e : v) e = static_cast<T>(normal(engine));
  return v;
}

Size x_size(const ConvShape& s) { return s.n * s.c_in * s.h_in * s.w_in; }
Size y_size(const ConvShape& s) { return s.n * s.c_out * s.h_out * s.w_out; }
Size w_size(const ConvShape& s) { return s.c_out * (s.c_in / s.groups) * s.kernel_h * s.kernel_w; }

/// Calls f(x index, w index, y index) for every product of the convolution.
template <class F>
void each_product(const ConvShape& s, F f) {
  const Size ci = s.c_in / s.groups, co = s.c_out / s.groups;
  for (Size n = 0; n < s.n; ++n)
    for (Size o = 0; o < s.c_out; ++o)
      for (Size c = 0; c < ci; ++c)
        for (Size h = 0; h < s.h_out; ++h)
          for (Size a = 0; a < s.kernel_h; ++a) {
            const Size hi = h * s.stride_h - s.padding_h + a * s.dilation_h;
            if (hi < 0 || hi >= s.h_in) continue;
            for (Size w = 0; w < s.w_out; ++w)
              for (Size b = 0; b < s.kernel_w; ++b) {
                const Size wi = w * s.stride_w - s.padding_w + b * s.dilation_w;
                if (wi < 0 || wi >= s.w_in) continue;
                f(((n * s.c_in + o / co * ci + c) * s.h_in + hi) * s.w_in + wi,
                  ((o * ci + c) * s.kernel_h + a) * s.kernel_w + b, ((n * s.c_out + o) * s.h_out + h) * s.w_out + w);
              }
          }
}

/// Largest error in units of epsilon times the sum of the magnitudes.
template <class T>
double worst_error(const std::vector<T>& got, const std::vector<double>& want, const std::vector<double>& size) {
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double e =
        std::abs(static_cast<double>(got[i]) - want[i]) / (std::numeric_limits<T>::epsilon() * (size[i] + 1e-30));
    if (!(e <= worst)) worst = e;
  }
  return worst;
}

std::string text(const ConvShape& s) {
  std::string t;
  for (const Size v : {s.n, s.c_in, s.c_out, s.h_in, s.w_in, s.kernel_h, s.kernel_w, s.stride_h, s.stride_w,
                       s.padding_h, s.padding_w, s.dilation_h, s.dilation_w, s.groups})
    t += std::to_string(v) + " ";
  return t;
}

ConvShape with_outputs(ConvShape s) {
  s.h_out = (s.h_in + 2 * s.padding_h - (s.kernel_h - 1) * s.dilation_h - 1) / s.stride_h + 1;
  s.w_out = (s.w_in + 2 * s.padding_w - (s.kernel_w - 1) * s.dilation_w - 1) / s.stride_w + 1;
  return s;
}

ConvShape one_d(Size n, Size c_in, Size c_out, Size l, Size k, Size stride = 1, Size padding = 0, Size dilation = 1,
                Size groups = 1) {
  ConvShape s;
  s.n = n, s.c_in = c_in, s.c_out = c_out, s.w_in = l, s.kernel_w = k, s.stride_w = stride, s.padding_w = padding;
  s.dilation_w = dilation, s.groups = groups;
  return with_outputs(s);
}

template <class T>
struct Results {
  std::vector<T> y, dx, dw;
};

template <class T>
Results<T> run_all(const ConvShape& s, const std::vector<T>& x, const std::vector<T>& w, const std::vector<T>& g,
                   const T* bias, const T* bias_in) {
  const T poison = std::numeric_limits<T>::quiet_NaN();
  Results<T> r{std::vector<T>(g.size(), poison), std::vector<T>(x.size(), poison), std::vector<T>(w.size(), poison)};
  kernels::conv_forward(s, x.data(), w.data(), bias, r.y.data());
  kernels::conv_input_grad(s, g.data(), w.data(), bias_in, r.dx.data());
  kernels::conv_weight_grad(s, x.data(), g.data(), r.dw.data());
  return r;
}

/// The results, and the same bits on two threads and of the first and last `part` samples without the others.
template <class T>
void check_conv(const ConvShape& s, Size part = 1) {
  CAPTURE(text(s));
  const auto x = random_values<T>(x_size(s), 1), w = random_values<T>(w_size(s), 2), g = random_values<T>(y_size(s), 3);
  const auto bias = random_values<T>(s.c_out, 4), bias_in = random_values<T>(s.c_in, 5);
  const auto r = run_all<T>(s, x, w, g, bias.data(), s.n % 2 ? bias_in.data() : nullptr);

  const auto d = [](T v) { return static_cast<double>(v); };
  std::vector<double> y(g.size()), ys(g.size()), dx(x.size()), dxs(x.size()), dw(w.size()), dws(w.size());
  for (std::size_t i = 0; i < y.size(); ++i)
    y[i] = d(bias[i / static_cast<std::size_t>(s.h_out * s.w_out) % bias.size()]), ys[i] = std::abs(y[i]);
  if (s.n % 2)
    for (std::size_t i = 0; i < dx.size(); ++i)
      dx[i] = d(bias_in[i / static_cast<std::size_t>(s.h_in * s.w_in) % bias_in.size()]), dxs[i] = std::abs(dx[i]);
  each_product(s, [&](Size xi, Size wi, Size yi) {
    const auto i = static_cast<std::size_t>(xi), j = static_cast<std::size_t>(wi), o = static_cast<std::size_t>(yi);
    const double p = d(x[i]) * d(w[j]), q = d(g[o]) * d(w[j]), t = d(x[i]) * d(g[o]);
    y[o] += p, ys[o] += std::abs(p), dx[i] += q, dxs[i] += std::abs(q), dw[j] += t, dws[j] += std::abs(t);
  });
  const double taps = static_cast<double>(s.kernel_h * s.kernel_w);
  CHECK(worst_error(r.y, y, ys) <= 2 + 0.5 * std::sqrt(taps * static_cast<double>(s.c_in / s.groups)));
  CHECK(worst_error(r.dx, dx, dxs) <= 2 + 0.5 * std::sqrt(taps * static_cast<double>(s.c_out / s.groups)));
  CHECK(worst_error(r.dw, dw, dws) <= 2 + 0.5 * std::sqrt(static_cast<double>(s.n * s.h_out * s.w_out)));

  set_num_threads(2);
  const auto two = run_all<T>(s, x, w, g, bias.data(), s.n % 2 ? bias_in.data() : nullptr);
  set_num_threads(1);
  CHECK(two.y == r.y);
  CHECK(two.dx == r.dx);
  CHECK(two.dw == r.dw);

  ConvShape some = s;
  some.n = std::min(part, s.n);
  bool same = true;
  for (const Size first : {Size{0}, s.n - some.n}) {
    const Size x0 = first * x_size(s) / s.n, g0 = first * y_size(s) / s.n;
    std::vector<T> y1(static_cast<std::size_t>(y_size(some))), dx1(static_cast<std::size_t>(x_size(some)));
    const std::vector<T> x1(x.begin() + x0, x.begin() + x0 + x_size(some)),
        g1(g.begin() + g0, g.begin() + g0 + y_size(some));
    kernels::conv_forward(some, x1.data(), w.data(), bias.data(), y1.data());
    kernels::conv_input_grad(some, g1.data(), w.data(), s.n % 2 ? bias_in.data() : nullptr, dx1.data());
    same = same && std::equal(y1.begin(), y1.end(), r.y.begin() + g0) &&
           std::equal(dx1.begin(), dx1.end(), r.dx.begin() + x0);
  }
  CHECK(same);
}

}  // namespace

TEST_CASE_TEMPLATE("conv kernels agree with loops in double, one dimension", T, float, double) {
  check_conv<T>(one_d(1, 1, 1, 1, 1));
  check_conv<T>(one_d(3, 5, 7, 100, 3, 1, 1));
  check_conv<T>(one_d(4, 6, 9, 37, 4, 2, 1));
  check_conv<T>(one_d(2, 16, 1, 64, 7, 1, 3));
  check_conv<T>(one_d(9, 1, 32, 128, 4, 2, 1));
  check_conv<T>(one_d(2, 1, 20, 700, 80, 4));
  check_conv<T>(one_d(3, 4, 6, 50, 3, 3, 2, 2));
  check_conv<T>(one_d(2, 3, 5, 41, 5, 1, 8, 3));
  check_conv<T>(one_d(5, 8, 8, 23, 2, 3, 0));
  check_conv<T>(one_d(2, 4, 4, 30, 1, 3, 1));
  check_conv<T>(one_d(2, 8, 12, 65, 3, 1, 1, 1, 4));
  check_conv<T>(one_d(3, 6, 6, 97, 7, 1, 3, 1, 6));
  check_conv<T>(one_d(3, 6, 6, 50, 5, 2, 2, 2, 6));
  check_conv<T>(one_d(2, 5, 10, 70, 3, 1, 1, 1, 5));
  check_conv<T>(one_d(1, 2, 3, 1200, 11, 2, 5));
  check_conv<T>(one_d(40, 3, 4, 4, 4, 2, 1));
  check_conv<T>(one_d(33, 17, 18, 3, 3, 1, 1));
  check_conv<T>(one_d(2, 3, 3, 9, 9));
  check_conv<T>(one_d(2, 70, 55, 40, 4, 2, 1));
  check_conv<T>(one_d(3, 3, 7, 61, 4, 4, 1));
  check_conv<T>(one_d(2, 2, 2, 300, 8, 4, 3));
  // Lines that are whole tiles, in panels of unequal rows; phases that begin before the target; few rows in wide tiles.
  check_conv<T>(one_d(3, 20, 23, 32, 4, 2, 1));
  check_conv<T>(one_d(2, 13, 22, 96, 5, 3, 4));
  check_conv<T>(one_d(3, 3, 2, 128, 7, 1, 3));
  check_conv<T>(one_d(2, 1, 3, 1100, 9, 1, 4));
  check_conv<T>(one_d(2, 3, 21, 130, 12, 6, 5));
}

TEST_CASE_TEMPLATE("conv kernels agree with loops in double, two dimensions", T, float, double) {
  ConvShape s;
  s.n = 3, s.c_in = 4, s.c_out = 6, s.h_in = 9, s.w_in = 14, s.kernel_h = 3, s.kernel_w = 3;
  check_conv<T>(with_outputs(s));
  s.padding_h = 1, s.padding_w = 2;
  check_conv<T>(with_outputs(s));
  s.stride_h = 2, s.stride_w = 3, s.kernel_w = 4;
  check_conv<T>(with_outputs(s));
  s.dilation_h = 2, s.dilation_w = 2, s.groups = 2, s.padding_h = 3;
  check_conv<T>(with_outputs(s));
  s.stride_h = 1, s.groups = 1, s.kernel_h = 1;
  check_conv<T>(with_outputs(s));
  ConvShape depthwise;
  depthwise.n = 2, depthwise.c_in = depthwise.c_out = depthwise.groups = 5, depthwise.h_in = 12, depthwise.w_in = 33;
  depthwise.kernel_h = 3, depthwise.kernel_w = 5, depthwise.padding_h = 1, depthwise.padding_w = 2;
  check_conv<T>(with_outputs(depthwise));
  depthwise.stride_h = depthwise.stride_w = 2;
  check_conv<T>(with_outputs(depthwise));
  ConvShape few;
  few.n = 2, few.c_in = 3, few.c_out = 5, few.h_in = 15, few.w_in = 22, few.kernel_h = few.kernel_w = 4;
  few.stride_h = few.stride_w = 2, few.padding_h = few.padding_w = 1;
  check_conv<T>(with_outputs(few));
  ConvShape image;
  image.n = 2, image.c_in = 3, image.c_out = 8, image.h_in = image.w_in = 32, image.kernel_h = image.kernel_w = 3;
  image.padding_h = image.padding_w = 1;
  check_conv<T>(with_outputs(image));
}

TEST_CASE_TEMPLATE("conv kernels agree with loops in double where four outputs share products", T, float, double) {
  check_conv<T>(one_d(3, 34, 29, 101, 3, 1, 1));
  check_conv<T>(one_d(1, 40, 64, 160, 3, 1, 1));
  check_conv<T>(one_d(2, 32, 24, 63, 9, 1, 4));
  check_conv<T>(one_d(2, 24, 26, 55, 5, 1, 2));
  check_conv<T>(one_d(2, 20, 24, 90, 7, 1, 3));
  check_conv<T>(one_d(2, 40, 36, 50, 2));
  check_conv<T>(one_d(2, 18, 20, 121, 11, 2, 5));
  check_conv<T>(one_d(3, 24, 32, 130, 4, 2, 1));
  check_conv<T>(one_d(2, 1, 30, 700, 80, 4));
  check_conv<T>(one_d(2, 64, 60, 58, 3, 1, 1, 1, 2));
  ConvShape s;
  s.n = 3, s.c_in = 16, s.c_out = 20, s.h_in = 7, s.w_in = 50, s.kernel_h = 3, s.kernel_w = 3;
  s.padding_h = 1, s.padding_w = 1;
  check_conv<T>(with_outputs(s));
  s.stride_h = 2, s.c_out = 24;
  check_conv<T>(with_outputs(s));
  s.w_in = 111, s.stride_w = 2, s.kernel_w = 4;
  check_conv<T>(with_outputs(s));
}

TEST_CASE_TEMPLATE("conv kernels agree with loops in double where enough short lines share products", T, float,
                   double) {
  // Parts of 128 positions or more: they go the same way as all.
  check_conv<T>(one_d(32, 32, 64, 32, 4, 2, 1), 9);
  check_conv<T>(one_d(33, 24, 29, 16, 3, 1, 1), 20);
  check_conv<T>(one_d(66, 34, 40, 8, 3, 1, 1), 17);
  check_conv<T>(one_d(40, 20, 17, 13, 5, 1, 2), 12);
  check_conv<T>(one_d(17, 33, 24, 31, 9, 1, 4), 7);
  check_conv<T>(one_d(24, 18, 20, 50, 7, 2, 3), 6);
  check_conv<T>(one_d(16, 40, 36, 47, 3), 5);
  check_conv<T>(one_d(18, 20, 24, 60, 9, 3, 4), 8);
  check_conv<T>(one_d(35, 64, 40, 19, 3, 1, 1, 1, 2), 10);
  ConvShape s;
  s.n = 5, s.c_in = 18, s.c_out = 24, s.h_in = 9, s.w_in = 12, s.kernel_h = 3, s.kernel_w = 3;
  s.padding_h = s.padding_w = 1;
  check_conv<T>(with_outputs(s), 2);
  s.n = 12, s.h_in = 10, s.w_in = 34, s.kernel_h = s.kernel_w = 4, s.stride_h = s.stride_w = 2;
  check_conv<T>(with_outputs(s), 3);
}

TEST_CASE("conv kernels: NaN, infinity and overflow reach what the sums say, and no sample beside") {
  constexpr std::size_t channels = 64;
  std::size_t length = 0;
  Size samples = 0;
  SUBCASE("long lines") { length = 64, samples = 3; }
  SUBCASE("short lines") { length = 32, samples = 20; }
  const ConvShape s = one_d(samples, channels, channels, static_cast<Size>(length), 3, 1, 1);
  const auto x = random_values<float>(x_size(s), 1), w = random_values<float>(w_size(s), 2),
             g = random_values<float>(y_size(s), 3);
  const auto plain = run_all<float>(s, x, w, g, nullptr, nullptr);
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {inf, -inf, nan}) {
    auto xb = x, gb = g;
    xb[(channels + 2) * length + 10] = bad;
    gb[(channels + 3) * length + 21] = bad;
    const auto r = run_all<float>(s, xb, w, gb, nullptr, nullptr);
    bool same = true, reached = true;
    for (std::size_t i = 0; i < r.y.size(); ++i) {
      const std::size_t n = i / (channels * length), l = i % length;
      if (n != 1) same = same && r.y[i] == plain.y[i] && r.dx[i] == plain.dx[i];
      reached = reached && std::isfinite(r.y[i]) == !(n == 1 && l >= 9 && l <= 11) &&
                std::isfinite(r.dx[i]) == !(n == 1 && l >= 20 && l <= 22);
    }
    for (std::size_t i = 0; i < r.dw.size(); ++i)
      reached = reached && std::isfinite(r.dw[i]) == !(i / (3 * channels) == 3 || i % (3 * channels) / 3 == 2);
    CHECK(same);
    CHECK(reached);
  }
  // Sums of neighbours overflow, the products do not.
  const std::vector<float> large(x.size(), 3e38F), small(w.size(), 1e-3F);
  std::vector<float> y(g.size());
  kernels::conv_forward<float>(s, large.data(), small.data(), nullptr, y.data());
  CHECK(std::abs(y[30] / 5.76e37F - 1) < 1e-5F);
}

TEST_CASE("conv kernels: a transposed convolution with output padding fills what no window reaches") {
  // Input of 3 into 8: stride 3, kernel 2 reaches 0 .. 7 but 2 and 5 are in no window.
  ConvShape s = one_d(2, 1, 1, 8, 2, 3);
  CHECK(s.w_out == 3);
  const std::vector<float> g{1, 2, 3, 4, 5, 6}, w{10, 20};
  const float bias = 0.5F;
  std::vector<float> dx(16, 99.0F);
  kernels::conv_input_grad(s, g.data(), w.data(), &bias, dx.data());
  CHECK(dx == std::vector<float>{10.5F, 20.5F, 0.5F, 20.5F, 40.5F, 0.5F, 30.5F, 60.5F, 40.5F, 80.5F, 0.5F, 50.5F,
                                 100.5F, 0.5F, 60.5F, 120.5F});
}

TEST_CASE("conv kernels: no samples") {
  ConvShape s = one_d(2, 2, 3, 8, 3);
  s.n = 0;
  const std::vector<float> w(18, 1.0F);
  std::vector<float> dw(18, 9.0F);
  kernels::conv_forward<float>(s, nullptr, w.data(), nullptr, nullptr);
  kernels::conv_input_grad<float>(s, nullptr, w.data(), nullptr, nullptr);
  kernels::conv_weight_grad<float>(s, nullptr, nullptr, dw.data());
  CHECK(dw == std::vector<float>(18, 0.0F));
}
