#include <eigengrad/autograd/ops/index.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/elementwise.h>

#include <algorithm>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

// A run of places of one dimension: start + i step, i < length.
struct Run {
  int dim;
  std::int64_t start, step, length;
};

Array view_of_run(const Array& a, const Run& r) {
  Shape shape = a.shape();
  Strides strides = a.strides();
  shape[r.dim] = r.length;
  strides[r.dim] *= r.step;
  return a.view(shape, strides, r.length == 0 ? 0 : r.start * a.stride(r.dim));
}

Tensor run_of(const Tensor& x, const Run& r, const char* op);
Tensor run_into_zeros(Tensor g, const Shape& shape, const Run& r);
void add_run(Tensor& sum, const Tensor& g, const Run& r);

// Note [Gradients of parts]
// The gradient of a part is zero outside it. Written as an array of its own for each of n parts, as for the steps of a
// sequence, it would cost n times the whole. So the first part makes the zeros, and the others are added where they
// belong, in place as long as nobody else holds the sum.

// y = x at r           dx = zeros, g at r
struct Slice final : Node {
  Shape x;
  Run r;
  const char* label;
  Slice(const Shape& in, const Run& run, const char* op) : x(in), r(run), label(op) { gives_part(); }
  const char* name() const noexcept override { return label; }
  void backward(Tensor g, Grads grads) override { grads[0] = run_into_zeros(std::move(g), x, r); }
  void backward_onto(Tensor& sum, const Tensor& g) override { add_run(sum, g, r); }
};

// y = zeros, x at r    dx = g at r
struct SliceGrad final : Node {
  Run r;
  explicit SliceGrad(const Run& run) : r(run) {}
  const char* name() const noexcept override { return "slice_grad"; }
  void backward(Tensor g, Grads grads) override { grads[0] = run_of(g, r, "slice"); }
};

// y = x at one place   dx = zeros, g there
struct Select final : Node {
  Shape x;
  Run r;
  Select(const Shape& in, const Run& run) : x(in), r(run) { gives_part(); }
  const char* name() const noexcept override { return "select"; }
  void backward(Tensor g, Grads grads) override { grads[0] = run_into_zeros(unsqueeze(g, r.dim), x, r); }
  void backward_onto(Tensor& sum, const Tensor& g) override { add_run(sum, unsqueeze(g, r.dim), r); }
};

// y = x, p added at r  dx = g           dp = g at r
struct SliceAdd final : Node {
  Run r;
  explicit SliceAdd(const Run& run) : r(run) {}
  const char* name() const noexcept override { return "slice_add"; }
  void backward(Tensor g, Grads grads) override {
    if (needs(1)) grads[1] = run_of(g, r, "slice");
    if (needs(0)) grads[0] = std::move(g);
  }
};

Tensor run_of(const Tensor& x, const Run& r, const char* op) {
  if (r.length == x.shape()[r.dim] && r.step == 1) return x;
  Array out = view_of_run(x.array(), r);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Slice>(std::move(out), {&x}, x.shape(), r, op);
}

Tensor run_into_zeros(Tensor g, const Shape& shape, const Run& r) {
  Array out = kernels::full(shape, g.dtype(), 0);
  Array part = view_of_run(out, r);
  kernels::copy_into(part, g.array());
  if (!should_record(g)) return Tensor(std::move(out));
  return record<SliceGrad>(std::move(out), {&g}, r);
}

void add_run(Tensor& sum, const Tensor& g, const Run& r) {
  const bool ours = sum.impl_ref().unique() && sum.array().unique() && sum.is_contiguous();
  Array out = ours ? sum.array() : kernels::copy(sum.array());
  Array part = view_of_run(out, r);
  kernels::binary_into(kernels::Binary::add, part, g.array());
  if (should_record(sum, g)) sum = record<SliceAdd>(std::move(out), {&sum, &g}, r);
  else if (!ours) sum = Tensor(std::move(out));
}

int wrap_dim_of(const char* op, const Tensor& x, std::int64_t dim) {
  if (x.dim() == 0) fail<ShapeError>(op, "expected a tensor with dimensions, got a scalar; reshape it to [1] first");
  return wrap_dim(op, dim, x.dim());
}

}  // namespace

Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step) {
  const int d = wrap_dim_of("slice", x, dim);
  if (step < 1) fail<ValueError>("slice", "expected a step of 1 or more, got {}; use flip to go backwards", step);
  const std::int64_t n = x.shape()[d];
  const auto place = [n](std::int64_t p) { return std::clamp<std::int64_t>(p < 0 ? p + n : p, 0, n); };
  const std::int64_t first = place(start), room = std::max<std::int64_t>(place(end) - first, 0);
  return run_of(x, {d, first, step, room == 0 ? 0 : (room - 1) / step + 1}, "slice");
}

Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length) {
  const int d = wrap_dim_of("narrow", x, dim);
  const std::int64_t n = x.shape()[d], first = start < 0 ? start + n : start;
  if (first < 0 || first > n || length < 0 || length > n - first)
    fail<IndexError>("narrow", "expected places within [0, {}], the size of dimension {}, got start {} and length {}", n, d,
                     start, length);
  return run_of(x, {d, first, 1, length}, "narrow");
}

Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index) {
  const int d = wrap_dim_of("select", x, dim);
  const std::int64_t n = x.shape()[d], i = index < 0 ? index + n : index;
  if (i < 0 || i >= n)
    fail<IndexError>("select", "expected an index in [{}, {}] for dimension {} of shape {}, got {}", -n, n - 1, d, x.shape(),
                     index);
  Shape shape = x.shape();
  Strides strides = x.array().strides();
  shape.erase(d);
  strides.erase(d);
  Array out = x.array().view(shape, strides, i * x.array().stride(d));
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Select>(std::move(out), {&x}, x.shape(), Run{d, i, 1, 1});
}

Tensor Tensor::slice(std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step) const {
  return eg::slice(*this, dim, start, end, step);
}
Tensor Tensor::narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const {
  return eg::narrow(*this, dim, start, length);
}
Tensor Tensor::select(std::int64_t dim, std::int64_t index) const { return eg::select(*this, dim, index); }

}  // namespace eg
