#include <eigengrad/autograd/ops/choose.h>
#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/autograd/detail/unary.h>
#include <eigengrad/autograd/ops/elementwise.h>

#include <limits>

namespace eg {
using detail::record;
using detail::reusable;
using detail::should_record;
using detail::sum_to;
using kernels::Binary;
using kernels::Unary;

namespace {

Tensor clamp_grad(Tensor g, const Tensor& x, double low, double high);

// dx = g where low <= x <= high, else 0; linear in g
struct ClampGrad final : Node {
  Saved x;
  double low, high;
  ClampGrad(const Tensor& in, double l, double h) : x(in), low(l), high(h) {}
  const char* name() const noexcept override { return "clamp_grad"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor v, Grads grads) override { grads[0] = clamp_grad(std::move(v), x.get(*this), low, high); }
};
Tensor clamp_grad(Tensor g, const Tensor& x, double low, double high) {
  if (!should_record(g))
    return Tensor(kernels::binary(Binary::clamp_grad, g.array(), x.array(), low, reusable(g), high));
  Array out = kernels::binary(Binary::clamp_grad, g.array(), x.array(), low, nullptr, high);
  return record<ClampGrad>(std::move(out), {&g}, x, low, high);
}

struct Clamp final : Node {
  Saved x;
  double low, high;
  Clamp(const Tensor& in, double l, double h) : x(in), low(l), high(h) {}
  const char* name() const noexcept override { return "clamp"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = clamp_grad(std::move(g), x.get(*this), low, high); }
};

}  // namespace

Tensor clamp(const Tensor& x, std::optional<double> low, std::optional<double> high) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const double l = low.value_or(-inf), h = high.value_or(inf);
  Array out = kernels::unary(Unary::clamp, x.array(), l, h);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Clamp>(std::move(out), {&x}, x, l, h);
}

Tensor Tensor::clamp(std::optional<double> low, std::optional<double> high) const { return eg::clamp(*this, low, high); }

}  // namespace eg
