#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Functions of one or two elements. Shapes of two operands broadcast as NumPy's (sizes are equal or 1, aligned at the
// end; else ShapeError); types promote bool < int64 < float32 < float64, and a scalar takes the tensor's type. All are
// differentiable at every order in their floating-point inputs; where a function has a kink the derivative there is
// named. Cost: one pass over memory. An operand given as an rvalue that nobody else holds lends its memory to the result.

/// a + b
Tensor add(const Tensor& a, const Tensor& b);
Tensor add(Tensor&& a, const Tensor& b);
Tensor add(const Tensor& a, Scalar b);
/// a - b
Tensor sub(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, Scalar b);
Tensor sub(Scalar a, const Tensor& b);
/// a b
Tensor mul(const Tensor& a, const Tensor& b);
Tensor mul(Tensor&& a, const Tensor& b);
Tensor mul(const Tensor& a, Scalar b);
Tensor mul(Tensor&& a, Scalar b);
/// a / b, always a fraction: integers become float32
Tensor div(const Tensor& a, const Tensor& b);
Tensor div(Tensor&& a, const Tensor& b);
Tensor div(const Tensor& a, Scalar b);
Tensor div(Scalar a, const Tensor& b);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator+(const Tensor& a, Scalar b) { return add(a, b); }
inline Tensor operator+(Scalar a, const Tensor& b) { return add(b, a); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator-(const Tensor& a, Scalar b) { return sub(a, b); }
inline Tensor operator-(Scalar a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator*(const Tensor& a, Scalar b) { return mul(a, b); }
inline Tensor operator*(Scalar a, const Tensor& b) { return mul(b, a); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator/(const Tensor& a, Scalar b) { return div(a, b); }
inline Tensor operator/(Scalar a, const Tensor& b) { return div(a, b); }

/// -x
Tensor neg(const Tensor& x);
Tensor neg(Tensor&& x);
inline Tensor operator-(const Tensor& x) { return neg(x); }

}  // namespace eg
