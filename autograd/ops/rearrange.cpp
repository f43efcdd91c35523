#include <eigengrad/autograd/ops/rearrange.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/rearrange.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

// y = x, times[i] times along dimension i      dx = g summed over the repetitions
struct Repeat final : Node {
  Shape x, times;
  Repeat(const Shape& in, const Shape& t) : x(in), times(t) {}
  const char* name() const noexcept override { return "repeat"; }
  void backward(Tensor g, Grads grads) override {
    Shape shape = g.shape();  // of the result so far
    const int shift = times.rank() - x.rank();
    for (int d = 0; d < times.rank(); ++d) {
      if (times[d] == 1) continue;
      shape[d] = d < shift ? 1 : x[d - shift];
      std::int64_t outer = 1, block = 1;
      for (int i = 0; i < d; ++i) outer *= shape[i];
      for (int i = d; i < shape.rank(); ++i) block *= shape[i];
      g = sum(reshape(g, {outer, times[d], block}), {1});
    }
    grads[0] = reshape(g, x);
  }
};

// y = x backwards      dx = g backwards
struct Flip final : Node {
  Dims dims;
  explicit Flip(const Dims& d) : dims(d) {}
  const char* name() const noexcept override { return "flip"; }
  void backward(Tensor g, Grads grads) override {
    if (dims.empty()) grads[0] = std::move(g);
    else grads[0] = flip(g, dims);
  }
};

// y = x rolled         dx = g rolled back
struct Roll final : Node {
  Shape back;
  Dims dims;
  Roll(const Shape& shifts, const Dims& d) : back(shifts), dims(d) {
    for (std::int64_t& s : back) s = -s;
  }
  const char* name() const noexcept override { return "roll"; }
  void backward(Tensor g, Grads grads) override { grads[0] = roll(g, back, dims); }
};

// y = half of x        dx = half of g
struct Triangle final : Node {
  std::int64_t diagonal;
  bool lower;
  Triangle(std::int64_t k, bool l) : diagonal(k), lower(l) {}
  const char* name() const noexcept override { return lower ? "tril" : "triu"; }
  void backward(Tensor g, Grads grads) override { grads[0] = lower ? tril(g, diagonal) : triu(g, diagonal); }
};

Tensor triangle(const char* op, const Tensor& x, std::int64_t diagonal, bool lower) {
  if (x.dim() < 2) fail<ShapeError>(op, "expected matrices, two dimensions or more, got shape {}", x.shape());
  Array out = kernels::triangle(x.array(), diagonal, lower);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Triangle>(std::move(out), {&x}, diagonal, lower);
}

Tensor windows(const Tensor& x, int dim, std::int64_t size, std::int64_t step);
Tensor fold_windows(const Tensor& g, const Shape& x, int dim, std::int64_t size, std::int64_t step);

// y = windows of x     dx = windows of g, added where they overlap
struct Unfold final : Node {
  Shape x;
  int dim;
  std::int64_t size, step;
  Unfold(const Shape& in, int d, std::int64_t n, std::int64_t s) : x(in), dim(d), size(n), step(s) {}
  const char* name() const noexcept override { return "unfold"; }
  void backward(Tensor g, Grads grads) override { grads[0] = fold_windows(g, x, dim, size, step); }
};

struct UnfoldGrad final : Node {
  int dim;
  std::int64_t size, step;
  UnfoldGrad(int d, std::int64_t n, std::int64_t s) : dim(d), size(n), step(s) {}
  const char* name() const noexcept override { return "unfold_grad"; }
  void backward(Tensor g, Grads grads) override { grads[0] = windows(g, dim, size, step); }
};

Tensor windows(const Tensor& x, int dim, std::int64_t size, std::int64_t step) {
  const Array& a = x.array();
  Shape shape = a.shape();
  Strides strides = a.strides();
  shape.push_back(size);
  strides.push_back(strides[dim]);
  shape[dim] = (shape[dim] - size) / step + 1;
  strides[dim] *= step;
  Array out = a.view(shape, strides);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Unfold>(std::move(out), {&x}, x.shape(), dim, size, step);
}

Tensor fold_windows(const Tensor& g, const Shape& x, int dim, std::int64_t size, std::int64_t step) {
  Array out = kernels::fold_windows(g.array(), x, dim, step);
  if (!should_record(g)) return Tensor(std::move(out));
  return record<UnfoldGrad>(std::move(out), {&g}, dim, size, step);
}

int wrap_dim_of(const char* op, const Tensor& x, std::int64_t dim) {
  if (x.dim() == 0) fail<ShapeError>(op, "expected a tensor with dimensions, got a scalar; reshape it to [1] first");
  return wrap_dim(op, dim, x.dim());
}

}  // namespace

Tensor repeat(const Tensor& x, const Shape& times) {
  const int shift = times.rank() - x.dim();
  if (shift < 0) fail<ShapeError>("repeat", "expected a number for each dimension of shape {}, got {}", x.shape(), times);
  Shape shape = Shape::filled(times.rank(), 1);
  for (int d = 0; d < x.dim(); ++d) shape[d + shift] = x.shape()[d];
  constexpr std::int64_t most = std::int64_t{1} << 48;
  std::int64_t size = 1;
  for (int d = 0; d < times.rank(); ++d) {
    if (times[d] < 0) fail<ValueError>("repeat", "expected numbers >= 0, got {}", times);
    for (std::int64_t n : {times[d], shape[d]}) {
      if (n > 0 && size > most / n) fail<ShapeError>("repeat", "expected at most 2^48 elements, got {} times {}", times, shape);
      size *= n == 0 ? 1 : n;
    }
  }
  Array out = kernels::repeat(x.array(), shape, times);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Repeat>(std::move(out), {&x}, x.shape(), times);
}

Tensor flip(const Tensor& x, const Dims& dims) {
  const Dims over = wrap_dims("flip", dims, x.dim());
  Array out = kernels::flip(x.array(), over);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Flip>(std::move(out), {&x}, over);
}

Tensor roll(const Tensor& x, const Shape& shifts, const Dims& dims) {
  if (dims.empty() && shifts.rank() == 1 && x.dim() != 1) return reshape(roll(flatten(x), shifts, {0}), x.shape());
  const Dims over = dims.empty() && shifts.rank() == 1 ? Dims{0} : dims;
  if (over.rank() != shifts.rank())
    fail<ValueError>("roll", "expected a shift for each dimension, got {} for {}", shifts, dims);
  Array out = x.array();
  for (int i = 0; i < over.rank(); ++i) out = kernels::roll(out, wrap_dim_of("roll", x, over[i]), shifts[i]);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Roll>(std::move(out), {&x}, shifts, over);
}

Tensor tril(const Tensor& x, std::int64_t diagonal) { return triangle("tril", x, diagonal, true); }
Tensor triu(const Tensor& x, std::int64_t diagonal) { return triangle("triu", x, diagonal, false); }

Tensor unfold(const Tensor& x, std::int64_t dim, std::int64_t size, std::int64_t step) {
  const int d = wrap_dim_of("unfold", x, dim);
  const std::int64_t n = x.shape()[d];
  if (size < 0 || size > n)
    fail<ValueError>("unfold", "expected a size in [0, {}] for dimension {} of shape {}, got {}", n, d, x.shape(), size);
  if (step < 1) fail<ValueError>("unfold", "expected a step of 1 or more, got {}", step);
  if (x.dim() == max_rank) fail<ShapeError>("unfold", "expected at most {} dimensions, got shape {}", max_rank - 1, x.shape());
  return windows(x, d, size, step);
}

Tensor Tensor::repeat(const Shape& times) const { return eg::repeat(*this, times); }

}  // namespace eg
