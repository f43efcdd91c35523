#include <doctest/doctest.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/philox.h>
#include <eigengrad/core/kernels/random.h>
#include <eigengrad/core/parallel.h>
#include <eigengrad/core/random.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>
#if EIGENGRAD_THREADS
#include <thread>
#endif

using namespace eg;
using namespace eg::kernels;

namespace {

template <class T> struct Buffer {  // std::vector<bool> is no array of bool
  explicit Buffer(std::int64_t n) : size(n), data(new T[n]()) {}
  bool operator==(const Buffer& o) const {
    return size == o.size && std::memcmp(data.get(), o.data.get(), size * sizeof(T)) == 0;
  }
  T* begin() const { return data.get(); }
  T* end() const { return data.get() + size; }
  T& operator[](std::int64_t i) const { return data[i]; }
  std::int64_t size;
  std::unique_ptr<T[]> data;
};

template <class T> Buffer<T> uniform(std::int64_t n, Generator g, T low = 0, T high = 1) {
  Buffer<T> v(n);
  fill_uniform<T>(v.begin(), n, low, high, g);
  return v;
}
template <class T> Buffer<T> normal(std::int64_t n, Generator g, T mean = 0, T std = 1) {
  Buffer<T> v(n);
  fill_normal<T>(v.begin(), n, mean, std, g);
  return v;
}
Buffer<std::int64_t> integers(std::int64_t n, Generator g, std::int64_t low, std::int64_t high) {
  Buffer<std::int64_t> v(n);
  fill_integers(v.begin(), n, low, high, g);
  return v;
}
template <class T> Buffer<T> bernoulli(std::int64_t n, Generator g, double p, T one = T(1)) {
  Buffer<T> v(n);
  fill_bernoulli<T>(v.begin(), n, p, one, g);
  return v;
}
Buffer<std::int64_t> permutation(std::int64_t n, Generator g) {
  Buffer<std::int64_t> v(n);
  fill_permutation(v.begin(), n, g);
  return v;
}

/// FNV-1a over the bits of the numbers, low byte first.
template <class T> std::uint64_t hash(const Buffer<T>& v) {
  std::uint64_t h = 14695981039346656037u;
  for (const T& x : v) {
    std::uint64_t bits = 0;
    if constexpr (sizeof(T) == 4) {
      std::uint32_t b;
      std::memcpy(&b, &x, 4);
      bits = b;
    } else if constexpr (sizeof(T) == 8) {
      std::memcpy(&bits, &x, 8);
    } else {
      bits = x;
    }
    for (std::size_t k = 0; k < sizeof(T); ++k) h = (h ^ (bits >> 8 * k & 255)) * 1099511628211u;
  }
  return h;
}

/// The four words of a block, from the scalar form.
std::vector<std::uint32_t> words(std::uint64_t seed, std::uint64_t block) {
  std::vector<std::uint32_t> c{std::uint32_t(block), std::uint32_t(block >> 32), 0, 0};
  philox_block(c.data(), std::uint32_t(seed), std::uint32_t(seed >> 32));
  return c;
}

struct Moments {
  double mean = 0, var = 0, skew = 0, kurtosis = 0;
  template <class T> explicit Moments(const Buffer<T>& v) {
    for (T x : v) mean += double(x) / double(v.size);
    for (T x : v) {
      const double d = double(x) - mean;
      var += d * d, skew += d * d * d, kurtosis += d * d * d * d;
    }
    var /= double(v.size), skew /= double(v.size) * std::pow(var, 1.5), kurtosis /= double(v.size) * var * var;
  }
};

/// Largest distance between the sample's distribution function and `cdf`, times sqrt(n): 1.95 is exceeded once in 1000.
template <class T, class F> double kolmogorov_smirnov(const Buffer<T>& v, F cdf) {
  std::sort(v.begin(), v.end());
  double d = 0;
  for (std::int64_t i = 0; i < v.size; ++i) {
    const double c = cdf(double(v[i]));
    d = std::max({d, std::abs(c - double(i) / double(v.size)), std::abs(c - double(i + 1) / double(v.size))});
  }
  return d * std::sqrt(double(v.size));
}
double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// Distance in units of the last place of `exact`.
template <class T> double ulps(T x, long double exact) {
  const T a = static_cast<T>(std::abs(exact));
  const long double ulp = std::nextafter(a, std::numeric_limits<T>::infinity()) - a;
  return double(std::abs(x - exact) / ulp);
}

/// Two user-visible thread counts give the same bytes as one.
template <class Make> void check_threads(Make make) {
  const int before = num_threads();
  set_num_threads(1);
  const auto one = make();
  for (int t : {2, 3}) {
    set_num_threads(t);
    CHECK(make() == one);
  }
  set_num_threads(before);
}

}  // namespace

TEST_CASE("random: Philox 4x32-10 gives the known answers of Random123") {
  // Random123 1.14, tests/kat_vectors: counter, key, result.
  const std::uint32_t kat[3][10] = {
      {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
      {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,  //
       0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
      {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,  //
       0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};
  for (const auto& row : kat) {
    std::uint32_t c[4] = {row[0], row[1], row[2], row[3]};
    philox_block(c, row[4], row[5]);
    for (int k = 0; k < 4; ++k) CHECK(c[k] == row[6 + k]);
  }
}

TEST_CASE("random: a fill uses 16 consecutive blocks a group, also across a carry and the end of the counter") {
  for (std::uint64_t seed : {0ull, 7ull, 0x123456789abcdef0ull}) {
    for (std::uint64_t block : {0ull, 5ull, 0xfffffff8ull, 0xfffffffffffffff9ull}) {
      Generator g;
      g.set_state({seed, block});
      const auto v = uniform<float>(192, g);
      for (int i = 0; i < 192; ++i) {
        CHECK(v[i] == float(words(seed, block + i / 64 * 16 + i % 16)[i % 64 / 16] >> 8) * 0x1p-24f);
      }
    }
  }
}

TEST_CASE("random: generator state") {
  Generator a(7), b(7);
  CHECK(a.state() == GeneratorState{7, 0});
  Buffer<float> x(100), y(100), z(100);
  fill_uniform(x.begin(), 100, 0.f, 1.f, a);
  CHECK(a.state() == GeneratorState{7, 32});
  Generator copy = a;
  const GeneratorState saved = a.state();
  fill_normal(y.begin(), 100, 0.f, 1.f, a);
  fill_normal(z.begin(), 100, 0.f, 1.f, copy);
  CHECK(y == z);
  b.set_state(saved);
  fill_normal(z.begin(), 100, 0.f, 1.f, b);
  CHECK(y == z);
  a.manual_seed(7);
  fill_uniform(y.begin(), 100, 0.f, 1.f, a);
  CHECK(x == y);
  CHECK_FALSE(uniform<float>(100, Generator(8)) == x);
  const GeneratorState before = a.state();
  fill_uniform(x.begin(), 0, 0.f, 1.f, a);
  CHECK(a.state() == before);

  const GeneratorState kept = default_generator().state();
  manual_seed(7);
  fill_uniform(y.begin(), 100, 0.f, 1.f, default_generator());
  CHECK(x == y);
  default_generator().set_state(kept);
}

TEST_CASE("random: numbers do not depend on the length of the fill, on chunks or threads") {
  const Generator g(11);
  const std::int64_t n = 100003;  // several chunks and a part of a group
  check_threads([&] { return uniform<float>(n, g); });
  check_threads([&] { return uniform<double>(n, g); });
  check_threads([&] { return normal<float>(n, g); });
  check_threads([&] { return normal<double>(n, g); });
  check_threads([&] { return integers(n, g, -5, 1000); });
  check_threads([&] { return bernoulli<bool>(n, g, 0.3); });
  const auto all = normal<float>(n, g);
  const auto wide = normal<double>(n, g);
  for (std::int64_t part : {1, 2, 17, 63, 64, 65, 1000, 16384, 16385}) {
    CHECK(std::memcmp(normal<float>(part, g).begin(), all.begin(), part * sizeof(float)) == 0);
    CHECK(std::memcmp(normal<double>(part, g).begin(), wide.begin(), part * sizeof(double)) == 0);
  }
}

TEST_CASE("random: the same bytes on every machine, compiler and level of optimization") {
  const Generator g(2026);
  CHECK(hash(uniform<float>(20001, g)) == 0xc8864efe4fda9adfu);
  CHECK(hash(uniform<double>(20001, g)) == 0xbef8f57bc5047916u);
  CHECK(hash(uniform<float>(20001, g, -0.3f, 0.7f)) == 0x97a8d176cbf43755u);
  CHECK(hash(normal<float>(20001, g)) == 0x31d59261558e3408u);
  CHECK(hash(normal<double>(20001, g)) == 0xe49ebfee5632ff41u);
  CHECK(hash(normal<float>(20001, g, 0.1f, 0.02f)) == 0x4c952d324861118bu);
  CHECK(hash(integers(20001, g, -1000, 1000003)) == 0xb66c43e3408f80c6u);
  CHECK(hash(bernoulli<bool>(20001, g, 0.3)) == 0x6b65098e4e6089e5u);
  CHECK(hash(permutation(20001, g)) == 0xf5f559049db09c4bu);
}

TEST_CASE("random: normals are within 4 ulp of Box-Muller in long double") {
  const long double two_pi = 6.283185307179586476925286766559L;
  const std::int64_t n = 1 << 18;
  const std::uint64_t seed = 3;
  const auto f = normal<float>(n, Generator(seed));
  double worst = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const int p = int(i % 64), j = p / 32 * 2;
    const auto w = words(seed, std::uint64_t(i / 64 * 16 + p % 16));
    const float u = (float(w[j] >> 1) + 0.5f) * 0x1p-31f;
    const long double r = std::sqrt(-2 * std::log((long double)u)), a = two_pi * w[j + 1] * 0x1p-32L;
    // Near a zero of cos and sin the long double angle itself is off by 1e-19, far below a float's ulp there.
    worst = std::max(worst, ulps(f[i], r * (p % 32 < 16 ? std::cos(a) : std::sin(a))));
  }
  MESSAGE("float: " << worst << " ulp");
  CHECK(worst < 4);

  const auto d = normal<double>(n, Generator(seed));
  worst = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const int p = int(i % 32);
    const auto w = words(seed, std::uint64_t(i / 32 * 16 + p % 16));
    const double u = (double((std::uint64_t(w[1]) << 32 | w[0]) >> 11) + 0.5) * 0x1p-53;
    const long double turn = (long double)((std::uint64_t(w[3]) << 32 | w[2]) >> 11) * 0x1p-53L;
    const long double r = std::sqrt(-2 * std::log((long double)u));
    const long double q = std::floor(4 * turn + 0.5L), x = two_pi * (turn - q / 4);
    const long double c = std::cos(x), s = std::sin(x);
    const int k = int(q) % 4;
    const long double cos = k == 0 ? c : k == 1 ? -s : k == 2 ? -c : s;
    const long double sin = k == 0 ? s : k == 1 ? c : k == 2 ? -s : -c;
    worst = std::max(worst, ulps(d[i], r * (p < 16 ? cos : sin)));
  }
  MESSAGE("double: " << worst << " ulp");
  if (sizeof(long double) > sizeof(double)) CHECK(worst < 4);
}

// Limits below are about 4 standard deviations of the statistic; the numbers are fixed, so the tests cannot flicker.
TEST_CASE("random: uniform numbers") {
  const std::int64_t n = 1000000;
  const auto check = [&](auto v) {
    const Moments m(v);
    CHECK(std::abs(m.mean - 0.5) < 4 * 0.2887 / 1000);
    CHECK(std::abs(m.var - 1 / 12.) < 4 * 0.0745 / 1000);
    CHECK(*std::min_element(v.begin(), v.end()) >= 0);
    CHECK(*std::max_element(v.begin(), v.end()) < 1);
    CHECK(kolmogorov_smirnov(v, [](double x) { return x; }) < 1.95);
  };
  check(uniform<float>(n, Generator(1)));
  check(uniform<double>(n, Generator(1)));
  // Rounding must not give high, here two steps above low.
  const auto tight = uniform<float>(100000, Generator(1), 1.f, 1.f + 0x1p-22f);
  for (float x : tight) REQUIRE((x >= 1.f && x < 1.f + 0x1p-22f));
  CHECK(uniform<float>(3, Generator(1), 2.f, 2.f)[2] == 2.f);
}

TEST_CASE("random: normal numbers") {
  const std::int64_t n = 2000000;
  const auto check = [&](auto v) {
    const Moments m(v);
    const double s = 1 / std::sqrt(double(n));
    CHECK(std::abs(m.mean) < 4 * s);
    CHECK(std::abs(m.var - 1) < 4 * std::sqrt(2.) * s);
    CHECK(std::abs(m.skew) < 4 * std::sqrt(6.) * s);
    CHECK(std::abs(m.kurtosis - 3) < 4 * std::sqrt(24.) * s);
    std::int64_t beyond[6] = {};
    for (auto x : v) {
      for (int k = 1; k <= 5; ++k) beyond[k] += std::abs(x) > k;
    }
    for (int k = 1; k <= 5; ++k) {
      const double expected = double(n) * std::erfc(k / std::sqrt(2.));
      CHECK(std::abs(double(beyond[k]) - expected) < 4 * std::sqrt(expected) + 1);
    }
    CHECK(beyond[4] > 0);
    double lag = 0, pair = 0;  // neighbours, and the two numbers of one Box-Muller pair
    for (std::int64_t i = 0; i + 16 < n; ++i) {
      lag += double(v[i]) * double(v[i + 1]);
      pair += double(v[i]) * double(v[i + 16]);
    }
    CHECK(std::abs(lag) * s < 4);
    CHECK(std::abs(pair) * s < 4);
    CHECK(kolmogorov_smirnov(v, normal_cdf) < 1.95);
  };
  check(normal<float>(n, Generator(1)));
  check(normal<double>(n, Generator(1)));
  const Moments shifted(normal<float>(n, Generator(4), 3.f, 0.5f));
  CHECK(std::abs(shifted.mean - 3) < 0.0015);
  CHECK(std::abs(shifted.var - 0.25) < 0.001);
}

TEST_CASE("random: integers, bernoulli, permutations") {
  const std::int64_t n = 700000;
  std::vector<double> count(7);
  for (std::int64_t x : integers(n, Generator(5), -3, 4)) {
    REQUIRE((x >= -3 && x < 4));
    ++count[x + 3];
  }
  double chi2 = 0;
  for (double c : count) chi2 += (c - 1e5) * (c - 1e5) / 1e5;
  CHECK(chi2 < 22.5);  // 6 degrees of freedom, exceeded once in 1000
  const auto low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();
  const auto wide = integers(1000, Generator(5), low, high);
  CHECK(*std::min_element(wide.begin(), wide.end()) < low / 100 * 99);
  CHECK(*std::max_element(wide.begin(), wide.end()) > high / 100 * 99);
  CHECK(integers(5, Generator(5), 9, 10)[4] == 9);

  const auto ones = bernoulli<float>(n, Generator(5), 0.3, 2.f);
  const double mean = std::accumulate(ones.begin(), ones.end(), 0.) / 2 / double(n);
  CHECK(std::abs(mean - 0.3) < 4 * std::sqrt(0.21 / double(n)));
  const auto never = bernoulli<bool>(1000, Generator(5), 0), always = bernoulli<bool>(1000, Generator(5), 1);
  CHECK(std::none_of(never.begin(), never.end(), [](bool b) { return b; }));
  CHECK(std::all_of(always.begin(), always.end(), [](bool b) { return b; }));

  for (std::int64_t size : {0, 1, 2, 33, 1000}) {
    auto p = permutation(size, Generator(6));
    std::sort(p.begin(), p.end());
    for (std::int64_t i = 0; i < size; ++i) CHECK(p[i] == i);
  }
  std::vector<double> orders(6);  // all six orders of three, equally often
  Generator g(6);
  for (int k = 0; k < 60000; ++k) {
    std::int64_t p[3];
    fill_permutation(p, 3, g);
    ++orders[p[0] * 2 + (p[1] > p[2])];
  }
  chi2 = 0;
  for (double c : orders) chi2 += (c - 1e4) * (c - 1e4) / 1e4;
  CHECK(chi2 < 20.6);  // 5 degrees of freedom, exceeded once in 1000
}

TEST_CASE("random: errors") {
  float x[1];
  std::int64_t k[1];
  Generator g;
  CHECK_THROWS_WITH_AS(fill_uniform(x, 1, 2.f, 1.f, g),
                       "uniform: expected low <= high at a finite distance, got low 2 and high 1", ValueError);
  CHECK_THROWS_AS(fill_uniform(x, 1, -3e38f, 3e38f, g), ValueError);
  CHECK_THROWS_AS(fill_uniform(x, 1, NAN, 1.f, g), ValueError);
  CHECK_THROWS_WITH_AS(fill_normal(x, 1, 0.f, -1.f, g), "normal: expected std >= 0, got -1", ValueError);
  CHECK_THROWS_WITH_AS(fill_integers(k, 1, 3, 3, g), "randint: expected low < high, got low 3 and high 3", ValueError);
  CHECK_THROWS_WITH_AS(fill_bernoulli(x, 1, 1.5, 1.f, g), "bernoulli: expected a probability from 0 to 1, got 1.5",
                       ValueError);
  CHECK_THROWS_AS(fill_bernoulli(x, 1, NAN, 1.f, g), ValueError);
  CHECK(g.state() == Generator().state());
}

#if EIGENGRAD_THREADS
TEST_CASE("random: threads may share the default generator") {
  const GeneratorState kept = default_generator().state();
  manual_seed(1);
  auto work = [] {
    float x[64];
    for (int i = 0; i < 2000; ++i) fill_uniform(x, 64, 0.f, 1.f, default_generator());
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(default_generator().state() == GeneratorState{1, 4000 * 16});
  default_generator().set_state(kept);
}
#endif
