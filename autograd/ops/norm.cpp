// Normalization.  1 layouts  2 the function as an expression  3 nodes  4 public functions
//
// Note [Norm gradients]      sums and means over the elements that share statistics;  g = dL/dy
//   mu = mean(x)   r = 1 / sqrt(mean((x - mu)^2) + eps)   xh = (x - mu) r   y = w xh + b
//   db = sum g     dw = sum g xh     dx = r (w g - mean(w g) - xh mean(w g xh))
// The kernels compute this with the saved mu and r. The expressions below rebuild mu and r from x: with saved statistics
// the first order would be right and the second wrong.
#include <eigengrad/autograd/ops/norm.h>
#include <eigengrad/autograd/detail/expression.h>
#include <eigengrad/autograd/detail/typed.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/math.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/element_type.h>
#include <eigengrad/core/kernels/normalize.h>

#include <cmath>

namespace eg {
using detail::contiguous_or_none;
using detail::data_or_null;
using detail::record;
using detail::should_record;

namespace {

// --- 1 layouts -------------------------------------------------------------------------------------------------------
enum class Kind { group, batch, layer, rms, fixed };

/// x seen as [N, C, L] (layer, rms: [rows, 1, values]).
struct Layout {
  Kind kind;
  std::int64_t N, C, L, groups;
  double eps;

  bool per_element() const { return kind == Kind::layer || kind == Kind::rms; }
  std::int64_t rows() const { return kind == Kind::group ? N * groups : kind == Kind::batch || kind == Kind::fixed ? C : N; }
  std::int64_t values() const {
    return kind == Kind::group ? C / groups * L : kind == Kind::batch ? N * L : kind == Kind::fixed ? 0 : L;
  }
  bool instance() const { return kind == Kind::group && groups == C; }
  /// Where statistics are shared: the shape x is given for the expression, and the dimensions to average over.
  Shape grouped() const { return kind == Kind::group ? Shape{N, groups, C / groups * L} : Shape{N, C, L}; }
  Dims shared() const { return kind == Kind::batch ? Dims{0, 2} : Dims{2}; }
  Shape flat() const { return {N, C, L}; }
  /// weight and bias as they broadcast to flat(), and the dimensions their gradients sum over.
  Shape parameter() const { return per_element() ? Shape{1, 1, L} : Shape{1, C, 1}; }
  Dims parameter_dims() const { return per_element() ? Dims{0, 1} : Dims{0, 2}; }
};

// --- 2 the function as an expression ---------------------------------------------------------------------------------
struct Normalized { Tensor xh, rstd; };  // both in the shape layout.grouped() broadcasts to

Normalized normalized(const Layout& s, const Tensor& x) {
  const Tensor grouped = reshape(x, s.grouped());
  const Dims shared = s.shared();
  const Tensor centred = s.kind == Kind::rms ? grouped : grouped - mean(grouped, shared, true);
  const Tensor rstd = rsqrt(mean(centred * centred, shared, true) + s.eps);
  return {centred * rstd, rstd};
}

Tensor scaled(const Layout& s, const Tensor& x, const Tensor& w) { return w.defined() ? x * reshape(w, s.parameter()) : x; }

/// y, in the shape of flat().
Tensor expression(const Layout& s, const Tensor& x, const Tensor& w, const Tensor& b) {
  const Tensor y = scaled(s, reshape(normalized(s, x).xh, s.flat()), w);
  return b.defined() ? y + reshape(b, s.parameter()) : y;
}

/// dx, in the shape of flat().
Tensor input_gradient(const Layout& s, const Tensor& g, const Tensor& x, const Tensor& w) {
  const auto [xh, rstd] = normalized(s, x);
  const Dims shared = s.shared();
  const Tensor wg = reshape(scaled(s, g, w), s.grouped());
  return reshape(rstd * (wg - mean(wg, shared, true) - xh * mean(wg * xh, shared, true)), s.flat());
}

// --- 3 nodes -----------------------------------------------------------------------------------------------------------

/// Mean and reciprocal standard deviation of each row, as the kernels left them.
struct Stats { Array mean, rstd; };

// dx of instance norm as a function of (g, x, w): what a gradient penalty differentiates.
struct InstanceNormGrad final : Node {
  Layout s;
  Saved g, x, w;
  Stats stats;
  InstanceNormGrad(const Layout& layout, const Tensor& grad, const Tensor& in, const Tensor& weight, Stats st)
      : s(layout), g(grad), x(in), w(weight), stats(std::move(st)) {}
  const char* name() const noexcept override { return "instance_norm_grad"; }
  void release() noexcept override {
    g.reset();
    x.reset();
    w.reset();
    stats = {};
  }
  void backward(Tensor v, Grads grads) override {
    const Tensor none;
    const Tensor &gt = g.get(*this), &xt = x.get(*this), &wt = w.defined() ? w.get(*this) : none;
    if (grad_enabled()) {
      return detail::backward_of_expression(*this, {gt, xt, wt}, v, grads, [this](const std::vector<Tensor>& in) {
        return input_gradient(s, in[0], in[1], in[2]);
      });
    }
    const Array va = kernels::contiguous(v.array()), ga = kernels::contiguous(gt.array()), xa = kernels::contiguous(xt.array());
    const Array wa = contiguous_or_none(wt);
    Array dx(s.flat(), v.dtype()), dg(s.flat(), v.dtype()), dw = needs(2) ? Array({s.C}, v.dtype()) : Array();
    kernels::for_floating(v.dtype(), [&]<class T>(T*) {
      kernels::instance_norm_double_backward<T>(s.N, s.C, s.L, va.data<T>(), nullptr, nullptr, ga.data<T>(), xa.data<T>(),
                                                stats.mean.data<double>(), stats.rstd.data<double>(), data_or_null<T>(wa),
                                                dx.data<T>(), dg.data<T>(), data_or_null<T>(dw));
    });
    grads[0] = Tensor(std::move(dg));
    grads[1] = Tensor(std::move(dx));
    if (dw.defined()) grads[2] = Tensor(std::move(dw));
  }
};

struct Norm final : Node {
  Layout s;
  const char* op;
  Saved x, w;
  Stats stats;
  Shape weight_shape;
  Norm(const Layout& layout, const char* function, const Tensor& in, const Tensor& weight, Stats st)
      : s(layout), op(function), x(in), w(weight), stats(std::move(st)) {
    if (weight.defined()) weight_shape = weight.shape();
  }
  const char* name() const noexcept override { return op; }
  void release() noexcept override {
    x.reset();
    w.reset();
    stats = {};
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor none;
    const Tensor &xt = x.get(*this), &wt = w.defined() ? w.get(*this) : none;
    if (grad_enabled()) recorded(g, xt, wt, grads);
    else fused(std::move(g), xt, wt, grads);
  }

 private:
  void recorded(const Tensor& g, const Tensor& xt, const Tensor& wt, Grads grads) {
    if (needs(0)) {
      if (s.kind == Kind::fixed) {
        const Array rstd = kernels::cast(stats.rstd, g.dtype());
        grads[0] = scaled(s, g, wt) * reshape(Tensor(rstd), s.parameter());
      } else if (s.instance()) {
        grads[0] = instance_gradient(g, xt, wt);
      } else {
        // x's gradient comes from the expression; those of weight and bias are simpler below.
        const Tensor in = detail::alias(xt);
        grads[0] = detail::grad_within(expression(s, in, wt, {}), {in}, g)[0];
      }
    }
    if (needs(1)) grads[1] = reshape(sum(g * reshape(unit(xt), s.flat()), s.parameter_dims()), weight_shape);
    if (needs(2)) grads[2] = reshape(sum(g, s.parameter_dims()), input(2)->shape());
  }

  Tensor unit(const Tensor& xt) const {
    if (s.kind != Kind::fixed) return normalized(s, xt).xh;
    const Tensor mean(kernels::cast(stats.mean, xt.dtype())), rstd(kernels::cast(stats.rstd, xt.dtype()));
    return (xt - reshape(mean, s.parameter())) * reshape(rstd, s.parameter());
  }

  Tensor instance_gradient(const Tensor& g, const Tensor& xt, const Tensor& wt) {
    const Array ga = kernels::contiguous(g.array()), xa = kernels::contiguous(xt.array()), wa = contiguous_or_none(wt);
    Array dx(s.flat(), g.dtype());
    kernels::for_floating(g.dtype(), [&]<class T>(T*) { run<T>(ga, xa, wa, dx.data<T>(), nullptr, nullptr); });
    if (!should_record(g, xt, wt)) return Tensor(std::move(dx));
    return record<InstanceNormGrad>(std::move(dx), {&g, &xt, &wt}, s, g, xt, wt, stats);
  }

  void fused(Tensor g, const Tensor& xt, const Tensor& wt, Grads grads) {
    const DType t = g.dtype();
    const bool lend = g.impl_ref().unique() && g.array().unique() && g.is_contiguous();
    const Array ga = kernels::contiguous(g.array()), xa = kernels::contiguous(xt.array()), wa = contiguous_or_none(wt);
    Array dx = !needs(0) ? Array() : lend ? ga : Array(s.flat(), t);
    Array dw = needs(1) ? Array(weight_shape, t) : Array(), db = needs(2) ? Array(input(2)->shape(), t) : Array();
    kernels::for_floating(t, [&]<class T>(T*) { run<T>(ga, xa, wa, data_or_null<T>(dx), data_or_null<T>(dw), data_or_null<T>(db)); });
    if (dx.defined()) grads[0] = Tensor(std::move(dx));
    if (dw.defined()) grads[1] = Tensor(std::move(dw));
    if (db.defined()) grads[2] = Tensor(std::move(db));
  }

  template <class T> void run(const Array& g, const Array& x_in, const Array& weight, T* dx, T* dw, T* db) const {
    const double *m = stats.mean.data<double>(), *r = stats.rstd.data<double>();
    const T *gp = g.data<T>(), *xp = x_in.data<T>(), *wp = data_or_null<T>(weight);
    switch (s.kind) {
      case Kind::group: return kernels::group_norm_backward<T>({s.N, s.C, s.L, s.groups}, gp, xp, m, r, wp, dx, dw, db);
      case Kind::batch: return kernels::batch_norm_backward<T>(s.N, s.C, s.L, gp, xp, m, r, wp, dx, dw, db);
      case Kind::fixed: return kernels::channel_affine_backward<T>(s.N, s.C, s.L, gp, xp, m, r, wp, dx, dw, db);
      default: return kernels::layer_norm_backward<T>(s.N, s.L, gp, xp, m, r, wp, s.kind == Kind::layer, dx, dw, db);
    }
  }
};

// --- 4 public functions ------------------------------------------------------------------------------------------------
void check_parameter(const char* op, const char* what, const Tensor& p, const Shape& expected, DType t) {
  if (!p.defined()) return;
  if (!(p.shape() == expected)) fail<ShapeError>(op, "expected a {} of shape {}, got {}", what, expected, p.shape());
  if (p.dtype() != t) fail<DTypeError>(op, "expected a {} of the input's type {}, got {}; convert with to()", what, t, p.dtype());
}

void check_input(const char* op, const Tensor& x, double eps) {
  if (!is_floating(x.dtype())) fail<DTypeError>(op, "expected floating-point input, got {}; convert with to(float32)", x.dtype());
  if (!(eps > 0) || !std::isfinite(eps)) fail<ValueError>(op, "expected a positive, finite eps, got {}", eps);
}

/// x [N, C, ...] as N, C and the product of the rest; [C, L] with `unbatched`.
Layout layout_of(const Tensor& x, Kind kind, double eps, bool unbatched) {
  const Shape& s = x.shape();
  Layout l{kind, unbatched ? 1 : s[0], unbatched ? s[0] : s[1], 1, 1, eps};
  for (int i = unbatched ? 1 : 2; i < s.rank(); ++i) l.L *= s[i];
  return l;
}

template <class T>
void run_forward(const Layout& s, const Array& x, const Array& w, const Array& b, Array& y, Stats& stats, double* var) {
  double *m = stats.mean.data<double>(), *r = stats.rstd.data<double>();
  const T *xp = x.data<T>(), *wp = data_or_null<T>(w), *bp = data_or_null<T>(b);
  switch (s.kind) {
    case Kind::group: return kernels::group_norm<T>({s.N, s.C, s.L, s.groups}, xp, wp, bp, s.eps, y.data<T>(), m, r, var);
    case Kind::batch: return kernels::batch_norm<T>(s.N, s.C, s.L, xp, wp, bp, s.eps, y.data<T>(), m, r, var);
    case Kind::fixed: return kernels::channel_affine<T>(s.N, s.C, s.L, xp, m, r, wp, bp, y.data<T>());
    default: return kernels::layer_norm<T>(s.N, s.L, xp, wp, bp, s.eps, s.kind == Kind::layer, y.data<T>(), m, r);
  }
}

/// Checks parameters, runs the kernel, records. `stats` holds the statistics already where the kind is fixed.
Tensor run(const char* op, const Layout& s, const Tensor& x, const Tensor& w, const Tensor& b, const Shape& parameter, Stats stats,
           BatchStats* batch) {
  check_parameter(op, "weight", w, parameter, x.dtype());
  check_parameter(op, "bias", b, parameter, x.dtype());
  if (s.kind != Kind::fixed) {
    if (x.numel() > 0 && s.values() < 2 && s.kind != Kind::rms)
      fail<ValueError>(op, "expected at least 2 values to take statistics from, got input {}, which has {} for each mean; use a "
                       "longer input or a larger batch, or eval mode with running statistics", x.shape(), s.values());
    stats = {Array({s.rows()}, DType::float64), Array({s.rows()}, DType::float64)};
  }
  Array y(x.shape(), x.dtype());
  if (x.numel() > 0) {
    const Array xa = kernels::contiguous(x.array()), wa = contiguous_or_none(w), ba = contiguous_or_none(b);
    Array var = batch ? Array({s.rows()}, DType::float64) : Array();
    kernels::for_floating(x.dtype(), [&]<class T>(T*) { run_forward<T>(s, xa, wa, ba, y, stats, data_or_null<double>(var)); });
    if (batch) {
      Array mean({s.C}, DType::float64), unbiased({s.C}, DType::float64);
      const bool each = s.kind == Kind::group;
      kernels::average_stats(each ? s.N : 1, s.C, s.values(), stats.mean.data<double>(), var.data<double>(), mean.data<double>(),
                             unbiased.data<double>());
      *batch = {Tensor(std::move(mean)), Tensor(std::move(unbiased))};
    }
  }
  if (!should_record(x, w, b)) return Tensor(std::move(y));
  // The node works on [N, C, L]; an input of another shape comes and goes through reshape.
  const Tensor flat = reshape(x, s.flat());
  const Array y3 = y.view(s.flat(), contiguous_strides(s.flat()));
  return reshape(record<Norm>(y3, {&flat, &w, &b}, s, op, flat, w, std::move(stats)), x.shape());
}

/// Number of elements of the last shape.rank() dimensions; checks that they are `shape`.
Layout last_dims(const char* op, const Tensor& x, const Shape& shape, Kind kind, double eps) {
  check_input(op, x, eps);
  const int shift = x.dim() - shape.rank();
  bool fits = shift >= 0 && shape.rank() > 0;
  for (int i = 0; fits && i < shape.rank(); ++i) fits = x.shape()[i + shift] == shape[i];
  if (!fits) fail<ShapeError>(op, "expected an input whose last dimensions are {}, got {}", shape, x.shape());
  const std::int64_t values = shape.numel();
  std::int64_t rows = 1;
  for (int i = 0; i < shift; ++i) rows *= x.shape()[i];
  return {kind, rows, 1, values, 1, eps};
}

}  // namespace

Tensor instance_norm(const Tensor& x, const Tensor& w, const Tensor& b, double eps, BatchStats* stats) {
  check_input("instance_norm", x, eps);
  if (x.dim() < 2) fail<ShapeError>("instance_norm", "expected [N, C, L...] or [C, L], got {}", x.shape());
  Layout s = layout_of(x, Kind::group, eps, x.dim() == 2);
  s.groups = s.C;
  return run("instance_norm", s, x, w, b, {s.C}, {}, stats);
}

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& w, const Tensor& b, double eps) {
  check_input("group_norm", x, eps);
  if (x.dim() < 2) fail<ShapeError>("group_norm", "expected [N, C, ...], got {}", x.shape());
  Layout s = layout_of(x, Kind::group, eps, false);
  if (groups < 1 || s.C % groups != 0)
    fail<ValueError>("group_norm", "expected groups >= 1 that divide the {} channels of {}, got {}", s.C, x.shape(), groups);
  s.groups = groups;
  return run("group_norm", s, x, w, b, {s.C}, {}, nullptr);
}

Tensor batch_norm(const Tensor& x, const Tensor& w, const Tensor& b, double eps, BatchStats* stats) {
  check_input("batch_norm", x, eps);
  if (x.dim() < 2) fail<ShapeError>("batch_norm", "expected [N, C] or [N, C, L...], got {}", x.shape());
  const Layout s = layout_of(x, Kind::batch, eps, false);
  return run("batch_norm", s, x, w, b, {s.C}, {}, stats);
}

Tensor layer_norm(const Tensor& x, const Shape& shape, const Tensor& w, const Tensor& b, double eps) {
  return run("layer_norm", last_dims("layer_norm", x, shape, Kind::layer, eps), x, w, b, shape, {}, nullptr);
}

Tensor rms_norm(const Tensor& x, const Shape& shape, const Tensor& w, double eps) {
  return run("rms_norm", last_dims("rms_norm", x, shape, Kind::rms, eps), x, w, {}, shape, {}, nullptr);
}

Tensor normalize_by(const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& w, const Tensor& b, double eps,
                    bool unbatched) {
  check_input("normalize_by", x, eps);
  if (x.dim() < 2) fail<ShapeError>("normalize_by", "expected [N, C, ...] or [C, L], got {}", x.shape());
  const Layout s = layout_of(x, Kind::fixed, eps, unbatched);
  for (const Tensor* t : {&mean, &var})
    if (!(t->shape() == Shape{s.C})) fail<ShapeError>("normalize_by", "expected statistics of shape [{}], got {}", s.C, t->shape());
  Stats stats{kernels::cast(mean.array(), DType::float64), kernels::cast(var.array(), DType::float64)};
  double* r = stats.rstd.data<double>();
  for (std::int64_t c = 0; c < s.C; ++c) r[c] = 1 / std::sqrt(r[c] + eps);
  return run("normalize_by", s, x, w, b, {s.C}, std::move(stats), nullptr);
}

}  // namespace eg
