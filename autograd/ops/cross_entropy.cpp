// Losses over classes; declared in loss.h. Each: 1 its node  2 the public function.
#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/gather.h>
#include <eigengrad/autograd/ops/mask.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/autograd/ops/softmax.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/softmax.h>

#include <eigengrad/autograd/detail/losses.h>
#include <eigengrad/core/detail/format.h>

namespace eg {
using detail::record;
using detail::reduce_losses;
using detail::should_record;

namespace {

// Rows x [M, C], classes t [M], own = w[t] (1 - s), a = own + s/C sum w:
//   y = own (lse - x[t]) + s/C sum_c w[c] (lse - x[c])        (or sum of those / n)
//   dx = g (softmax(x) a - q)        q = own at t, and s/C w[c] everywhere        (g / n)
struct CrossEntropy final : Node {
  Saved x, t;
  Array logsum;
  kernels::CrossEntropy o;
  double n;
  CrossEntropy(const Tensor& in, const Tensor& target, Array lse, kernels::CrossEntropy options, double divisor)
      : x(in), t(target), logsum(std::move(lse)), o(std::move(options)), n(divisor) {}
  const char* name() const noexcept override { return "cross_entropy"; }
  void release() noexcept override {
    x.reset();
    t.reset();
    logsum = Array();
    o.weight = Array();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor &in = x.get(*this), &target = t.get(*this);
    if (!grad_enabled()) {
      grads[0] = Tensor(kernels::cross_entropy_grad(g.array(), 1 / n, in.array(), target.array(), logsum, o));
      return;
    }
    const kernels::CrossEntropyParts p = kernels::cross_entropy_parts(in.array(), target.array(), o);
    const Tensor scale = div(g.dim() ? unsqueeze(g, 1) : g, n);
    grads[0] = mul(sub(mul(softmax(in, 1), Tensor(p.a)), Tensor(p.q)), scale);
  }
};

void check_classes(const char* op, const Tensor& x, const Tensor& target, const CrossEntropyOptions& o) {
  if (!is_floating(x.dtype()))
    fail<DTypeError>(op, "expected floating-point predictions, got {} of type {}; convert with to(float32)", x.shape(), x.dtype());
  if (x.dim() == 0) fail<ShapeError>(op, "expected predictions [N, C, ...] or [C], got a scalar");
  const std::int64_t c = x.size(x.dim() > 1 ? 1 : 0);
  if (o.weight.defined() && !(o.weight.shape() == Shape{c}))
    fail<ShapeError>(op, "expected one weight a class, [{}], got {}", c, o.weight.shape());
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1))
    fail<ValueError>(op, "expected label_smoothing in [0, 1], got {}", o.label_smoothing);
  if (is_floating(target.dtype())) return;
  if (target.dtype() != DType::int64)
    fail<DTypeError>(op, "expected a target of classes, int64, got {}; convert with to(int64)", target.dtype());
  Shape expected = x.shape();
  expected.erase(x.dim() > 1 ? 1 : 0);
  if (!(target.shape() == expected))
    fail<ShapeError>(op, "expected a target {} of classes for predictions {}, got {}", expected, x.shape(), target.shape());
}

/// [N, C, ...] or [C] as rows [M, C].
Tensor rows_of(const Tensor& x) {
  if (x.dim() == 1) return unsqueeze(x, 0);
  if (x.dim() == 2) return x;
  return reshape(movedim(x, {1}, {-1}), {x.numel() / std::max<std::int64_t>(1, x.size(1)), x.size(1)});
}

}  // namespace

Tensor cross_entropy(const Tensor& x, const Tensor& target, const CrossEntropyOptions& o) {
  check_classes("cross_entropy", x, target, o);
  const int axis = x.dim() > 1 ? 1 : 0;
  const double classes = static_cast<double>(x.size(axis));
  if (is_floating(target.dtype())) {
    if (!(target.shape() == x.shape()))
      fail<ShapeError>("cross_entropy", "expected probabilities of the prediction's shape {}, got {}", x.shape(), target.shape());
    Tensor t = target;
    if (o.label_smoothing != 0) t = add(mul(t, 1 - o.label_smoothing), o.label_smoothing / classes);
    Tensor terms = mul(t, log_softmax(x, axis));
    if (o.weight.defined()) {
      Shape column = Shape::filled(x.dim(), 1);
      column[axis] = o.weight.numel();
      terms = mul(terms, reshape(o.weight, column));
    }
    return reduce_losses(neg(sum(terms, {axis})), o.reduction);
  }
  const Tensor rows = rows_of(x), t = reshape(contiguous(target), {target.numel()});
  kernels::CrossEntropy k{.weight = {}, .smoothing = o.label_smoothing, .ignore = o.ignore_index};
  if (o.weight.defined()) k.weight = kernels::contiguous(o.weight.to(x.dtype()).array());
  const Tensor in = contiguous(rows);
  kernels::CrossEntropyResult r = kernels::cross_entropy(in.array(), t.array(), k);
  const bool each = o.reduction == Reduction::none;
  const double n = o.reduction == Reduction::mean ? r.weight : 1;
  Array out = each ? r.losses : kernels::full({}, x.dtype(), r.total / n);
  if (!should_record(in)) return each ? reshape(Tensor(std::move(out)), target.shape()) : Tensor(std::move(out));
  Tensor y = record<CrossEntropy>(std::move(out), {&in}, in, t, std::move(r.logsum), std::move(k), n);
  return each ? reshape(y, target.shape()) : y;
}

Tensor nll_loss(const Tensor& x, const Tensor& target, const CrossEntropyOptions& o) {
  check_classes("nll_loss", x, target, o);
  if (is_floating(target.dtype()))
    fail<DTypeError>("nll_loss", "expected a target of classes, int64, got {}; convert with to(int64)", target.dtype());
  const Tensor rows = rows_of(x), t = reshape(contiguous(target), {target.numel()});
  const std::int64_t c = rows.size(1);
  // The weight of each row's class, 0 for those that do not count.
  Array weights(t.shape(), x.dtype()), places = kernels::copy(t.array());
  const Array w = o.weight.defined() ? kernels::cast(o.weight.array(), DType::float64) : kernels::full({c}, DType::float64, 1);
  Array exact(t.shape(), DType::float64);
  double total = 0;
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    std::int64_t& k = places.data<std::int64_t>()[i];
    const bool counts = k != o.ignore_index;
    if (counts && (k < 0 || k >= c))
      fail<IndexError>("nll_loss", "expected classes in [0, {}), got {} at place {} of the target", c, k, i);
    if (!counts) k = 0;
    total += exact.data<double>()[i] = counts ? w.data<double>()[k] : 0;
  }
  kernels::copy_into(weights, exact);
  const Tensor picked = reshape(gather(rows, 1, reshape(Tensor(places), {t.numel(), 1})), {t.numel()});
  // where, not a product: an infinity at a row that does not count stays out.
  const Tensor factor(weights);
  const Tensor losses = where(Tensor(kernels::cast(weights, DType::boolean)), neg(mul(picked, factor)), 0);
  if (o.reduction == Reduction::none) return reshape(losses, target.shape());
  const Tensor s = sum(losses);
  return o.reduction == Reduction::sum ? s : div(s, total);
}

}  // namespace eg
