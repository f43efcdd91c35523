#include <eigengrad/autograd/ops/mask.h>
#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/elementwise.h>
#include <eigengrad/core/kernels/gather.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

// y = c ? a : b        da = c ? g : 0        db = c ? 0 : g        (each summed over its broadcast dimensions)
struct Where final : Node {
  Saved condition;
  Shape a, b;
  DType ta, tb;
  const char* label;
  Where(const Tensor& c, const Tensor& x, const Tensor& y, const char* op)
      : condition(c), a(x.shape()), b(y.shape()), ta(x.dtype()), tb(y.dtype()), label(op) {}
  const char* name() const noexcept override { return label; }
  void release() noexcept override { condition.reset(); }
  void backward(Tensor g, Grads grads) override {
    const Tensor& c = condition.get(*this);
    if (needs(0)) grads[0] = detail::sum_to(where(c, g, 0), a, ta);
    if (needs(1)) grads[1] = detail::sum_to(where(c, 0, g), b, tb);
  }
};

Tensor choose(const char* op, const Tensor& c, const Tensor& a, const Tensor& b) {
  Array out = kernels::where(c.array(), a.array(), b.array());
  if (!should_record(a, b)) return Tensor(std::move(out));
  return record<Where>(std::move(out), {&a, &b}, c, a, b, op);
}

// A scalar in the type it takes beside x.
Tensor beside(const Tensor& x, Scalar s) {
  const DType t = x.dtype();
  return Tensor(kernels::full({}, is_floating(t) || (s.integral() && t == int64) ? t : s.integral() ? int64 : float32, s));
}

void check_mask(const char* op, const Tensor& mask) {
  if (mask.dtype() != boolean) fail<DTypeError>(op, "expected a mask of bool, got {}; compare with 0 first", mask.dtype());
}

Tensor select_masked(const Tensor& x, const Tensor& mask);
Tensor put_masked(const Tensor& values, const Tensor& mask);

// y = x where m        dx = zeros, where m: g
struct MaskedSelect final : Node {
  Saved mask;
  explicit MaskedSelect(const Tensor& m) : mask(m) {}
  const char* name() const noexcept override { return "masked_select"; }
  void release() noexcept override { mask.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = put_masked(g, mask.get(*this)); }
};

struct MaskedPut final : Node {
  Saved mask;
  explicit MaskedPut(const Tensor& m) : mask(m) {}
  const char* name() const noexcept override { return "masked_select_grad"; }
  void release() noexcept override { mask.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = select_masked(g, mask.get(*this)); }
};

Tensor select_masked(const Tensor& x, const Tensor& mask) {
  Array out = kernels::masked_select(x.array(), mask.array());
  if (!should_record(x)) return Tensor(std::move(out));
  return record<MaskedSelect>(std::move(out), {&x}, mask);
}

Tensor put_masked(const Tensor& values, const Tensor& mask) {
  Array out = kernels::masked_put(values.array(), mask.array());
  if (!should_record(values)) return Tensor(std::move(out));
  return record<MaskedPut>(std::move(out), {&values}, mask);
}

}  // namespace

Tensor where(const Tensor& c, const Tensor& a, const Tensor& b) { return choose("where", c, a, b); }
Tensor where(const Tensor& c, const Tensor& a, Scalar b) { return choose("where", c, a, beside(a, b)); }
Tensor where(const Tensor& c, Scalar a, const Tensor& b) { return choose("where", c, beside(b, a), b); }
Tensor where(const Tensor& c, Scalar a, Scalar b) {
  const DType t = a.integral() && b.integral() ? int64 : float32;
  return Tensor(kernels::where(c.array(), kernels::full({}, t, a), kernels::full({}, t, b)));
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value) {
  check_mask("masked_fill", mask);
  broadcast_shapes("masked_fill", x.shape(), mask.shape());
  return choose("masked_fill", mask, Tensor(kernels::full({}, x.dtype(), value)), x);
}

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  check_mask("masked_select", mask);
  const Shape shape = broadcast_shapes("masked_select", x.shape(), mask.shape());
  return select_masked(expand(x, shape), Tensor(kernels::contiguous(kernels::broadcast_to(mask.array(), shape))));
}

Tensor nonzero(const Tensor& x) { return Tensor(kernels::nonzero(x.array())); }

}  // namespace eg
