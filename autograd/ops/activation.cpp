#include <eigengrad/autograd/ops/activation.h>
#include <eigengrad/autograd/detail/unary.h>
#include <eigengrad/autograd/ops/choose.h>
#include <eigengrad/autograd/ops/compare.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/mask.h>
#include <eigengrad/autograd/ops/math.h>

#include <numbers>

namespace eg {
using detail::from_input;
using detail::from_output;
using detail::fused;
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

// --- smooth ones: dx = g f'(x), by one kernel, or by differentiable functions where the gradient is recorded -------------

Tensor product(Tensor g, const Tensor& slope) { return mul(std::move(g), slope); }

struct LogSigmoid {
  static constexpr auto label = "logsigmoid";
  static constexpr auto kernel = Unary::logsigmoid;
  static Tensor dx(Tensor g, const Tensor& x) { return mul(std::move(g), sigmoid(neg(x))); }
};
struct Softplus {
  double p, q;
  static constexpr auto label = "softplus";
  static constexpr auto kernel = Unary::softplus;
  Tensor dx(Tensor g, const Tensor& x) const {
    return fused(Binary::softplus_grad, std::move(g), x, p, q, [&](Tensor h) {
      const Tensor s = mul(x, p);
      return product(std::move(h), where(gt(s, q), 1, sigmoid(s)));
    });
  }
};
struct Softsign {
  static constexpr auto label = "softsign";
  static constexpr auto kernel = Unary::softsign;
  static Tensor dx(Tensor g, const Tensor& x) { return div(std::move(g), square(add(abs(x), 1))); }
};
struct Elu {
  double p, q;  // alpha, scale
  static constexpr auto label = "elu";
  static constexpr auto kernel = Unary::elu;
  Tensor dx(Tensor g, const Tensor& x) const {
    return fused(Binary::elu_grad, std::move(g), x, p, q, [&](Tensor h) {
      // exp of the lower part only: an infinity in the part not taken would make its gradient 0 inf
      return product(std::move(h), where(gt(x, 0), q, mul(exp(clamp(x, {}, 0)), p * q)));
    });
  }
};
struct Silu {
  static constexpr auto label = "silu";
  static constexpr auto kernel = Unary::silu;
  static Tensor dx(Tensor g, const Tensor& x) {
    return fused(Binary::silu_grad, std::move(g), x, 0, 0, [&](Tensor h) {
      const Tensor s = sigmoid(x);
      return product(std::move(h), mul(s, add(mul(x, sub(1, s)), 1)));
    });
  }
};
struct Mish {
  static constexpr auto label = "mish";
  static constexpr auto kernel = Unary::mish;
  static Tensor dx(Tensor g, const Tensor& x) {
    return fused(Binary::mish_grad, std::move(g), x, 0, 0, [&](Tensor h) {
      const Tensor t = tanh(softplus(x));
      return product(std::move(h), add(t, mul(mul(x, sigmoid(x)), sub(1, square(t)))));
    });
  }
};
struct GeluExact {
  static constexpr auto label = "gelu";
  static constexpr auto kernel = Unary::gelu;
  static Tensor dx(Tensor g, const Tensor& x) {
    return fused(Binary::gelu_grad, std::move(g), x, 0, 0, [&](Tensor h) {
      const Tensor cdf = mul(add(erf(mul(x, 1 / std::numbers::sqrt2)), 1), 0.5);
      const Tensor density = mul(exp(mul(square(x), -0.5)), std::numbers::inv_sqrtpi / std::numbers::sqrt2);
      return product(std::move(h), add(cdf, mul(x, density)));
    });
  }
};
struct GeluTanh {
  static constexpr auto label = "gelu";
  static constexpr auto kernel = Unary::gelu_tanh;
  static Tensor dx(Tensor g, const Tensor& x) {
    return fused(Binary::gelu_tanh_grad, std::move(g), x, 0, 0, [&](Tensor h) {
      constexpr double k = std::numbers::sqrt2 * std::numbers::inv_sqrtpi, c = 0.044715;
      const Tensor xx = square(x), t = tanh(mul(x, add(mul(xx, k * c), k)));
      const Tensor slope = mul(mul(x, sub(1, square(t))), add(mul(xx, 3 * k * c), k));
      return product(std::move(h), mul(add(add(t, slope), 1), 0.5));
    });
  }
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

Tensor logsigmoid(const Tensor& x) { return from_input<LogSigmoid>(x); }
Tensor softplus(const Tensor& x, double beta, double threshold) { return from_input(x, Softplus{beta, threshold}); }
Tensor softsign(const Tensor& x) { return from_input<Softsign>(x); }
Tensor elu(const Tensor& x, double alpha) { return from_input(x, Elu{alpha, 1}); }
Tensor selu(const Tensor& x) { return from_input(x, Elu{1.6732632423543772848170429916717, 1.0507009873554804934193349852946}); }
Tensor silu(const Tensor& x) { return from_input<Silu>(x); }
Tensor mish(const Tensor& x) { return from_input<Mish>(x); }
Tensor gelu(const Tensor& x, Gelu form) { return form == Gelu::exact ? from_input<GeluExact>(x) : from_input<GeluTanh>(x); }
Tensor relu6(const Tensor& x) { return hardtanh(x, 0, 6); }
Tensor hardsigmoid(const Tensor& x) { return div(relu6(add(x, 3)), 6); }
Tensor hardswish(const Tensor& x) { return mul(x, hardsigmoid(x)); }

Tensor Tensor::tanh() const { return eg::tanh(*this); }
Tensor Tensor::sigmoid() const { return eg::sigmoid(*this); }
Tensor Tensor::relu() const { return eg::relu(*this); }

}  // namespace eg
