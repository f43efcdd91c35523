#include <eigengrad/autograd/ops/choose.h>
#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/autograd/detail/unary.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/core/kernels/copy.h>

#include <limits>

namespace eg {
using detail::record;
using detail::reusable;
using detail::should_record;
using detail::sum_to;
using kernels::Binary;
using kernels::Unary;

namespace {

// dx = g where x lies within, else 0; linear in g. Kernel clamp_grad counts the ends as within, hardtanh_grad does not.
struct Limits {
  Binary kernel;
  double low, high;
};
Tensor within(Tensor g, const Tensor& x, const Limits& l);

struct Within final : Node {
  Saved x;
  Limits l;
  Within(const Tensor& in, const Limits& limits) : x(in), l(limits) {}
  const char* name() const noexcept override { return l.kernel == Binary::clamp_grad ? "clamp_grad" : "hardtanh_grad"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor v, Grads grads) override { grads[0] = within(std::move(v), x.get(*this), l); }
};
Tensor within(Tensor g, const Tensor& x, const Limits& l) {
  if (!should_record(g)) return Tensor(kernels::binary(l.kernel, g.array(), x.array(), l.low, reusable(g), l.high));
  Array out = kernels::binary(l.kernel, g.array(), x.array(), l.low, nullptr, l.high);
  return record<Within>(std::move(out), {&g}, x, l);
}

struct Clamp final : Node {
  Saved x;
  Limits l;
  Clamp(const Tensor& in, const Limits& limits) : x(in), l(limits) {}
  const char* name() const noexcept override { return l.kernel == Binary::clamp_grad ? "clamp" : "hardtanh"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = within(std::move(g), x.get(*this).detach(), l); }
};
Tensor limited(const Tensor& x, const Limits& l) {
  Array out = kernels::unary(Unary::clamp, x.array(), l.low, l.high);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Clamp>(std::move(out), {&x}, x, l);
}

// y = min(a, b)        da = g where a < b, g / 2 where a = b        db: the same the other way around
struct Extreme final : Node {
  Saved a, b;
  bool smaller;
  Extreme(const Tensor& x, const Tensor& y, bool minimum) : a(x), b(y), smaller(minimum) {}
  const char* name() const noexcept override { return smaller ? "minimum" : "maximum"; }
  void release() noexcept override {
    a.reset();
    b.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor &x = a.get(*this), &y = b.get(*this);
    const auto share = [](const Tensor& u, const Tensor& v) {
      return Tensor(kernels::binary(Binary::share_of_min, u.array(), v.array()));
    };
    if (needs(0)) grads[0] = sum_to(mul(g, smaller ? share(x, y) : share(y, x)), x.shape(), x.dtype());
    if (needs(1)) grads[1] = sum_to(mul(std::move(g), smaller ? share(y, x) : share(x, y)), y.shape(), y.dtype());
  }
};
Tensor extreme(const Tensor& a, const Tensor& b, bool smaller) {
  Array out = kernels::binary(smaller ? Binary::minimum : Binary::maximum, a.array(), b.array());
  if (!should_record(a, b)) return Tensor(std::move(out));
  return record<Extreme>(std::move(out), {&a, &b}, a, b, smaller);
}

// A scalar beside a tensor takes its type, unless it is a fraction beside integers.
Tensor beside(const Tensor& x, Scalar s) {
  return Tensor(kernels::full({}, s.integral() || is_floating(x.dtype()) ? x.dtype() : DType::float32, s));
}

}  // namespace

Tensor clamp(const Tensor& x, std::optional<double> low, std::optional<double> high) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const double l = low.value_or(-inf), h = high.value_or(inf);
  return limited(x, {Binary::clamp_grad, l, h});
}
Tensor hardtanh(const Tensor& x, double low, double high) { return limited(x, {Binary::hardtanh_grad, low, high}); }

Tensor minimum(const Tensor& a, const Tensor& b) { return extreme(a, b, true); }
Tensor minimum(const Tensor& a, Scalar b) { return extreme(a, beside(a, b), true); }
Tensor maximum(const Tensor& a, const Tensor& b) { return extreme(a, b, false); }
Tensor maximum(const Tensor& a, Scalar b) { return extreme(a, beside(a, b), false); }

Tensor lerp(const Tensor& a, const Tensor& b, Scalar weight) { return add(mul(sub(b, a), weight), a); }
Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& weight) { return add(mul(sub(b, a), weight), a); }
Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value) { return add(mul(mul(a, b), value), x); }
Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value) { return add(mul(div(a, b), value), x); }

Tensor Tensor::clamp(std::optional<double> low, std::optional<double> high) const { return eg::clamp(*this, low, high); }

}  // namespace eg
