// Pooling. Maxima are picked by their places, as gather picks; means are a linear map and its transpose.
#include <eigengrad/autograd/ops/pool.h>
#include <eigengrad/autograd/detail/places.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/pool.h>

namespace eg {
using detail::record;
using detail::should_record;
using kernels::PoolAxis;

namespace {

struct Windows {
  const char* op;
  bool plane = false;  // two dimensions
  PoolAxis h = {}, w = {};
  bool count_padding = true;

  Shape result(Shape x) const { return with_sizes(x, h.out, w.out); }
  Shape input(Shape y) const { return with_sizes(y, h.in, w.in); }

 private:
  Shape with_sizes(Shape s, std::int64_t height, std::int64_t width) const {
    s[s.rank() - 1] = width;
    if (plane) s[s.rank() - 2] = height;
    return s;
  }
};

Tensor means(const Tensor& x, const Windows& p);
Tensor spread(const Tensor& g, const Windows& p);

// y = mean of each window      dx = g / size of the window, added to its places
struct AvgPool final : Node {
  Windows p;
  explicit AvgPool(const Windows& windows) : p(windows) {}
  const char* name() const noexcept override { return p.op; }
  void backward(Tensor g, Grads grads) override { grads[0] = spread(g, p); }
};

struct AvgPoolGrad final : Node {
  Windows p;
  explicit AvgPoolGrad(const Windows& windows) : p(windows) {}
  const char* name() const noexcept override { return "avg_pool_grad"; }
  void backward(Tensor g, Grads grads) override { grads[0] = means(g, p); }
};

Tensor means(const Tensor& x, const Windows& p) {
  Array out = kernels::avg_pool(x.array(), p.h, p.w, p.result(x.shape()), p.count_padding);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<AvgPool>(std::move(out), {&x}, p);
}

Tensor spread(const Tensor& g, const Windows& p) {
  Array out = kernels::avg_pool_grad(g.array(), p.h, p.w, p.input(g.shape()), p.count_padding);
  if (!should_record(g)) return Tensor(std::move(out));
  return record<AvgPoolGrad>(std::move(out), {&g}, p);
}

// The picking node works on one dimension, so a plane counts as one.
ValuesIndices largest(const Tensor& in, const Windows& p, bool indices) {
  const Tensor x = p.plane ? flatten(in, -2, -1) : in;
  const bool wanted = should_record(x);
  kernels::Pooled r = kernels::max_pool(x.array(), p.h, p.w, p.result(in.shape()), indices || wanted);
  const Tensor places = r.indices.defined() ? Tensor(r.indices) : Tensor();
  if (!wanted) return {Tensor(std::move(r.values)), indices ? places : Tensor()};
  const int last = x.dim() - 1;
  if (!p.plane) return {detail::picked(p.op, x, last, places, std::move(r.values)), indices ? places : Tensor()};
  const Shape shape = r.values.shape();
  Shape line = x.shape();
  line[last] = p.h.out * p.w.out;
  const Tensor y = detail::picked(p.op, x, last, reshape(places, line), r.values.view(line, contiguous_strides(line)));
  return {reshape(y, shape), indices ? places : Tensor()};
}

void check(const char* op, const Tensor& x, bool plane) {
  if (!is_floating(x.dtype())) fail<DTypeError>(op, "expected floating-point numbers, got {}; convert with to()", x.dtype());
  if (plane ? x.dim() != 4 && x.dim() != 3 : x.dim() != 3 && x.dim() != 2)
    fail<ShapeError>(op, "expected [{}] or [{}], got {}", plane ? "N, C, H, W" : "N, C, L", plane ? "C, H, W" : "C, L", x.shape());
}

// Windows over dimension d.
PoolAxis axis(const char* op, const Tensor& x, int d, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
              std::int64_t dilation, bool ceil_mode) {
  constexpr std::int64_t most = std::int64_t{1} << 30;
  const std::int64_t step = stride == 0 ? kernel : stride, in = x.shape()[d];
  if (kernel < 1 || step < 1 || dilation < 1 || kernel > most || step > most || dilation > most)
    fail<ValueError>(op, "expected kernel, stride and dilation from 1 to 2^30, got {}, {} and {}", kernel, step, dilation);
  if (padding < 0 || padding > kernel / 2)
    fail<ValueError>(op, "expected a padding from 0 to half the kernel, got {} for kernel {}", padding, kernel);
  const std::int64_t room = in + 2 * padding - dilation * (kernel - 1) - 1 + (ceil_mode ? step - 1 : 0);
  std::int64_t out = room < 0 ? 0 : room / step + 1;
  if (out > 0 && (out - 1) * step >= in + padding) --out;
  PoolAxis a{.in = in, .out = out, .kernel = kernel, .stride = step, .padding = padding, .dilation = dilation};
  // With a dilation all places of a window may fall into the padding.
  bool empty = in < 1 || out < 1;
  for (std::int64_t o = 0; dilation > 1 && o < out && !empty; ++o) empty = a.begin(o) >= in;
  if (empty)
    fail<ShapeError>(op, "expected a larger size along dimension {} for kernel {}, stride {}, padding {}, dilation {}, got {}", d,
                     kernel, step, padding, dilation, x.shape());
  return a;
}

PoolAxis adaptive_axis(const char* op, const Tensor& x, int d, std::int64_t size) {
  const std::int64_t in = x.shape()[d];
  if (size < 1) fail<ValueError>(op, "expected an output size of 1 or more, got {}", size);
  if (in < 1) fail<ShapeError>(op, "expected at least one place along dimension {}, got {}", d, x.shape());
  return {.in = in, .out = size, .adaptive = true};
}

ValuesIndices max_1d(const char* op, const Tensor& x, std::int64_t k, const MaxPool1dArgs& a, bool indices) {
  check(op, x, false);
  return largest(x, {.op = op, .w = axis(op, x, x.dim() - 1, k, a.stride, a.padding, a.dilation, a.ceil_mode)}, indices);
}

ValuesIndices max_2d(const char* op, const Tensor& x, Pair k, const MaxPool2dArgs& a, bool indices) {
  check(op, x, true);
  return largest(x, {.op = op, .plane = true,
                     .h = axis(op, x, x.dim() - 2, k.h, a.stride.h, a.padding.h, a.dilation.h, a.ceil_mode),
                     .w = axis(op, x, x.dim() - 1, k.w, a.stride.w, a.padding.w, a.dilation.w, a.ceil_mode)}, indices);
}

}  // namespace

Tensor max_pool1d(const Tensor& x, std::int64_t k, const MaxPool1dArgs& a) { return max_1d("max_pool1d", x, k, a, false).values; }
Tensor max_pool2d(const Tensor& x, Pair k, const MaxPool2dArgs& a) { return max_2d("max_pool2d", x, k, a, false).values; }
ValuesIndices max_pool1d_with_indices(const Tensor& x, std::int64_t k, const MaxPool1dArgs& a) {
  return max_1d("max_pool1d_with_indices", x, k, a, true);
}
ValuesIndices max_pool2d_with_indices(const Tensor& x, Pair k, const MaxPool2dArgs& a) {
  return max_2d("max_pool2d_with_indices", x, k, a, true);
}

Tensor avg_pool1d(const Tensor& x, std::int64_t k, const AvgPool1dArgs& a) {
  constexpr const char* op = "avg_pool1d";
  check(op, x, false);
  return means(x, {.op = op, .w = axis(op, x, x.dim() - 1, k, a.stride, a.padding, 1, a.ceil_mode),
                   .count_padding = a.count_include_pad});
}

Tensor avg_pool2d(const Tensor& x, Pair k, const AvgPool2dArgs& a) {
  constexpr const char* op = "avg_pool2d";
  check(op, x, true);
  return means(x, {.op = op, .plane = true, .h = axis(op, x, x.dim() - 2, k.h, a.stride.h, a.padding.h, 1, a.ceil_mode),
                   .w = axis(op, x, x.dim() - 1, k.w, a.stride.w, a.padding.w, 1, a.ceil_mode),
                   .count_padding = a.count_include_pad});
}

Tensor adaptive_avg_pool1d(const Tensor& x, std::int64_t size) {
  constexpr const char* op = "adaptive_avg_pool1d";
  check(op, x, false);
  return means(x, {.op = op, .w = adaptive_axis(op, x, x.dim() - 1, size)});
}

Tensor adaptive_avg_pool2d(const Tensor& x, Pair size) {
  constexpr const char* op = "adaptive_avg_pool2d";
  check(op, x, true);
  return means(x, {.op = op, .plane = true, .h = adaptive_axis(op, x, x.dim() - 2, size.h),
                   .w = adaptive_axis(op, x, x.dim() - 1, size.w)});
}

Tensor adaptive_max_pool1d(const Tensor& x, std::int64_t size) {
  constexpr const char* op = "adaptive_max_pool1d";
  check(op, x, false);
  return largest(x, {.op = op, .w = adaptive_axis(op, x, x.dim() - 1, size)}, false).values;
}

}  // namespace eg
