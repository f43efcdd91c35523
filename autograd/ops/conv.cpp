// Convolutions.
//
// Note [Three products of a convolution]
// conv(x, w), its transpose transposed(g, w), and correlation(x, g) are the three ways to contract two of (x, w, g) in
// the form  sum w[o,c,j] x[n,c,l+j] g[n,o,l].  The gradient of any one of them is made of the other two, so the three
// nodes below are closed under differentiation:
//   y  = conv(x, w):          dx = transposed(g, w)     dw = correlation(x, g)
//   x' = transposed(g, w):    dg = conv(v, w)           dw = correlation(v, g)        v the gradient of x'
//   w' = correlation(x, g):   dx = transposed(g, u)     dg = conv(x, u)               u the gradient of w'
// A transposed convolution is `transposed` with its input in the place of g.
#include <eigengrad/autograd/ops/conv.h>
#include <eigengrad/autograd/detail/typed.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/conv.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/element_type.h>

namespace eg {
using detail::contiguous_or_none;
using detail::data_or_null;
using detail::record;
using detail::should_record;
using kernels::ConvShape;

namespace {

// Everything below works on four-dimensional sizes; arrays keep the rank the caller has (3 or 4).
struct Geometry {
  ConvShape s;
  bool flat;  // one spatial dimension
  Shape x() const { return flat ? Shape{s.n, s.c_in, s.w_in} : Shape{s.n, s.c_in, s.h_in, s.w_in}; }
  Shape y() const { return flat ? Shape{s.n, s.c_out, s.w_out} : Shape{s.n, s.c_out, s.h_out, s.w_out}; }
  Shape w() const {
    const std::int64_t c = s.c_in / s.groups;
    return flat ? Shape{s.c_out, c, s.kernel_w} : Shape{s.c_out, c, s.kernel_h, s.kernel_w};
  }
  Dims sum_dims() const { return flat ? Dims{0, 2} : Dims{0, 2, 3}; }
};

Tensor conv(const Geometry& c, const Tensor& x, const Tensor& w, const Tensor& bias);
Tensor transposed(const Geometry& c, const Tensor& g, const Tensor& w, const Tensor& bias);
Tensor correlation(const Geometry& c, const Tensor& x, const Tensor& g);

Tensor bias_grad(const Geometry& c, const Tensor& g) { return sum(g, c.sum_dims()); }

struct Conv final : Node {
  Geometry c;
  const char* op;
  Saved x, w;
  Conv(const Geometry& geometry, const Tensor& in, const Tensor& weight)
      : c(geometry), op(geometry.flat ? "conv1d" : "conv2d") {
    if (weight.requires_grad()) x = in;
    if (in.requires_grad()) w = weight;
  }
  const char* name() const noexcept override { return op; }
  void release() noexcept override {
    x.reset();
    w.reset();
  }
  void backward(Tensor g, Grads grads) override {
    if (needs(0)) grads[0] = transposed(c, g, w.get(*this), {});
    if (needs(1)) grads[1] = correlation(c, x.get(*this), g);
    if (needs(2)) grads[2] = bias_grad(c, g);
  }
};

struct Transposed final : Node {
  Geometry c;
  const char* op;
  Saved g, w;
  Transposed(const Geometry& geometry, const Tensor& in, const Tensor& weight)
      : c(geometry), op(geometry.flat ? "conv_transpose1d" : "conv_transpose2d") {
    if (weight.requires_grad()) g = in;
    if (in.requires_grad()) w = weight;
  }
  const char* name() const noexcept override { return op; }
  void release() noexcept override {
    g.reset();
    w.reset();
  }
  void backward(Tensor v, Grads grads) override {
    if (needs(0)) grads[0] = conv(c, v, w.get(*this), {});
    if (needs(1)) grads[1] = correlation(c, v, g.get(*this));
    if (needs(2)) grads[2] = bias_grad(c, v);
  }
};

struct Correlation final : Node {
  Geometry c;
  Saved x, g;
  Correlation(const Geometry& geometry, const Tensor& in, const Tensor& grad) : c(geometry) {
    if (grad.requires_grad()) x = in;
    if (in.requires_grad()) g = grad;
  }
  const char* name() const noexcept override { return c.flat ? "conv1d_weight_grad" : "conv2d_weight_grad"; }
  void release() noexcept override {
    x.reset();
    g.reset();
  }
  void backward(Tensor u, Grads grads) override {
    if (needs(0)) grads[0] = transposed(c, g.get(*this), u, {});
    if (needs(1)) grads[1] = conv(c, x.get(*this), u, {});
  }
};

Tensor conv(const Geometry& c, const Tensor& x, const Tensor& w, const Tensor& bias) {
  const Array xa = kernels::contiguous(x.array()), wa = kernels::contiguous(w.array()), ba = contiguous_or_none(bias);
  Array y(c.y(), x.dtype());
  kernels::for_floating(x.dtype(), [&]<class T>(T*) {
    kernels::conv_forward<T>(c.s, xa.data<T>(), wa.data<T>(), data_or_null<T>(ba), y.data<T>());
  });
  if (!should_record(x, w, bias)) return Tensor(std::move(y));
  return record<Conv>(std::move(y), {&x, &w, &bias}, c, x, w);
}

Tensor transposed(const Geometry& c, const Tensor& g, const Tensor& w, const Tensor& bias) {
  const Array ga = kernels::contiguous(g.array()), wa = kernels::contiguous(w.array()), ba = contiguous_or_none(bias);
  Array x(c.x(), g.dtype());
  kernels::for_floating(g.dtype(), [&]<class T>(T*) {
    kernels::conv_input_grad<T>(c.s, ga.data<T>(), wa.data<T>(), data_or_null<T>(ba), x.data<T>());
  });
  if (!should_record(g, w, bias)) return Tensor(std::move(x));
  return record<Transposed>(std::move(x), {&g, &w, &bias}, c, g, w);
}

Tensor correlation(const Geometry& c, const Tensor& x, const Tensor& g) {
  const Array xa = kernels::contiguous(x.array()), ga = kernels::contiguous(g.array());
  Array w(c.w(), x.dtype());
  kernels::for_floating(x.dtype(), [&]<class T>(T*) { kernels::conv_weight_grad<T>(c.s, xa.data<T>(), ga.data<T>(), w.data<T>()); });
  if (!should_record(x, g)) return Tensor(std::move(w));
  return record<Correlation>(std::move(w), {&x, &g}, c, x, g);
}

// --- checks -----------------------------------------------------------------------------------------------------------

struct Axis { std::int64_t stride, padding, output_padding, dilation; };

void check_axis(const char* op, const Axis& a) {
  if (a.stride < 1 || a.dilation < 1) fail<ValueError>(op, "expected stride and dilation >= 1, got {} and {}", a.stride, a.dilation);
  if (a.padding < 0) fail<ValueError>(op, "expected padding >= 0, got {}", a.padding);
  if (a.output_padding < 0 || (a.output_padding != 0 && a.output_padding >= std::max(a.stride, a.dilation)))
    fail<ValueError>(op, "expected 0 <= output_padding < max(stride, dilation), got {}", a.output_padding);
}

void check_tensors(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias, bool flat) {
  const int rank = flat ? 3 : 4;
  if (w.dim() != rank || (x.dim() != rank && x.dim() != rank - 1))
    fail<ShapeError>(op, "expected x {} and weight {}, got {} and {}", flat ? "[N, C, L] or [C, L]" : "[N, C, H, W] or [C, H, W]",
                     flat ? "[C, C / groups, k]" : "[C, C / groups, kh, kw]", x.shape(), w.shape());
  const DType t = x.dtype();
  if (!is_floating(t) || w.dtype() != t || (bias.defined() && bias.dtype() != t))
    fail<DTypeError>(op, "expected x, weight and bias of one floating-point type, got {}, {}{}", t, w.dtype(),
                     bias.defined() ? fmt::format(", {}", bias.dtype()) : "");
}

void check_channels(const char* op, const Tensor& x, int axis, std::int64_t expected, std::int64_t groups, const Tensor& w) {
  if (x.shape()[axis] != expected)
    fail<ShapeError>(op, "expected {} channels at axis {} of x (weight {}, groups {}), got x {}", expected, axis, w.shape(), groups,
                     x.shape());
}

void check_bias(const char* op, const Tensor& bias, std::int64_t channels) {
  if (bias.defined() && !(bias.shape() == Shape{channels}))
    fail<ShapeError>(op, "expected a bias of shape [{}], got {}", channels, bias.shape());
}

// Sizes of x [.., C, H, W] or [.., C, L] in four dimensions.
struct Sizes { std::int64_t n, h, w; };
Sizes sizes(const Tensor& x, bool flat) {
  const int r = x.dim();
  const bool batched = r == (flat ? 3 : 4);
  return {batched ? x.shape()[0] : 1, flat ? 1 : x.shape()[r - 2], x.shape()[r - 1]};
}

std::int64_t output_size(const char* op, std::int64_t in, std::int64_t kernel, const Axis& a, const Tensor& x) {
  const std::int64_t reach = a.dilation * (kernel - 1) + 1, room = in + 2 * a.padding - reach;
  if (kernel < 1 || room < 0)
    fail<ShapeError>(op, "expected an input of at least {} along each axis (kernel {}, dilation {}, padding {}), got {}",
                     reach - 2 * a.padding, kernel, a.dilation, a.padding, x.shape());
  return room / a.stride + 1;
}

// Drops the batch dimension of an unbatched call.
Tensor unbatched(const Tensor& y, bool drop) {
  if (!drop) return y;
  Shape s = y.shape();
  s.erase(0);
  return reshape(y, s);
}

Tensor convolve(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias, Axis h, Axis l, std::int64_t groups, bool flat) {
  check_tensors(op, x, w, bias, flat);
  check_axis(op, h);
  check_axis(op, l);
  const std::int64_t c_out = w.shape()[0];
  if (groups < 1 || c_out % groups != 0) fail<ValueError>(op, "expected groups >= 1 that divide {} output channels, got {}", c_out, groups);
  const int axis = x.dim() - (flat ? 2 : 3);
  check_channels(op, x, axis, w.shape()[1] * groups, groups, w);
  check_bias(op, bias, c_out);
  const Sizes in = sizes(x, flat);
  const std::int64_t kh = flat ? 1 : w.shape()[2], kw = w.shape().back();
  Geometry c{{.n = in.n, .c_in = x.shape()[axis], .c_out = c_out, .h_in = in.h, .w_in = in.w,
              .h_out = output_size(op, in.h, kh, h, x), .w_out = output_size(op, in.w, kw, l, x), .kernel_h = kh, .kernel_w = kw,
              .stride_h = h.stride, .stride_w = l.stride, .padding_h = h.padding, .padding_w = l.padding,
              .dilation_h = h.dilation, .dilation_w = l.dilation, .groups = groups}, flat};
  return unbatched(conv(c, reshape(x, c.x()), w, bias), axis == 0);
}

Tensor convolve_transposed(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias, Axis h, Axis l, std::int64_t groups, bool flat) {
  check_tensors(op, x, w, bias, flat);
  check_axis(op, h);
  check_axis(op, l);
  const std::int64_t c_in = w.shape()[0], c_out = w.shape()[1] * groups;
  if (groups < 1 || c_in % groups != 0) fail<ValueError>(op, "expected groups >= 1 that divide {} input channels, got {}", c_in, groups);
  const int axis = x.dim() - (flat ? 2 : 3);
  check_channels(op, x, axis, c_in, groups, w);
  check_bias(op, bias, c_out);
  const Sizes in = sizes(x, flat);
  const std::int64_t kh = flat ? 1 : w.shape()[2], kw = w.shape().back();
  auto size = [&](std::int64_t n, std::int64_t k, const Axis& a) {
    const std::int64_t out = (n - 1) * a.stride - 2 * a.padding + a.dilation * (k - 1) + a.output_padding + 1;
    if (k < 1 || n < 1 || out < 1)
      fail<ShapeError>(op, "expected sizes that give an output of at least 1, got input {} and weight {} (padding {})", x.shape(),
                       w.shape(), a.padding);
    return out;
  };
  // The convolution of which this is the transpose: from c_out channels to c_in.
  Geometry c{{.n = in.n, .c_in = c_out, .c_out = c_in, .h_in = flat ? 1 : size(in.h, kh, h), .w_in = size(in.w, kw, l),
              .h_out = in.h, .w_out = in.w, .kernel_h = kh, .kernel_w = kw,
              .stride_h = h.stride, .stride_w = l.stride, .padding_h = h.padding, .padding_w = l.padding,
              .dilation_h = h.dilation, .dilation_w = l.dilation, .groups = groups}, flat};
  return unbatched(transposed(c, reshape(x, c.y()), w, bias), axis == 0);
}

constexpr Axis none{1, 0, 0, 1};

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& w, const Tensor& b, const Conv1dArgs& a) {
  return convolve("conv1d", x, w, b, none, {a.stride, a.padding, 0, a.dilation}, a.groups, true);
}
Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, const Conv2dArgs& a) {
  return convolve("conv2d", x, w, b, {a.stride.h, a.padding.h, 0, a.dilation.h}, {a.stride.w, a.padding.w, 0, a.dilation.w},
                 a.groups, false);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& w, const Tensor& b, const ConvTranspose1dArgs& a) {
  return convolve_transposed("conv_transpose1d", x, w, b, none, {a.stride, a.padding, a.output_padding, a.dilation}, a.groups, true);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& w, const Tensor& b, const ConvTranspose2dArgs& a) {
  return convolve_transposed("conv_transpose2d", x, w, b, {a.stride.h, a.padding.h, a.output_padding.h, a.dilation.h},
                  {a.stride.w, a.padding.w, a.output_padding.w, a.dilation.w}, a.groups, false);
}

}  // namespace eg
