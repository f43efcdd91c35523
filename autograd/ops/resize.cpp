#include <eigengrad/autograd/ops/resize.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/pad.h>

#include <algorithm>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

// Factors for the last dimensions.
Tensor enlarged(const Tensor& x, const Shape& scale, const char* op);
Tensor summed(const Tensor& g, const Shape& scale);

// y = each place of x several times      dx = g summed over them
struct Enlarge final : Node {
  Shape scale;
  const char* label;
  Enlarge(const Shape& s, const char* op) : scale(s), label(op) {}
  const char* name() const noexcept override { return label; }
  void backward(Tensor g, Grads grads) override { grads[0] = summed(g, scale); }
};

struct EnlargeGrad final : Node {
  Shape scale;
  explicit EnlargeGrad(const Shape& s) : scale(s) {}
  const char* name() const noexcept override { return "upsample_nearest_grad"; }
  void backward(Tensor g, Grads grads) override { grads[0] = enlarged(g, scale, "upsample_nearest"); }
};

Tensor enlarged(const Tensor& x, const Shape& scale, const char* op) {
  constexpr std::int64_t most = std::int64_t{1} << 48;
  std::int64_t size = std::max<std::int64_t>(x.numel(), 1);
  for (std::int64_t s : scale) {
    if (size > most / s) fail<ShapeError>(op, "expected at most 2^48 elements, got factors {} for shape {}", scale, x.shape());
    size *= s;
  }
  Array out = x.array();
  const int first = x.dim() - scale.rank();
  for (int i = scale.rank() - 1; i >= 0; --i)
    if (scale[i] != 1) out = kernels::repeat_each(out, first + i, scale[i]);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Enlarge>(std::move(out), {&x}, scale, op);
}

Tensor summed(const Tensor& g, const Shape& scale) {
  Array out = g.array();
  const int first = g.dim() - scale.rank();
  for (int i = 0; i < scale.rank(); ++i)
    if (scale[i] != 1) out = kernels::repeat_each_grad(out, first + i, scale[i]);
  if (!should_record(g)) return Tensor(std::move(out));
  return record<EnlargeGrad>(std::move(out), {&g}, scale);
}

}  // namespace

Tensor repeat_interleave(const Tensor& x, std::int64_t repeats, std::int64_t dim) {
  if (x.dim() == 0)
    fail<ShapeError>("repeat_interleave", "expected a tensor with dimensions, got a scalar; reshape it to [1] first");
  const int d = wrap_dim("repeat_interleave", dim, x.dim());
  if (repeats < 1) fail<ValueError>("repeat_interleave", "expected 1 repeat or more, got {}", repeats);
  Shape scale = Shape::filled(x.dim() - d, 1);
  scale[0] = repeats;
  return repeats == 1 ? x : enlarged(x, scale, "repeat_interleave");
}

Tensor upsample_nearest(const Tensor& x, const Shape& scale) {
  if (scale.rank() > x.dim())
    fail<ShapeError>("upsample_nearest", "expected at most {} factors for shape {}, got {}", x.dim(), x.shape(), scale);
  bool changes = false;
  for (std::int64_t s : scale) {
    if (s < 1) fail<ValueError>("upsample_nearest", "expected factors of 1 or more, got {}", scale);
    changes |= s != 1;
  }
  return changes ? enlarged(x, scale, "upsample_nearest") : x;
}

}  // namespace eg
