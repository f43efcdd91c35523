#include <eigengrad/autograd/ops/gather.h>
#include <eigengrad/autograd/detail/places.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/index.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/gather.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

// Indices below are checked already.
Tensor select_at(const Tensor& x, int dim, const Tensor& index);
Tensor gather_at(const Tensor& x, int dim, const Tensor& index);
// x undefined stands for zeros.
Tensor add_at(const Tensor& x, const Shape& shape, int dim, const Tensor& index, const Tensor& src);
Tensor scatter_at(const Tensor& x, const Shape& shape, int dim, const Tensor& index, const Tensor& src);

// A function with an index tensor.
struct Indexed : Node {
  Saved index;
  int dim;
  Indexed(const Tensor& i, int d) : index(i), dim(d) {}
  void release() noexcept override { index.reset(); }
};

// y = x at index       dx = zeros, g added at index
struct IndexSelect final : Indexed {
  Shape x;
  IndexSelect(const Tensor& i, int d, const Shape& in) : Indexed(i, d), x(in) {}
  const char* name() const noexcept override { return "index_select"; }
  void backward(Tensor g, Grads grads) override { grads[0] = add_at({}, x, dim, index.get(*this), g); }
};

// y = x, src added at index      dx = g      dsrc = g at index
struct IndexAdd final : Indexed {
  using Indexed::Indexed;
  const char* name() const noexcept override { return "index_add"; }
  void backward(Tensor g, Grads grads) override {
    if (needs(1)) grads[1] = select_at(g, dim, index.get(*this));
    if (needs(0)) grads[0] = std::move(g);
  }
};

// y = x at index       dx = zeros, g added at index
struct Gather final : Indexed {
  Shape x;
  const char* label;
  Gather(const Tensor& i, int d, const Shape& in, const char* op) : Indexed(i, d), x(in), label(op) {}
  const char* name() const noexcept override { return label; }
  void backward(Tensor g, Grads grads) override { grads[0] = scatter_at({}, x, dim, index.get(*this), g); }
};

// y = x, src added at index      dx = g      dsrc = g at index
struct ScatterAdd final : Indexed {
  using Indexed::Indexed;
  const char* name() const noexcept override { return "scatter_add"; }
  void backward(Tensor g, Grads grads) override {
    if (needs(1)) grads[1] = gather_at(g, dim, index.get(*this));
    if (needs(0)) grads[0] = std::move(g);
  }
};

Tensor select_at(const Tensor& x, int dim, const Tensor& index) {
  Array out = kernels::index_select(x.array(), dim, index.array());
  if (!should_record(x)) return Tensor(std::move(out));
  return record<IndexSelect>(std::move(out), {&x}, index, dim, x.shape());
}

Tensor gather_at(const Tensor& x, int dim, const Tensor& index) {
  return detail::picked("gather", x, dim, index, kernels::gather(x.array(), dim, index.array()));
}

Array start(const Tensor& x, const Shape& shape, DType type) {
  return x.defined() ? kernels::copy(x.array()) : kernels::full(shape, type, 0);
}

Tensor add_at(const Tensor& x, const Shape& shape, int dim, const Tensor& index, const Tensor& src) {
  Array out = start(x, shape, src.dtype());
  kernels::index_add(out, dim, index.array(), src.array());
  if (!should_record(x, src)) return Tensor(std::move(out));
  return record<IndexAdd>(std::move(out), {&x, &src}, index, dim);
}

Tensor scatter_at(const Tensor& x, const Shape& shape, int dim, const Tensor& index, const Tensor& src) {
  Array out = start(x, shape, src.dtype());
  kernels::scatter_add(out, dim, index.array(), src.array());
  if (!should_record(x, src)) return Tensor(std::move(out));
  return record<ScatterAdd>(std::move(out), {&x, &src}, index, dim);
}

int wrap_dim_of(const char* op, const Tensor& x, std::int64_t dim) {
  if (x.dim() == 0) fail<ShapeError>(op, "expected a tensor with dimensions, got a scalar; reshape it to [1] first");
  return wrap_dim(op, dim, x.dim());
}

void check_types(const char* op, const Tensor& x, const Tensor& src) {
  if (x.dtype() != src.dtype())
    fail<DTypeError>(op, "expected elements of one type to add, got {} and {}; convert with to()", x.dtype(), src.dtype());
  if (x.dtype() == boolean) fail<DTypeError>(op, "expected numbers to add, got bool; convert with to(int64)");
}

// Index of gather and scatter_add: of x's rank, and no larger than x but along dim.
void check_lines(const char* op, const Tensor& x, int dim, const Tensor& index) {
  const Shape &sx = x.shape(), &si = index.shape();
  bool fits = sx.rank() == si.rank();
  for (int i = 0; fits && i < sx.rank(); ++i) fits = i == dim || si[i] <= sx[i];
  if (!fits)
    fail<ShapeError>(op, "expected an index of {} dimensions, no larger than the tensor except along dimension {}, got {} for {}",
                     sx.rank(), dim, si, sx);
  kernels::check_index(op, index.array(), sx[dim]);
}

}  // namespace

Tensor detail::picked(const char* op, const Tensor& x, int dim, const Tensor& indices, Array values) {
  if (!should_record(x)) return Tensor(std::move(values));
  if (x.dim() == 0) return clone(x);
  return record<Gather>(std::move(values), {&x}, indices, dim, x.shape(), op);
}

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const int d = wrap_dim_of("index_select", x, dim);
  if (index.dim() > 1) fail<ShapeError>("index_select", "expected an index of one dimension, got shape {}", index.shape());
  kernels::check_index("index_select", index.array(), x.shape()[d]);
  return select_at(x, d, index);
}

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src) {
  const int d = wrap_dim_of("index_add", x, dim);
  if (index.dim() > 1) fail<ShapeError>("index_add", "expected an index of one dimension, got shape {}", index.shape());
  Shape wanted = x.shape();
  wanted[d] = index.numel();
  if (src.shape() != wanted)
    fail<ShapeError>("index_add", "expected a source of shape {}, got {}", wanted, src.shape());
  check_types("index_add", x, src);
  kernels::check_index("index_add", index.array(), x.shape()[d]);
  return add_at(x, x.shape(), d, index, src);
}

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const int d = wrap_dim_of("gather", x, dim);
  check_lines("gather", x, d, index);
  return gather_at(x, d, index);
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src) {
  const int d = wrap_dim_of("scatter_add", x, dim);
  check_lines("scatter_add", x, d, index);
  check_types("scatter_add", x, src);
  const Shape& s = index.shape();
  bool fits = src.dim() == s.rank();
  for (int i = 0; fits && i < s.rank(); ++i) fits = s[i] <= src.shape()[i];
  if (!fits)
    fail<ShapeError>("scatter_add", "expected a source no smaller than the index of shape {}, got {}", s, src.shape());
  Tensor used = src;  // what the index covers
  for (int i = 0; i < s.rank(); ++i)
    if (src.shape()[i] != s[i]) used = narrow(used, i, 0, s[i]);
  return scatter_at(x, x.shape(), d, index, used);
}

Tensor Tensor::index_select(std::int64_t dim, const Tensor& index) const { return eg::index_select(*this, dim, index); }
Tensor Tensor::gather(std::int64_t dim, const Tensor& index) const { return eg::gather(*this, dim, index); }

}  // namespace eg
