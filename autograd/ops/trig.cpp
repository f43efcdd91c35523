#include <eigengrad/autograd/ops/trig.h>
#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/autograd/detail/unary.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/math.h>

namespace eg {
using detail::from_input;
using detail::from_output;
using detail::record;
using detail::should_record;
using detail::sum_to;
using kernels::Binary;
using kernels::Unary;

namespace {

struct Sin {
  static constexpr auto label = "sin";
  static constexpr auto kernel = Unary::sin;
  static Tensor dx(Tensor g, const Tensor& x) { return mul(std::move(g), cos(x)); }
};
struct Cos {
  static constexpr auto label = "cos";
  static constexpr auto kernel = Unary::cos;
  static Tensor dx(Tensor g, const Tensor& x) { return neg(mul(std::move(g), sin(x))); }
};
struct Tan {
  static constexpr auto label = "tan";
  static constexpr auto kernel = Unary::tan;
  static Tensor dx(Tensor g, const Tensor& y) { return mul(std::move(g), add(square(y), 1)); }
};
struct Asin {
  static constexpr auto label = "asin";
  static constexpr auto kernel = Unary::asin;
  static Tensor dx(Tensor g, const Tensor& x) { return mul(std::move(g), rsqrt(sub(1, square(x)))); }
};
struct Acos {
  static constexpr auto label = "acos";
  static constexpr auto kernel = Unary::acos;
  static Tensor dx(Tensor g, const Tensor& x) { return neg(mul(std::move(g), rsqrt(sub(1, square(x))))); }
};
struct Atan {
  static constexpr auto label = "atan";
  static constexpr auto kernel = Unary::atan;
  static Tensor dx(Tensor g, const Tensor& x) { return div(std::move(g), add(square(x), 1)); }
};
struct Sinh {
  static constexpr auto label = "sinh";
  static constexpr auto kernel = Unary::sinh;
  static Tensor dx(Tensor g, const Tensor& x) { return mul(std::move(g), cosh(x)); }
};
struct Cosh {
  static constexpr auto label = "cosh";
  static constexpr auto kernel = Unary::cosh;
  static Tensor dx(Tensor g, const Tensor& x) { return mul(std::move(g), sinh(x)); }
};

// a = atan2(y, x)      dy = g x / (x^2 + y^2)      dx = -g y / (x^2 + y^2)
struct Atan2 final : Node {
  Saved y, x;
  Atan2(const Tensor& b, const Tensor& a) : y(b), x(a) {}
  const char* name() const noexcept override { return "atan2"; }
  void release() noexcept override {
    y.reset();
    x.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor &b = y.get(*this), &a = x.get(*this);
    const Tensor part = div(std::move(g), add(square(a), square(b)));
    if (needs(0)) grads[0] = sum_to(mul(part, a), b.shape(), b.dtype());
    if (needs(1)) grads[1] = sum_to(neg(mul(part, b)), a.shape(), a.dtype());
  }
};

}  // namespace

Tensor sin(const Tensor& x) { return from_input<Sin>(x); }
Tensor cos(const Tensor& x) { return from_input<Cos>(x); }
Tensor tan(const Tensor& x) { return from_output<Tan>(x); }
Tensor asin(const Tensor& x) { return from_input<Asin>(x); }
Tensor acos(const Tensor& x) { return from_input<Acos>(x); }
Tensor atan(const Tensor& x) { return from_input<Atan>(x); }
Tensor sinh(const Tensor& x) { return from_input<Sinh>(x); }
Tensor cosh(const Tensor& x) { return from_input<Cosh>(x); }

Tensor atan2(const Tensor& y, const Tensor& x) {
  Array out = kernels::binary(Binary::atan2, y.array(), x.array());
  if (!should_record(y, x)) return Tensor(std::move(out));
  return record<Atan2>(std::move(out), {&y, &x}, y, x);
}

}  // namespace eg
