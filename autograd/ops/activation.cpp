#include <eigengrad/autograd/ops/activation.h>
#include <eigengrad/autograd/detail/unary.h>
#include <eigengrad/autograd/ops/elementwise.h>

namespace eg {
using detail::from_output;
using detail::record;
using detail::reusable;
using detail::should_record;
using kernels::Binary;
using kernels::Unary;

namespace {

// --- tanh and sigmoid: dx = g y'(y), one kernel that is differentiable itself -------------------------------------------

Tensor grad_of_output(Binary kernel, Tensor g, const Tensor& y);

// tanh      dx = g (1 - y^2)    d/dg = v (1 - y^2)      d/dy = -2 v g y
// sigmoid   dx = g y (1 - y)    d/dg = v y (1 - y)      d/dy = v g (1 - 2 y)
struct GradOfOutput final : Node {
  Binary kernel;
  Saved g, y;
  GradOfOutput(Binary k, const Tensor& grad, const Tensor& out) : kernel(k), g(grad), y(out) {}
  const char* name() const noexcept override { return kernel == Binary::tanh_grad ? "tanh_grad" : "sigmoid_grad"; }
  void release() noexcept override {
    g.reset();
    y.reset();
  }
  void backward(Tensor v, Grads grads) override {
    if (needs(1)) {
      const Tensor slope = mul(y.get(*this), -2);
      grads[1] = mul(mul(v, g.get(*this)), kernel == Binary::tanh_grad ? slope : add(slope, 1));
    }
    if (needs(0)) grads[0] = grad_of_output(kernel, std::move(v), y.get(*this));
  }
};
Tensor grad_of_output(Binary kernel, Tensor g, const Tensor& y) {
  if (!should_record(g, y)) return Tensor(kernels::binary(kernel, g.array(), y.array(), 0, reusable(g)));
  Array out = kernels::binary(kernel, g.array(), y.array());
  return record<GradOfOutput>(std::move(out), {&g, &y}, kernel, g, y);
}
struct Tanh {
  static constexpr auto label = "tanh";
  static constexpr auto kernel = Unary::tanh;
  static Tensor dx(Tensor g, const Tensor& y) { return grad_of_output(Binary::tanh_grad, std::move(g), y); }
};
struct Sigmoid {
  static constexpr auto label = "sigmoid";
  static constexpr auto kernel = Unary::sigmoid;
  static Tensor dx(Tensor g, const Tensor& y) { return grad_of_output(Binary::sigmoid_grad, std::move(g), y); }
};

// --- relu and leaky_relu: dx = g or slope g, by the sign of s -----------------------------------------------------------

// s is the output where the slope is not negative: it has the sign of x, and the next layer keeps it anyway.
Tensor rectifier_grad(Binary kernel, Tensor g, const Tensor& s, double slope);

struct RectifierGrad final : Node {
  Binary kernel;
  Saved s;
  double slope;
  RectifierGrad(Binary k, const Tensor& sign, double p) : kernel(k), s(sign), slope(p) {}
  const char* name() const noexcept override { return kernel == Binary::relu_grad ? "relu_grad" : "leaky_relu_grad"; }
  void release() noexcept override { s.reset(); }
  void backward(Tensor v, Grads grads) override { grads[0] = rectifier_grad(kernel, std::move(v), s.get(*this), slope); }
};
Tensor rectifier_grad(Binary kernel, Tensor g, const Tensor& s, double slope) {
  if (!should_record(g)) return Tensor(kernels::binary(kernel, g.array(), s.array(), slope, reusable(g)));
  Array out = kernels::binary(kernel, g.array(), s.array(), slope);
  return record<RectifierGrad>(std::move(out), {&g}, kernel, s.detach(), slope);
}

struct Rectifier final : Node {
  Binary kernel;
  Saved s;
  double slope;
  Rectifier(Binary k, Saved sign, double p) : kernel(k), s(std::move(sign)), slope(p) {}
  const char* name() const noexcept override { return kernel == Binary::relu_grad ? "relu" : "leaky_relu"; }
  void release() noexcept override { s.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = rectifier_grad(kernel, std::move(g), s.get(*this), slope); }
};

}  // namespace

Tensor tanh(const Tensor& x) { return from_output<Tanh>(x); }
Tensor sigmoid(const Tensor& x) { return from_output<Sigmoid>(x); }

Tensor relu(const Tensor& x) {
  Array out = kernels::unary(Unary::relu, x.array());
  if (!should_record(x)) return Tensor(std::move(out));
  const Array y = out;
  return record<Rectifier>(std::move(out), {&x}, Binary::relu_grad, Saved::output(y), 0);
}

Tensor leaky_relu(const Tensor& x, double slope) {
  Array out = kernels::unary(Unary::leaky_relu, x.array(), slope);
  if (!should_record(x)) return Tensor(std::move(out));
  const Array y = out;
  return record<Rectifier>(std::move(out), {&x}, Binary::leaky_relu_grad, slope >= 0 ? Saved::output(y) : Saved(x.detach()), slope);
}

Tensor Tensor::tanh() const { return eg::tanh(*this); }
Tensor Tensor::sigmoid() const { return eg::sigmoid(*this); }
Tensor Tensor::relu() const { return eg::relu(*this); }

}  // namespace eg
