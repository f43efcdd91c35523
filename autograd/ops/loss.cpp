// Losses. Each: 1 its node  2 the public function. Mean and sum run as fused kernels; a recorded backward is written in
// differentiable functions of the same gradient.
#include <eigengrad/autograd/ops/loss.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/activation.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/elementwise.h>
#include <eigengrad/core/kernels/loss.h>

#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/core/detail/format.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

void check_pair(const char* op, const Tensor& x, const Tensor& target) {
  if (!is_floating(x.dtype()))
    fail<DTypeError>(op, "expected floating-point predictions, got {} of type {}; convert with to(float32)", x.shape(), x.dtype());
  if (!(x.shape() == target.shape()))
    fail<ShapeError>(op, "expected prediction and target of one shape, got {} and {}; reshape or expand one of them", x.shape(), target.shape());
}

Tensor reduce(Tensor losses, Reduction r) {
  return r == Reduction::none ? losses : r == Reduction::sum ? sum(losses) : mean(losses);
}

// y = sum (x - t)^2 / n        dx = 2/n g (x - t)        dt = -dx
struct MseLoss final : Node {
  Saved x, t;
  double n;
  MseLoss(const Tensor& in, const Tensor& target, double divisor) : x(in), t(target), n(divisor) {}
  const char* name() const noexcept override { return "mse_loss"; }
  void release() noexcept override {
    x.reset();
    t.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor &in = x.get(*this), &target = t.get(*this);
    const Tensor d = grad_enabled() ? mul(sub(in, target), mul(g, 2 / n))
                                    : Tensor(kernels::squared_error_grad(g.array(), in.array(), target.array(), n));
    if (needs(0)) grads[0] = d;
    if (needs(1)) grads[1] = neg(d);
  }
};

// y = sum (max(x, 0) - x t + log(1 + exp(-|x|))) / n        dx = g/n (s(x) - t)        dt = -g/n x
struct BceWithLogits final : Node {
  Saved x, t;
  double n;
  BceWithLogits(const Tensor& in, const Tensor& target, double divisor) : x(in), t(target), n(divisor) {}
  const char* name() const noexcept override { return "bce_with_logits"; }
  void release() noexcept override {
    x.reset();
    t.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor &in = x.get(*this), &target = t.get(*this);
    if (needs(0))
      grads[0] = grad_enabled() ? mul(sub(sigmoid(in), target), div(g, n))
                                : Tensor(kernels::logit_entropy_grad(g.array(), in.array(), target.array(), n));
    if (needs(1)) grads[1] = mul(in, div(g, -n));
  }
};

// y = log(1 + exp(x))          dx = g s(x)
struct Softplus final : Node {
  Saved x;
  explicit Softplus(const Tensor& in) : x(in) {}
  const char* name() const noexcept override { return "softplus"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = mul(g, sigmoid(x.get(*this))); }
};
Tensor softplus_of(const Tensor& x) {
  Array out = kernels::unary(kernels::Unary::softplus, x.array());
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Softplus>(std::move(out), {&x}, x);
}

double divisor_of(const Tensor& x, Reduction r) { return r == Reduction::mean ? static_cast<double>(x.numel()) : 1; }

}  // namespace

Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction reduction) {
  check_pair("mse_loss", x, target);
  if (x.dtype() != target.dtype()) {
    const DType t = promote(x.dtype(), target.dtype());
    return mse_loss(x.to(t), target.to(t), reduction);
  }
  if (reduction == Reduction::none) {
    const Tensor d = sub(x, target);
    return mul(d, d);
  }
  const double n = divisor_of(x, reduction);
  Array out = kernels::squared_error(x.array(), target.array(), n);
  if (!should_record(x, target)) return Tensor(std::move(out));
  return record<MseLoss>(std::move(out), {&x, &target}, x, target, n);
}

Tensor bce_with_logits(const Tensor& x, const Tensor& target, const BCEWithLogitsOptions& o) {
  check_pair("bce_with_logits", x, target);
  if (x.dtype() != target.dtype()) {
    const DType t = promote(x.dtype(), target.dtype());
    return bce_with_logits(x.to(t), target.to(t), o);
  }
  if (!o.weight.defined() && !o.pos_weight.defined() && o.reduction != Reduction::none) {
    const double n = divisor_of(x, o.reduction);
    Array out = kernels::logit_entropy(x.array(), target.array(), n);
    if (!should_record(x, target)) return Tensor(std::move(out));
    return record<BceWithLogits>(std::move(out), {&x, &target}, x, target, n);
  }
  // (1 - t) x + (1 + (p - 1) t) log(1 + exp(-x))
  Tensor tail = softplus_of(neg(x));
  if (o.pos_weight.defined()) {
    Tensor p = o.pos_weight;
    if (!(broadcast_shapes("bce_with_logits", p.shape(), x.shape()) == x.shape()))
      fail<ShapeError>("bce_with_logits", "expected pos_weight that broadcasts to the prediction's shape {}, got {}", x.shape(), p.shape());
    tail = mul(tail, add(mul(sub(p, 1), target), 1));
  }
  Tensor losses = add(mul(sub(1, target), x), tail);
  if (o.weight.defined()) {
    if (!(broadcast_shapes("bce_with_logits", o.weight.shape(), x.shape()) == x.shape()))
      fail<ShapeError>("bce_with_logits", "expected weight that broadcasts to the prediction's shape {}, got {}", x.shape(), o.weight.shape());
    losses = mul(losses, o.weight);
  }
  return reduce(losses, o.reduction);
}

}  // namespace eg
