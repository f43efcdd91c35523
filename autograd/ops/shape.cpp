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
  const char* label;
  Reshape(const Shape& in, const char* op) : x(in), label(op) {}
  const char* name() const noexcept override { return label; }
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

// y = x, dimensions in another order      dx = g, back in order
struct Permute final : Node {
  Dims back;
  explicit Permute(const Dims& inverse) : back(inverse) {}
  const char* name() const noexcept override { return "permute"; }
  void backward(Tensor g, Grads grads) override { grads[0] = permute(g, back); }
};

struct Transpose final : Node {
  int a, b;
  Transpose(int dim0, int dim1) : a(dim0), b(dim1) {}
  const char* name() const noexcept override { return "transpose"; }
  void backward(Tensor g, Grads grads) override { grads[0] = transpose(g, a, b); }
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

// The elements of x under a shape known to fit.
Tensor reshaped(const Tensor& x, const Shape& shape, const char* op) {
  if (shape == x.shape()) return x;
  Strides strides;
  const Array& a = x.array();
  Array out = view_strides(a, shape, strides) ? a.view(shape, strides)
                                              : kernels::copy(a).view(shape, contiguous_strides(shape));
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Reshape>(std::move(out), {&x}, x.shape(), op);
}

// A view that differs from x in dimensions of size 1.
Tensor resized(const Tensor& x, const Shape& shape, const Strides& strides, const char* op) {
  Array out = x.array().view(shape, strides);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Reshape>(std::move(out), {&x}, x.shape(), op);
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
  return reshaped(x, shape, "reshape");
}

Tensor flatten(const Tensor& x, std::int64_t start, std::int64_t end) {
  const int first = wrap_dim("flatten", start, x.dim()), last = wrap_dim("flatten", end, x.dim());
  if (last < first) fail<ValueError>("flatten", "expected start before end, got {} and {} for shape {}", start, end, x.shape());
  Shape shape = x.shape();
  if (shape.empty()) shape.push_back(1);
  for (int d = last; d > first; --d) {
    shape[first] *= shape[d];
    shape.erase(d);
  }
  return reshaped(x, shape, "flatten");
}

Tensor unflatten(const Tensor& x, std::int64_t dim, const Shape& sizes) {
  if (x.dim() == 0) fail<ShapeError>("unflatten", "expected a tensor with dimensions, got a scalar");
  const int d = wrap_dim("unflatten", dim, x.dim());
  const std::int64_t n = x.shape()[d];
  Shape parts = sizes;
  std::int64_t known = 1;
  int open = -1;
  bool fits = !sizes.empty();
  for (int i = 0; i < parts.rank(); ++i) {
    if (parts[i] == -1 && open < 0) open = i;
    else if (parts[i] < 0) fits = false;
    else known *= parts[i];
  }
  if (fits && open >= 0 && known > 0) parts[open] = n / known;
  if (!fits || (open >= 0 && known == 0) || parts.numel() != n)
    fail<ShapeError>("unflatten", "expected sizes whose product is {}, the size of dimension {}, got {}", n, d, sizes);
  if (x.dim() - 1 + parts.rank() > max_rank)
    fail<ShapeError>("unflatten", "expected at most {} dimensions in the result, got {} for {} of shape {}", max_rank,
                     x.dim() - 1 + parts.rank(), sizes, x.shape());
  Shape shape;
  for (int i = 0; i < d; ++i) shape.push_back(x.shape()[i]);
  for (std::int64_t p : parts) shape.push_back(p);
  for (int i = d + 1; i < x.dim(); ++i) shape.push_back(x.shape()[i]);
  return reshaped(x, shape, "unflatten");
}

Tensor squeeze(const Tensor& x, const Dims& dims) {
  bool drop[max_rank] = {};
  const int rank = x.dim();
  const Dims over = wrap_dims("squeeze", dims, rank);
  for (std::int64_t d : over) drop[d] = x.shape()[static_cast<int>(d)] == 1;
  Shape shape;
  Strides strides;
  for (int i = 0; i < rank; ++i) {
    if (drop[i]) continue;
    shape.push_back(x.shape()[i]);
    strides.push_back(x.array().stride(i));
  }
  return shape.rank() == rank ? x : resized(x, shape, strides, "squeeze");
}

Tensor unsqueeze(const Tensor& x, std::int64_t dim) {
  const int rank = x.dim();
  if (rank == max_rank) fail<ShapeError>("unsqueeze", "expected at most {} dimensions, got shape {}", max_rank - 1, x.shape());
  const int d = wrap_dim("unsqueeze", dim, rank + 1);
  Shape shape = x.shape();
  Strides strides = x.array().strides();
  strides.insert(d, d < rank ? shape[d] * strides[d] : 1);
  shape.insert(d, 1);
  return resized(x, shape, strides, "unsqueeze");
}

Tensor permute(const Tensor& x, const Dims& dims) {
  const int rank = x.dim();
  if (dims.rank() != rank)
    fail<ShapeError>("permute", "expected {} dimensions for shape {}, got {}", rank, x.shape(), dims);
  Shape shape = x.shape();
  Strides strides = x.array().strides();
  Dims back = Dims::filled(rank, -1);
  for (int i = 0; i < rank; ++i) {
    const int d = wrap_dim("permute", dims[i], rank);
    if (back[d] >= 0) fail<ValueError>("permute", "expected each dimension once, got {} twice in {}", dims[i], dims);
    back[d] = i;
    shape[i] = x.shape()[d];
    strides[i] = x.array().stride(d);
  }
  Array out = x.array().view(shape, strides);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Permute>(std::move(out), {&x}, back);
}

Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1) {
  const int a = wrap_dim("transpose", dim0, x.dim()), b = wrap_dim("transpose", dim1, x.dim());
  if (a == b) return x;
  Shape shape = x.shape();
  Strides strides = x.array().strides();
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  Array out = x.array().view(shape, strides);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Transpose>(std::move(out), {&x}, a, b);
}

Tensor t(const Tensor& x) {
  if (x.dim() > 2)
    fail<ShapeError>("t", "expected at most 2 dimensions, got shape {}; name two dimensions to transpose", x.shape());
  return x.dim() < 2 ? x : transpose(x, 0, 1);
}

Tensor movedim(const Tensor& x, const Dims& source, const Dims& destination) {
  const int rank = x.dim();
  if (source.rank() != destination.rank())
    fail<ValueError>("movedim", "expected as many destinations as sources, got {} and {}", source, destination);
  if (rank == 0) {
    for (std::int64_t d : source) wrap_dim("movedim", d, 0);
    for (std::int64_t d : destination) wrap_dim("movedim", d, 0);
    return x;
  }
  Dims order = Dims::filled(rank, -1);
  bool moved[max_rank] = {};
  for (int i = 0; i < source.rank(); ++i) {
    const int from = wrap_dim("movedim", source[i], rank), to = wrap_dim("movedim", destination[i], rank);
    if (moved[from] || order[to] >= 0)
      fail<ValueError>("movedim", "expected each dimension once, got {} to {}", source, destination);
    moved[from] = true;
    order[to] = from;
  }
  for (int place = 0, next = 0; place < rank; ++place) {
    if (order[place] >= 0) continue;
    while (moved[next]) ++next;
    order[place] = next++;
  }
  return permute(x, order);
}

namespace {

Tensor expanded(const char* op, const Tensor& x, const Shape& wanted, bool keep) {
  Shape shape = wanted;
  const int shift = shape.rank() - x.dim();
  for (int i = 0; i < shape.rank(); ++i)
    if (keep && shape[i] == -1 && i >= shift) shape[i] = x.shape()[i - shift];
  bool fits = shift >= 0;
  for (int i = 0; fits && i < shape.rank(); ++i)
    fits = shape[i] >= 0 && (i < shift || x.shape()[i - shift] == 1 || x.shape()[i - shift] == shape[i]);
  if (!fits)
    fail<ShapeError>(op, "expected a shape that {} broadcasts to (sizes equal or 1 in the input), got {}", x.shape(), wanted);
  if (shape == x.shape()) return x;
  Array out = kernels::broadcast_to(x.array(), shape);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Expand>(std::move(out), {&x}, x.shape());
}

}  // namespace

Tensor expand(const Tensor& x, const Shape& shape) { return expanded("expand", x, shape, true); }
Tensor broadcast_to(const Tensor& x, const Shape& shape) { return expanded("broadcast_to", x, shape, false); }

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
Tensor Tensor::flatten(std::int64_t start, std::int64_t end) const { return eg::flatten(*this, start, end); }
Tensor Tensor::squeeze(const Dims& dims) const { return eg::squeeze(*this, dims); }
Tensor Tensor::unsqueeze(std::int64_t dim) const { return eg::unsqueeze(*this, dim); }
Tensor Tensor::permute(const Dims& dims) const { return eg::permute(*this, dims); }
Tensor Tensor::transpose(std::int64_t dim0, std::int64_t dim1) const { return eg::transpose(*this, dim0, dim1); }
Tensor Tensor::t() const { return eg::t(*this); }
Tensor Tensor::expand(const Shape& s) const { return eg::expand(*this, s); }
Tensor Tensor::to(DType t) const { return eg::to(*this, t); }
Tensor Tensor::clone() const { return eg::clone(*this); }
Tensor Tensor::contiguous() const { return eg::contiguous(*this); }

}  // namespace eg
