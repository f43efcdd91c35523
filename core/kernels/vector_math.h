#pragma once
// Exponentials of 16 floats at once. Polynomials interpolate at Chebyshev's nodes; tests state the error in the last place.
#include "kernels/simd.h"

namespace eg::kernels {

/// (exp(r) - 1 - r) / r^2 for |r| <= 1/2, off by 1.4e-10 of exp(r).
inline f32x16 exp_remainder(f32x16 r) {
  f32x16 y = r * 2.4922436515290815e-05f + 1.9962176231404425e-04f;
  y = y * r + 1.388873771997875e-03f;
  y = y * r + 8.33318207157114e-03f;
  y = y * r + 4.166666713918051e-02f;
  y = y * r + 1.6666667139493868e-01f;
  return y * r + 0.5f;
}

/// 2^n for -126 <= n <= 127.
inline f32x16 power_of_two(i32x16 n) { return cast_bits<f32x16>((n + 127) << 23); }

/// x = n log 2 + r with |r| <= log(2) / 2.
struct ByLog2 {
  i32x16 n;
  f32x16 r;
};
inline ByLog2 by_log2(f32x16 x) {
  constexpr float round = 12582912.f;  // 1.5 2^23: adding it leaves the nearest whole number in the low bits
  const f32x16 shifted = x * 1.44269504088896341f + round;
  const f32x16 n = shifted - round;
  f32x16 r = x - n * 0.693359375f;  // log 2 in two parts, the first short enough for n times it to be exact
  r = r + n * 2.12194440054690583e-4f;
  return {cast_bits<i32x16>(shifted) - 0x4B400000, r};
}

/// e^x; subnormal results too, infinity from 88.73 on.
inline f32x16 exp(f32x16 x) {
  x = select(x > 89.f, f32x16{} + 89.f, x);
  x = select(x < -104.f, f32x16{} - 104.f, x);  // NaN stays
  const auto [whole, r] = by_log2(x);
  const f32x16 y = exp_remainder(r) * (r * r) + r + 1.f;
  const i32x16 half = whole >> 1;  // 2^n in two factors: 2^128 and 2^-127 have no float of their own
  return y * power_of_two(half) * power_of_two(whole - half);
}

/// e^x - 1, exact near 0.
inline f32x16 expm1(f32x16 x) {
  const f32x16 size = select(x < 0.f, -x, x);
  return select(size > 0.5f, exp(x) - 1.f, exp_remainder(x) * (x * x) + x);
}

/// tanh(x) = -t / (t + 2) with t = e^(-2|x|) - 1, and the sign of x.
/// t = 2^n (e^r - 1) + (2^n - 1): exact near 0, where n = 0.
inline f32x16 tanh(f32x16 x) {
  const i32x16 sign = cast_bits<i32x16>(x) & INT32_MIN;
  f32x16 y = cast_bits<f32x16>(cast_bits<i32x16>(x) ^ sign) * -2.f;
  y = select(y < -20.f, f32x16{} - 20.f, y);  // 1 from here on; NaN stays
  const auto [n, r] = by_log2(y);
  const f32x16 scale = power_of_two(n);
  const f32x16 t = (exp_remainder(r) * (r * r) + r) * scale + (scale - 1.f);
  return cast_bits<f32x16>(cast_bits<i32x16>(t / (-2.f - t)) | sign);
}

/// log(1 + e) for 0 <= e <= 1, as 2 atanh(e / (2 + e)).
inline f32x16 log1p_unit(f32x16 e) {
  const f32x16 z = e / (e + 2.f), w = z * z;
  f32x16 y = w * 1.219695221746804e-01f + 1.0699280744140086e-01f;
  y = y * w + 1.431010365785053e-01f;
  y = y * w + 1.9999355625243176e-01f;
  y = y * w + 3.3333339513191074e-01f;
  const f32x16 zz = z + z;
  return zz * (w * y) + zz;
}

}  // namespace eg::kernels
