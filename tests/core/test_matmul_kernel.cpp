#include <doctest/doctest.h>
#include <eigengrad/core/kernels/matmul.h>
#include <eigengrad/core/parallel.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace eg;

namespace {

template <class T>
std::vector<T> random_values(std::size_t n, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<T> v(n);
  for (T& e : v) e = static_cast<T>(normal(engine));
  return v;
}

template <class T>
void check_gemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, bool accumulate, std::int64_t gap) {
  const std::int64_t lda = (ta ? m : k) + gap, ldb = (tb ? k : n) + gap, ldc = n + gap;
  // Exactly as long as needed, so that a sanitizer sees a read behind the end.
  const auto length = [](std::int64_t rows, std::int64_t cols, std::int64_t ld) {
    return static_cast<std::size_t>(rows > 0 && cols > 0 ? (rows - 1) * ld + cols : 0);
  };
  const auto a = random_values<T>(length(ta ? k : m, ta ? m : k, lda), 1);
  const auto b = random_values<T>(length(tb ? n : k, tb ? k : n, ldb), 2);
  const auto before = random_values<T>(length(m, n, ldc), 3);
  auto c = before;
  kernels::gemm(ta, tb, m, n, k, a.data(), lda, b.data(), ldb, c.data(), ldc, accumulate);
  set_num_threads(2);
  auto c2 = before;
  kernels::gemm(ta, tb, m, n, k, a.data(), lda, b.data(), ldb, c2.data(), ldc, accumulate);
  set_num_threads(1);
  const std::string what = std::string(ta ? "T" : "N") + (tb ? "T" : "N") + " " + std::to_string(m) + " " +
                           std::to_string(n) + " " + std::to_string(k);
  CAPTURE(what);
  CHECK(c == c2);
  const double eps = std::numeric_limits<T>::epsilon();
  double worst = 0;
  bool gaps = true;
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const auto at = static_cast<std::size_t>(i * ldc + j);
      double sum = accumulate ? before[at] : 0.0, size = std::abs(sum);
      for (std::int64_t r = 0; r < k; ++r) {
        const double p = static_cast<double>(a[static_cast<std::size_t>(ta ? r * lda + i : i * lda + r)]) *
                         static_cast<double>(b[static_cast<std::size_t>(tb ? j * ldb + r : r * ldb + j)]);
        sum += p;
        size += std::abs(p);
      }
      worst = std::max(worst, std::abs(static_cast<double>(c[at]) - sum) / (eps * (size + 1e-30)));
    }
    for (std::int64_t j = n; j < ldc && i + 1 < m; ++j)
      gaps = gaps && c[static_cast<std::size_t>(i * ldc + j)] == before[static_cast<std::size_t>(i * ldc + j)];
  }
  CHECK(worst <= 2 + 0.5 * std::sqrt(static_cast<double>(k)));
  CHECK(gaps);
}

}  // namespace

TEST_CASE_TEMPLATE("gemm agrees with a loop in double", T, float, double) {
  const std::int64_t sizes[][3] = {
      {1, 1, 1},      {4, 4, 4},     {3, 5, 7},     {8, 8, 8},      {16, 16, 16},   {1, 64, 33},     {64, 1, 33},
      {1, 1, 100},    {9, 49, 3},    {17, 31, 65},  {64, 100, 192}, {2, 500, 40},   {40, 2, 77},     {50, 60, 90},
      {97, 101, 300}, {128, 10, 64}, {5, 400, 520}, {200, 23, 260}, {264, 61, 200}, {150, 200, 600}, {500, 40, 64}};
  for (const auto& s : sizes)
    for (int form = 0; form < 4; ++form)
      for (const bool accumulate : {false, true})
        check_gemm<T>(form & 1, form & 2, s[0], s[1], s[2], accumulate, form == 0 ? 0 : 3);
}

TEST_CASE("gemm of every small size") {
  for (std::int64_t m = 1; m <= 10; m += 3)
    for (std::int64_t n = 1; n <= 20; ++n)
      for (int form = 0; form < 4; ++form) check_gemm<float>(form & 1, form & 2, m, n, 1 + n % 5, n % 2 == 0, 0);
}

TEST_CASE("gemm of empty sizes") {
  std::vector<float> a(6, 1.0F), c(6, 5.0F);
  kernels::gemm(false, false, 2, 3, 0, a.data(), 0, a.data(), 3, c.data(), 3, true);
  CHECK(c == std::vector<float>(6, 5.0F));
  kernels::gemm(false, false, 0, 3, 2, a.data(), 2, a.data(), 3, c.data(), 3, false);
  kernels::gemm(false, false, 2, 0, 2, a.data(), 2, a.data(), 0, c.data(), 0, false);
  CHECK(c == std::vector<float>(6, 5.0F));
  kernels::gemm(false, false, 2, 3, 0, a.data(), 0, a.data(), 3, c.data(), 3, false);
  CHECK(c == std::vector<float>(6, 0.0F));
}

TEST_CASE("gemm keeps infinities and NaN where they belong") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  std::vector<float> a{1, inf, 0, 2}, b{1, 0, 3, nan}, c(4);
  kernels::gemm(false, false, 2, 2, 2, a.data(), 2, b.data(), 2, c.data(), 2, false);
  CHECK(c[0] == inf);
  CHECK(std::isnan(c[1]));
  CHECK(c[2] == 6);
  CHECK(std::isnan(c[3]));
}

TEST_CASE("gemm_batch gives the bits of gemm, shared operands too") {
  const std::int64_t m = 13, n = 21, k = 17, batch = 5;
  const auto a = random_values<float>(m * k * batch, 1), b = random_values<float>(k * n * batch, 2);
  for (const std::int64_t stride_a : {std::int64_t{0}, m * k})
    for (const std::int64_t stride_b : {std::int64_t{0}, k * n}) {
      std::vector<float> c(m * n * batch), one(m * n * batch);
      kernels::gemm_batch(batch, false, true, m, n, k, a.data(), k, stride_a, b.data(), k, stride_b, c.data(), n, m * n,
                          false);
      for (std::int64_t s = 0; s < batch; ++s)
        kernels::gemm(false, true, m, n, k, a.data() + s * stride_a, k, b.data() + s * stride_b, k,
                      one.data() + s * m * n, n, false);
      CHECK(c == one);
    }
}
