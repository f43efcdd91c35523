#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

// y = x under another shape      dx = g under x's shape
struct Reshape final : Node {
  Shape x;
  explicit Reshape(const Shape& in) : x(in) {}
  const char* name() const noexcept override { return "reshape"; }
  void backward(Tensor g, Grads grads) override { grads[0] = reshape(g, x); }
};

// y = x repeated                 dx = g summed over the repetitions
struct Expand final : Node {
  Shape x;
  explicit Expand(const Shape& in) : x(in) {}
  const char* name() const noexcept override { return "expand"; }
  void backward(Tensor g, Grads grads) override {
    const DType t = g.dtype();
    grads[0] = detail::sum_to(std::move(g), x, t);
  }
};

// y = x in type t                dx = g in x's type
struct To final : Node {
  DType x;
  explicit To(DType in) : x(in) {}
  const char* name() const noexcept override { return "to"; }
  void backward(Tensor g, Grads grads) override { grads[0] = to(g, x); }
};

struct Copy final : Node {
  const char* name() const noexcept override { return "clone"; }
  void backward(Tensor g, Grads grads) override { grads[0] = std::move(g); }
};

// Strides under which `a` shows `shape` without a copy; false where there are none.
bool view_strides(const Array& a, const Shape& shape, Strides& out) {
  if (a.contiguous() || a.numel() == 0) {
    out = contiguous_strides(shape);
    return true;
  }
  out = shape;
  int d = a.rank() - 1;  // input dimension being used up, from the last
  std::int64_t room = 1, step = 0;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] == 1) {
      out[i] = 1;
      continue;
    }
    if (room == 1) {
      while (d >= 0 && a.size(d) == 1) --d;
      step = a.stride(d);
      room = a.size(d);
      // Neighbours that run on count as one dimension.
      while (d > 0 && (a.size(d - 1) == 1 || a.stride(d - 1) == step * room)) {
        --d;
        room *= a.size(d);
      }
      --d;
    }
    if (room % shape[i] != 0) return false;
    out[i] = step;
    step *= shape[i];
    room /= shape[i];
  }
  return true;
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& wanted) {
  Shape shape = wanted;
  std::int64_t known = 1;
  int open = -1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == -1 && open < 0) open = i;
    else if (shape[i] < 0) fail<ShapeError>("reshape", "expected sizes >= 0 and at most one -1, got {}", wanted);
    else known *= shape[i];
  }
  if (open >= 0 && known != 0 && x.numel() % known == 0) shape[open] = x.numel() / known;
  if (shape.numel() != x.numel() || (open >= 0 && shape[open] < 0))
    fail<ShapeError>("reshape", "expected a shape of {} elements for an input of shape {}, got {}", x.numel(), x.shape(), wanted);
  if (shape == x.shape()) return x;
  Strides strides;
  const Array& a = x.array();
  Array out = view_strides(a, shape, strides) ? a.view(shape, strides)
                                              : kernels::copy(a).view(shape, contiguous_strides(shape));
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Reshape>(std::move(out), {&x}, x.shape());
}

Tensor expand(const Tensor& x, const Shape& wanted) {
  Shape shape = wanted;
  const int shift = shape.rank() - x.dim();
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] == -1 && i >= shift) shape[i] = x.shape()[i - shift];
  bool fits = shift >= 0;
  for (int i = 0; fits && i < shape.rank(); ++i)
    fits = shape[i] >= 0 && (i < shift || x.shape()[i - shift] == 1 || x.shape()[i - shift] == shape[i]);
  if (!fits)
    fail<ShapeError>("expand", "expected a shape that {} broadcasts to (sizes equal or 1 in the input), got {}", x.shape(), wanted);
  if (shape == x.shape()) return x;
  Array out = kernels::broadcast_to(x.array(), shape);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Expand>(std::move(out), {&x}, x.shape());
}

Tensor to(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  Array out = kernels::cast(x.array(), dtype);
  if (!should_record(x) || !is_floating(dtype)) return Tensor(std::move(out));
  return record<To>(std::move(out), {&x}, x.dtype());
}

Tensor clone(const Tensor& x) {
  Array out = kernels::copy(x.array());
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Copy>(std::move(out), {&x});
}

Tensor contiguous(const Tensor& x) { return x.is_contiguous() ? x : clone(x); }

Tensor Tensor::reshape(const Shape& s) const { return eg::reshape(*this, s); }
Tensor Tensor::expand(const Shape& s) const { return eg::expand(*this, s); }
Tensor Tensor::to(DType t) const { return eg::to(*this, t); }
Tensor Tensor::clone() const { return eg::clone(*this); }
Tensor Tensor::contiguous() const { return eg::contiguous(*this); }

}  // namespace eg
