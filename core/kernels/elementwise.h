#pragma once
#include <eigengrad/core/array.h>
#include <eigengrad/core/scalar.h>

namespace eg::kernels {

/// Functions of two elements. The last group takes a gradient g first and serves backward passes.
enum class Binary : std::uint8_t {
  add, sub, mul, div, pow, minimum, maximum, atan2,
  eq, ne, lt, le, gt, ge, logical_and, logical_or, logical_xor,  // result bool
  add_scaled,      // a + p b
  tanh_grad,       // g (1 - y^2)
  sigmoid_grad,    // g y (1 - y)
  relu_grad,       // y <= 0 ? 0 : g
  leaky_relu_grad, // x > 0 ? g : p g
  clamp_grad,      // p <= x <= q ? g : 0
  hardtanh_grad,   // p < x < q ? g : 0
  softplus_grad, silu_grad, mish_grad, elu_grad, gelu_grad, gelu_tanh_grad,  // g f'(x), p and q as for the function
  share_of_min,    // the part of minimum's gradient that is a's: b < a ? 0 : b == a ? 1/2 : 1
  count
};

/// Functions of one element; `p`, `q` are parameters of some.
enum class Unary : std::uint8_t {
  neg, abs, sign, square, reciprocal, sqrt, rsqrt, exp, expm1, log, log2, log1p, sin, cos, tan, asin, acos, atan, sinh,
  cosh, tanh, sigmoid, logsigmoid, erf, erfc, relu,
  leaky_relu,  // x > 0 ? x : p x
  softplus,    // log(1 + exp(p x)) / p, without overflow; x where p x > q
  softsign, silu, mish,
  elu,         // x > 0 ? q x : q p (exp(x) - 1)
  gelu, gelu_tanh,
  clamp,       // min(max(x, p), q); NaN stays
  floor, ceil, round, trunc,
  zero,        // 0, even for NaN
  count
};
/// Results of type bool.
Array logical_not(const Array& x);
Array is_nan(const Array& x);
Array is_inf(const Array& x);
Array is_finite(const Array& x);

/// f(a, b) over the broadcast shape, in the promoted type (bool for comparisons and logical functions).
/// Where `reuse` is given, of the result's type and shape, row-major and held by nobody else, the result goes there.
Array binary(Binary f, const Array& a, const Array& b, double p = 0, Array* reuse = nullptr, double q = 0);
/// A scalar operand takes the tensor's type; a fractional one turns an integer tensor into float32.
Array binary(Binary f, const Array& a, Scalar b, Array* reuse = nullptr);
Array binary(Binary f, Scalar a, const Array& b, Array* reuse = nullptr);
/// a = f(a, b); b is broadcast to a and converted to its type.
void binary_into(Binary f, Array& a, const Array& b, double p = 0);

/// f(x); integer input becomes float32 for functions with fractional values.
Array unary(Unary f, const Array& x, double p = 0, double q = 0, Array* reuse = nullptr);

/// condition ? a : b over the broadcast shape of the three; condition is bool.
Array where(const Array& condition, const Array& a, const Array& b);

}  // namespace eg::kernels
