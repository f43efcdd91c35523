// Losses. Each: 1 its node  2 the public function. Mean and sum run as fused kernels; a recorded backward is written in
// differentiable functions of the same gradient.
#include <eigengrad/autograd/ops/loss.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/activation.h>
#include <eigengrad/autograd/ops/choose.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/math.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/loss.h>

#include <limits>

#include <eigengrad/autograd/detail/losses.h>
#include <eigengrad/core/detail/format.h>

namespace eg {
using detail::check_pair;
using detail::record;
using detail::reduce_losses;
using detail::should_record;

void detail::check_pair(const char* op, const Tensor& x, const Tensor& target) {
  if (!is_floating(x.dtype()))
    fail<DTypeError>(op, "expected floating-point predictions, got {} of type {}; convert with to(float32)", x.shape(), x.dtype());
  if (!(x.shape() == target.shape()))
    fail<ShapeError>(op, "expected prediction and target of one shape, got {} and {}; reshape or expand one of them", x.shape(), target.shape());
}

namespace {

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

double divisor_of(const Tensor& x, Reduction r) { return r == Reduction::mean ? static_cast<double>(x.numel()) : 1; }

// y = -t log x - (1 - t) log(1 - x)        dx = g (x - t) / (x (1 - x))        dt = g (log(1 - x) - log x)
struct BceLoss final : Node {
  Saved x, t;
  BceLoss(const Tensor& in, const Tensor& target) : x(in), t(target) {}
  const char* name() const noexcept override { return "bce_loss"; }
  void release() noexcept override {
    x.reset();
    t.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor &in = x.get(*this), &target = t.get(*this);
    const Tensor one_less = sub(1, in);
    if (needs(0)) grads[0] = div(mul(g, sub(in, target)), clamp(mul(in, one_less), 1e-12, {}));
    if (needs(1)) grads[1] = mul(g, sub(clamp(log(one_less), -100, {}), clamp(log(in), -100, {})));
  }
};

}  // namespace

Tensor l1_loss(const Tensor& x, const Tensor& target, Reduction reduction) {
  check_pair("l1_loss", x, target);
  return reduce_losses(abs(sub(x, target)), reduction);
}

Tensor huber_loss(const Tensor& x, const Tensor& target, double delta, Reduction reduction) {
  check_pair("huber_loss", x, target);
  if (!(delta > 0)) fail<ValueError>("huber_loss", "expected delta > 0, got {}", delta);
  // c (d - c / 2) with c = d limited to [-delta, delta]
  const Tensor d = sub(x, target), c = clamp(d, -delta, delta);
  return reduce_losses(mul(c, sub(d, mul(c, 0.5))), reduction);
}

Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, double beta, Reduction reduction) {
  check_pair("smooth_l1_loss", x, target);
  if (!(beta >= 0)) fail<ValueError>("smooth_l1_loss", "expected beta >= 0, got {}", beta);
  return beta == 0 ? l1_loss(x, target, reduction) : div(huber_loss(x, target, beta, reduction), beta);
}

Tensor bce_loss(const Tensor& x, const Tensor& target, Reduction reduction) {
  check_pair("bce_loss", x, target);
  if (x.dtype() != target.dtype()) {
    const DType t = promote(x.dtype(), target.dtype());
    return bce_loss(x.to(t), target.to(t), reduction);
  }
  Tensor losses;
  {
    const NoGrad guard;
    losses = neg(add(mul(target, clamp(log(x), -100, {})), mul(sub(1, target), clamp(log(sub(1, x)), -100, {}))));
  }
  if (should_record(x, target)) losses = record<BceLoss>(losses.array(), {&x, &target}, x, target);
  return reduce_losses(losses, reduction);
}

Tensor kl_div(const Tensor& x, const Tensor& target, bool log_target, Reduction reduction) {
  check_pair("kl_div", x, target);
  if (log_target) return reduce_losses(mul(exp(target), sub(target, x)), reduction);
  // The smallest normal number stands for 0 under the logarithm, which t then multiplies away.
  const double least = target.dtype() == DType::float64 ? 2.2250738585072014e-308 : 1.17549435e-38;
  return reduce_losses(mul(target, sub(log(clamp(target, least, {})), x)), reduction);
}

Tensor cosine_similarity(const Tensor& a, const Tensor& b, std::int64_t dim, double eps) {
  const Shape shape = broadcast_shapes("cosine_similarity", a.shape(), b.shape());
  const Dims d{wrap_dim("cosine_similarity", dim, shape.rank())};
  const Tensor u = a.shape() == shape ? a : expand(a, shape), v = b.shape() == shape ? b : expand(b, shape);
  return div(sum(mul(u, v), d), mul(clamp(norm(u, 2, d), eps, {}), clamp(norm(v, 2, d), eps, {})));
}

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
  Tensor tail = softplus(neg(x), 1, std::numeric_limits<double>::infinity());  // no linear shortcut
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
  return reduce_losses(losses, o.reduction);
}

}  // namespace eg
