#include "kernels/random.h"

#include <cmath>
#include <limits>

#include <eigengrad/core/error.h>
#include <eigengrad/core/parallel.h>

#include "detail/format.h"
#include "kernels/philox_group.h"
#include "kernels/simd.h"

namespace eg::kernels {
namespace {

constexpr std::int64_t groups_per_chunk = 256;  // 8 us and more, far above the cost of a chunk

/// See Note [Random fills]. make(group, p) writes the `per` numbers of a group to p.
template <int per, class T, class Make> void fill(T* out, std::int64_t n, Generator& g, Make make) {
  if (n < 1) return;
  const GeneratorState from = g.reserve(static_cast<std::uint64_t>((n - 1) / per + 1) * PhiloxGroup::blocks);
  detail::parallel_for(n, per * groups_per_chunk, [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t i = b; i < e; i += per) {
      const PhiloxGroup group(from.seed, from.offset + static_cast<std::uint64_t>(i / per) * PhiloxGroup::blocks);
      if (e - i >= per) {
        make(group, out + i);
      } else {
        T part[per];
        make(group, part);
        std::memcpy(out + i, part, static_cast<std::size_t>(e - i) * sizeof(T));
      }
    }
  });
}

// Polynomials of Box-Muller, each interpolated at the Chebyshev nodes of its interval in 60-digit arithmetic; the error
// left is below 1/8 ulp of the result.
//   sin x = x + x^3 S(x^2),  cos x = 1 - x^2/2 + x^4 C(x^2),  |x| <= pi/4
//   log m = 2 s + s^3 R(s^2), s = (m - 1) / (m + 1),          sqrt(1/2) <= m < sqrt(2)
template <class T> struct Coefficients;
template <> struct Coefficients<float> {
  static constexpr float sin[] = {-1.66666646617146974e-01f, 8.33274815408502866e-03f, -1.95878657021014658e-04f};
  static constexpr float cos[] = {4.16666646589014047e-02f, -1.38883029191136289e-03f, 2.45479168536906055e-05f};
  static constexpr float log[] = {6.66666850637503416e-01f, 3.99887706735095994e-01f, 2.95803982815194932e-01f};
  static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;  // e ln2_high is exact
  static constexpr float turn = 0x1.921fb6p-30f;  // 2 pi / 2^32
  static constexpr std::int32_t sqrt_half = 0x3f3504f3;
  static constexpr int mantissa = 23;
};
template <> struct Coefficients<double> {
  static constexpr double sin[] = {-1.66666666666666657e-01, 8.33333333333094797e-03,  -1.98412698367567738e-04,
                                   2.75573161016178735e-06,  -2.50511316502351776e-08, 1.59181152632657465e-10};
  static constexpr double cos[] = {4.16666666666666644e-02,  -1.38888888888873976e-03, 2.48015872987645609e-05,
                                   -2.75573172711451445e-07, 2.08761461465586099e-09,  -1.13826236474744620e-11};
  static constexpr double log[] = {6.66666666666666963e-01, 3.99999999998992384e-01, 2.85714286260958905e-01,
                                   2.22222111151441581e-01, 1.81828905566957633e-01, 1.53316740301635085e-01,
                                   1.46170375488371501e-01};
  static constexpr double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 1.90821492927058770002e-10;
  static constexpr double turn = 0x1.921fb54442d18p-51;  // 2 pi / 2^53
  static constexpr std::int64_t sqrt_half = 0x3fe6a09e667f3bcd;
  static constexpr int mantissa = 52;
};

template <class V, class T, std::size_t N> V polynomial(const T (&c)[N], V y) {
  V p = V{} + c[N - 1];
  for (std::size_t k = N - 1; k-- > 0;) p = p * y + c[k];
  return p;
}

/// Radius sqrt(-2 log u) for 0 < u <= 1, u normal.
template <class T> Simd<T> radius(Simd<T> u) {
  using C = Coefficients<T>;
  using V = Simd<T>;
  using I = SimdMask<T>;
  const I bits = cast_bits<I>(u);
  const I e = (bits - C::sqrt_half) >> C::mantissa;
  const V m = cast_bits<V>(bits - (e << C::mantissa)), exponent = convert<V>(e);
  const V f = m - T(1), s = f / (m + T(1)), y = s * s;
  // 2 s = f - s f, and f is exact: so s, with its two roundings, weighs little.
  const V log = exponent * C::ln2_high + (f - (s * (f - y * polynomial(C::log, y)) - exponent * C::ln2_low));
  return sqrt(T(-2) * log);
}

/// Cosine and sine of q quarter turns and k steps of 2^-32 (float) or 2^-53 turns (double), at most an eighth turn.
template <class T> void cos_sin(SimdMask<T> q, Simd<T> k, Simd<T>& cos, Simd<T>& sin) {
  using C = Coefficients<T>;
  using V = Simd<T>;
  using I = SimdMask<T>;
  constexpr int sign = 8 * sizeof(T) - 2;  // from bit 1 to the sign bit
  const V x = k * C::turn, y = x * x;
  const I s = cast_bits<I>(x + x * y * polynomial(C::sin, y));
  const I c = cast_bits<I>(T(1) - (T(0.5) * y - y * y * polynomial(C::cos, y)));
  const I swap = -(q & 1), other = (s ^ c) & swap;
  cos = cast_bits<V>((c ^ other) ^ (((q + 1) & 2) << sign));
  sin = cast_bits<V>((s ^ other) ^ ((q & 2) << sign));
}

/// 16 pairs of float: words j and j + 1 of the group.
void normal_pairs(const PhiloxGroup& g, int j, f32x16& z0, f32x16& z1) {
  const auto k = cast_bits<i32x16>(g.word[j] >> 1);
  const f32x16 u = (convert<f32x16>(k) + 0.5f) * 0x1p-31f;
  const u32x16 w = g.word[j + 1], q = (w + 0x20000000u) >> 30;
  const auto rest = cast_bits<i32x16>(w - (q << 30));
  f32x16 c, s;
  cos_sin<float>(cast_bits<i32x16>(q), convert<f32x16>(rest), c, s);
  const f32x16 r = radius<float>(u);
  z0 = r * c, z1 = r * s;
}

/// 8 pairs of double: lanes 8 h ... of the group.
void normal_pairs(const PhiloxGroup& g, int h, f64x8& z0, f64x8& z1) {
  const auto k = cast_bits<i64x8>(g.wide(0, h) >> 11);
  const f64x8 u = (convert<f64x8>(k) + 0.5) * 0x1p-53;
  const u64x8 w = g.wide(2, h), q = (w + (std::uint64_t{1} << 61)) >> 62;
  const auto rest = cast_bits<i64x8>(w - (q << 62)) >> 11;  // fits a double
  f64x8 c, s;
  cos_sin<double>(cast_bits<i64x8>(q), convert<f64x8>(rest), c, s);
  const f64x8 r = radius<double>(u);
  z0 = r * c, z1 = r * s;
}

/// High word of a x b.
std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t a0 = a & 0xffffffffu, a1 = a >> 32, b0 = b & 0xffffffffu, b1 = b >> 32;
  const std::uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
  return a1 * b1 + (middle >> 32) + ((a0 * b1 + (middle & 0xffffffffu)) >> 32);
}

/// The 32 64-bit words of a group, in the order of Note [Random fills].
void words64(const PhiloxGroup& g, std::uint64_t* out) {
  for (int p = 0; p < 4; ++p) store(out + 8 * p, g.wide(p / 2 * 2, p % 2));
}

}  // namespace

template <class T> void fill_uniform(T* out, std::int64_t n, T low, T high, Generator& g) {
  const T range = high - low;
  if (!(low <= high) || !(range <= std::numeric_limits<T>::max())) {
    fail<ValueError>("uniform", "expected low <= high at a finite distance, got low {} and high {}", low, high);
  }
  const T below = std::nextafter(high, low);  // where rounding would reach high
  using V = Simd<T>;
  auto put = [=](V u, T* p) {
    const V v = low + range * u;
    store(p, select(v < high, v, V{} + below));
  };
  if constexpr (sizeof(T) == 4) {
    fill<64>(out, n, g, [=](const PhiloxGroup& r, float* p) {
      for (int j = 0; j < 4; ++j) {
        put(convert<f32x16>(cast_bits<i32x16>(r.word[j] >> 8)) * 0x1p-24f, p + 16 * j);
      }
    });
  } else {
    fill<32>(out, n, g, [=](const PhiloxGroup& r, double* p) {
      for (int j = 0; j < 4; ++j) {
        const u64x8 w = r.wide(j / 2 * 2, j % 2) >> 11;
        put(convert<f64x8>(cast_bits<i64x8>(w)) * 0x1p-53, p + 8 * j);
      }
    });
  }
}
template void fill_uniform(float*, std::int64_t, float, float, Generator&);
template void fill_uniform(double*, std::int64_t, double, double, Generator&);

template <class T> void fill_normal(T* out, std::int64_t n, T mean, T std, Generator& g) {
  if (!(std >= 0)) fail<ValueError>("normal", "expected std >= 0, got {}", std);
  fill<256 / sizeof(T)>(out, n, g, [=](const PhiloxGroup& r, T* p) {
    for (int half = 0; half < 2; ++half) {
      Simd<T> z0, z1;
      if constexpr (sizeof(T) == 4) {
        normal_pairs(r, 2 * half, z0, z1);
        store(p + 32 * half, mean + std * z0), store(p + 32 * half + 16, mean + std * z1);
      } else {
        normal_pairs(r, half, z0, z1);
        store(p + 8 * half, mean + std * z0), store(p + 8 * half + 16, mean + std * z1);
      }
    }
  });
}
template void fill_normal(float*, std::int64_t, float, float, Generator&);
template void fill_normal(double*, std::int64_t, double, double, Generator&);

void fill_integers(std::int64_t* out, std::int64_t n, std::int64_t low, std::int64_t high, Generator& g) {
  if (low >= high) fail<ValueError>("randint", "expected low < high, got low {} and high {}", low, high);
  const std::uint64_t from = static_cast<std::uint64_t>(low), range = static_cast<std::uint64_t>(high) - from;
  fill<32>(out, n, g, [=](const PhiloxGroup& r, std::int64_t* p) {
    std::uint64_t w[32];
    words64(r, w);
    for (int k = 0; k < 32; ++k) p[k] = static_cast<std::int64_t>(from + multiply_high(w[k], range));
  });
}

template <class T> void fill_bernoulli(T* out, std::int64_t n, double p, T one, Generator& g) {
  if (!(p >= 0 && p <= 1)) fail<ValueError>("bernoulli", "expected a probability from 0 to 1, got {}", p);
  const auto limit = static_cast<std::uint64_t>(p * 0x1p32 + 0.5);  // 0: never, 2^32: always
  const auto last = static_cast<std::uint32_t>(limit == 0 ? 0 : limit - 1);
  const T value = limit == 0 ? T(0) : one;
  fill<64>(out, n, g, [=](const PhiloxGroup& r, T* q) {
    std::uint32_t w[64];
    std::memcpy(w, r.word, sizeof w);
    for (int k = 0; k < 64; ++k) q[k] = w[k] <= last ? value : T(0);
  });
}
template void fill_bernoulli(float*, std::int64_t, double, float, Generator&);
template void fill_bernoulli(double*, std::int64_t, double, double, Generator&);
template void fill_bernoulli(std::int64_t*, std::int64_t, double, std::int64_t, Generator&);
template void fill_bernoulli(bool*, std::int64_t, double, bool, Generator&);

void fill_permutation(std::int64_t* out, std::int64_t n, Generator& g) {
  if (n < 1) return;
  const GeneratorState from = g.reserve(static_cast<std::uint64_t>((n - 1) / 32 + 1) * PhiloxGroup::blocks);
  std::uint64_t w[32];
  for (std::int64_t i = 0; i < n; ++i) {  // inside out: number i enters at a random place among the first i + 1
    if (i % 32 == 0) words64(PhiloxGroup(from.seed, from.offset + static_cast<std::uint64_t>(i / 32) * 16), w);
    const auto j = static_cast<std::int64_t>(multiply_high(w[i % 32], static_cast<std::uint64_t>(i) + 1));
    if (j != i) out[i] = out[j];
    out[j] = i;
  }
}

}  // namespace eg::kernels
