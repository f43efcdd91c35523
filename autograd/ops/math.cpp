#include <eigengrad/autograd/ops/math.h>
#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/autograd/detail/unary.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/mask.h>
#include <eigengrad/core/kernels/copy.h>

#include <cmath>
#include <numbers>

namespace eg {
using detail::flat;
using detail::from_input;
using detail::from_output;
using detail::record;
using detail::should_record;
using detail::sum_to;
using kernels::Binary;
using kernels::Unary;

namespace {

struct Square {
  static constexpr auto label = "square";
  static constexpr auto kernel = Unary::square;
  static Tensor dx(Tensor g, const Tensor& x) { return mul(mul(std::move(g), x), 2); }
};
struct Sqrt {
  static constexpr auto label = "sqrt";
  static constexpr auto kernel = Unary::sqrt;
  static Tensor dx(Tensor g, const Tensor& y) { return div(mul(std::move(g), 0.5), y); }
};
struct Rsqrt {  // y = x^-1/2   dx = -g y^3 / 2
  static constexpr auto label = "rsqrt";
  static constexpr auto kernel = Unary::rsqrt;
  static Tensor dx(Tensor g, const Tensor& y) { return mul(mul(std::move(g), mul(square(y), y)), -0.5); }
};
struct Reciprocal {
  static constexpr auto label = "reciprocal";
  static constexpr auto kernel = Unary::reciprocal;
  static Tensor dx(Tensor g, const Tensor& y) { return neg(mul(std::move(g), square(y))); }
};
struct Abs {
  static constexpr auto label = "abs";
  static constexpr auto kernel = Unary::abs;
  static Tensor dx(Tensor g, const Tensor& x) { return mul(std::move(g), sign(x.detach())); }
};
struct Sign {
  static constexpr auto label = "sign";
  static constexpr auto kernel = Unary::sign;
};
struct Floor {
  static constexpr auto label = "floor";
  static constexpr auto kernel = Unary::floor;
};
struct Ceil {
  static constexpr auto label = "ceil";
  static constexpr auto kernel = Unary::ceil;
};
struct Round {
  static constexpr auto label = "round";
  static constexpr auto kernel = Unary::round;
};
struct Trunc {
  static constexpr auto label = "trunc";
  static constexpr auto kernel = Unary::trunc;
};
struct Exp {
  static constexpr auto label = "exp";
  static constexpr auto kernel = Unary::exp;
  static Tensor dx(Tensor g, const Tensor& y) { return mul(std::move(g), y); }
};
struct Log {
  static constexpr auto label = "log";
  static constexpr auto kernel = Unary::log;
  static Tensor dx(Tensor g, const Tensor& x) { return div(std::move(g), x); }
};

struct Log2 {
  static constexpr auto label = "log2";
  static constexpr auto kernel = Unary::log2;
  static Tensor dx(Tensor g, const Tensor& x) { return div(mul(std::move(g), 1 / std::numbers::ln2), x); }
};
struct Expm1 {
  static constexpr auto label = "expm1";
  static constexpr auto kernel = Unary::expm1;
  static Tensor dx(Tensor g, const Tensor& y) { return mul(std::move(g), add(y, 1)); }
};
struct Log1p {
  static constexpr auto label = "log1p";
  static constexpr auto kernel = Unary::log1p;
  static Tensor dx(Tensor g, const Tensor& x) { return div(std::move(g), add(x, 1)); }
};
constexpr double two_by_root_pi = 2 * std::numbers::inv_sqrtpi;
struct Erf {
  static constexpr auto label = "erf";
  static constexpr auto kernel = Unary::erf;
  static Tensor dx(Tensor g, const Tensor& x) { return mul(mul(std::move(g), exp(neg(square(x)))), two_by_root_pi); }
};
struct Erfc {
  static constexpr auto label = "erfc";
  static constexpr auto kernel = Unary::erfc;
  static Tensor dx(Tensor g, const Tensor& x) { return mul(mul(std::move(g), exp(neg(square(x)))), -two_by_root_pi); }
};

// y = x^c              dx = g c x^(c-1)
struct PowScalar final : Node {
  Saved x;
  double c;
  PowScalar(const Tensor& in, double power) : x(in), c(power) {}
  const char* name() const noexcept override { return "pow"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override {
    const Tensor& s = x.get(*this);
    grads[0] = c == 0 ? Tensor(kernels::full(s.shape(), s.dtype(), 0)) : mul(mul(std::move(g), pow(s, c - 1)), c);
  }
};

// log(x) as a factor of x^p with p >= 0: 0 at x = 0
Tensor log_or_zero(const Tensor& x, const Tensor& p) {
  const Tensor edge(kernels::binary(Binary::logical_and, kernels::binary(Binary::eq, x.array(), 0),
                                    kernels::binary(Binary::ge, p.array(), 0)));
  return where(edge, 0, log(where(edge, 1, x)));
}

// y = x^p              dx = g p x^(p-1)      dp = g x^p log(x)
struct Pow final : Node {
  Saved x, p;
  Pow(const Tensor& a, const Tensor& b) : x(a), p(b) {}
  const char* name() const noexcept override { return "pow"; }
  void release() noexcept override {
    x.reset();
    p.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor &a = x.get(*this), &b = p.get(*this);
    if (needs(0)) {  // p = 0 gives 0, also at x = 0
      const Tensor none(kernels::binary(Binary::eq, b.array(), 0));
      grads[0] = sum_to(mul(g, where(none, 0, mul(b, pow(a, where(none, 1, sub(b, 1)))))), a.shape(), a.dtype());
    }
    if (needs(1)) grads[1] = sum_to(mul(std::move(g), mul(pow(a, b), log_or_zero(a, b))), b.shape(), b.dtype());
  }
};

// y = c^p              dp = g y log(c)
struct PowOfScalar final : Node {
  Saved y;
  double log_c;
  PowOfScalar(const Array& out, double log_of_base) : y(Saved::output(out)), log_c(log_of_base) {}
  const char* name() const noexcept override { return "pow"; }
  void release() noexcept override { y.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = mul(mul(std::move(g), y.get_output(*this)), log_c); }
};

}  // namespace

Tensor square(const Tensor& x) { return from_input<Square>(x); }
Tensor sqrt(const Tensor& x) { return from_output<Sqrt>(x); }
Tensor rsqrt(const Tensor& x) { return from_output<Rsqrt>(x); }
Tensor reciprocal(const Tensor& x) { return from_output<Reciprocal>(x); }
Tensor abs(const Tensor& x) { return from_input<Abs>(x); }
Tensor sign(const Tensor& x) { return flat<Sign>(x); }
Tensor exp(const Tensor& x) { return from_output<Exp>(x); }
Tensor log(const Tensor& x) { return from_input<Log>(x); }
Tensor log2(const Tensor& x) { return from_input<Log2>(x); }
Tensor expm1(const Tensor& x) { return from_output<Expm1>(x); }
Tensor log1p(const Tensor& x) { return from_input<Log1p>(x); }
Tensor erf(const Tensor& x) { return from_input<Erf>(x); }
Tensor erfc(const Tensor& x) { return from_input<Erfc>(x); }
Tensor floor(const Tensor& x) { return flat<Floor>(x); }
Tensor ceil(const Tensor& x) { return flat<Ceil>(x); }
Tensor round(const Tensor& x) { return flat<Round>(x); }
Tensor trunc(const Tensor& x) { return flat<Trunc>(x); }

Tensor pow(const Tensor& x, Scalar power) {
  const double c = power.to<double>();
  if (is_floating(x.dtype())) {
    if (c == 2) return square(x);
    if (c == 0.5) return sqrt(x);
    if (c == -0.5) return rsqrt(x);
    if (c == -1) return reciprocal(x);
  }
  Array out = kernels::binary(Binary::pow, x.array(), power);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<PowScalar>(std::move(out), {&x}, x, c);
}

Tensor pow(const Tensor& x, const Tensor& p) {
  Array out = kernels::binary(Binary::pow, x.array(), p.array());
  if (!should_record(x, p)) return Tensor(std::move(out));
  return record<Pow>(std::move(out), {&x, &p}, x, p);
}

Tensor pow(Scalar c, const Tensor& p) {
  Array out = kernels::binary(Binary::pow, c, p.array());
  if (!should_record(p)) return Tensor(std::move(out));
  const Array y = out;
  return record<PowOfScalar>(std::move(out), {&p}, y, std::log(c.to<double>()));
}

Tensor Tensor::abs() const { return eg::abs(*this); }
Tensor Tensor::exp() const { return eg::exp(*this); }
Tensor Tensor::log() const { return eg::log(*this); }
Tensor Tensor::sqrt() const { return eg::sqrt(*this); }
Tensor Tensor::square() const { return eg::square(*this); }
Tensor Tensor::pow(Scalar exponent) const { return eg::pow(*this, exponent); }

}  // namespace eg
