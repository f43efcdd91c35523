#include <eigengrad/autograd/ops/join.h>
#include <eigengrad/autograd/detail/expression.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/index.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>

#include <algorithm>

namespace eg {
namespace {

// y = x_0, x_1, ... along dim      dx_i = the part of g that x_i filled
// Where `stacked`, the inputs lack dimension dim.
struct Cat final : Node {
  struct Input {
    std::int64_t size;
    DType dtype;
  };
  std::vector<Input> in;
  int dim;
  bool stacked;
  Cat(std::span<const Tensor> x, int d, bool s) : dim(d), stacked(s) {
    in.reserve(x.size());
    for (const Tensor& t : x) in.push_back({s ? 1 : t.shape()[d], t.dtype()});
  }
  const char* name() const noexcept override { return stacked ? "stack" : "cat"; }
  void backward(Tensor g, Grads grads) override {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (needs(static_cast<int>(i))) {
        Tensor part = stacked ? select(g, dim, at) : narrow(g, dim, at, in[i].size);
        grads[i] = to(part, in[i].dtype);
      }
      at += in[i].size;
    }
  }
};

Tensor join(const char* op, std::span<const Tensor> x, int dim, Shape shape, bool stacked) {
  DType type = x[0].dtype();
  bool wanted = false;
  shape[dim] = 0;
  for (const Tensor& t : x) {
    type = promote(type, t.dtype());
    wanted |= detail::wants_grad(t);
    shape[dim] += stacked ? 1 : t.shape()[dim];
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Shape& s = x[i].shape();
    bool fits = s.rank() == x[0].dim();
    for (int d = 0; fits && d < s.rank(); ++d) fits = s[d] == x[0].shape()[d] || (!stacked && d == dim);
    if (fits) continue;
    if (stacked) fail<ShapeError>(op, "expected tensors of one shape, got {} first and {} at place {}", x[0].shape(), s, i);
    fail<ShapeError>(op, "expected shapes that differ in dimension {} only, got {} first and {} at place {}", dim,
                     x[0].shape(), s, i);
  }
  Array out(shape, type);
  std::int64_t at = 0;
  for (const Tensor& t : x) {
    Shape part = shape;
    part[dim] = stacked ? 1 : t.shape()[dim];
    if (part[dim] > 0) {
      Array to = out.view(part, out.strides(), at * out.stride(dim));
      Array from = t.array();
      if (stacked) {
        Strides strides = from.strides();
        strides.insert(dim, 1);
        from = from.view(part, strides);
      }
      kernels::copy_into(to, from);
    }
    at += part[dim];
  }
  if (!wanted || !grad_enabled() || !is_floating(type)) return Tensor(std::move(out));
  auto owner = detail::Ref<Node>::adopt(new Cat(x, dim, stacked));
  owner->set_inputs(x);
  owner->set_output(out);
  return detail::attach(std::move(out), std::move(owner));
}

// x for several views of it: those of a leaf meet before it, where their gradients are added up in place
// (Note [Gradients of parts] in index.cpp).
Tensor shared(const Tensor& x) { return detail::should_record(x) && x.is_leaf() ? detail::alias(x) : x; }

// Views of dimension d; next(i, at) is the size of view i, which starts at `at`.
template <class Size> std::vector<Tensor> pieces(const Tensor& in, int d, std::int64_t count, Size&& size) {
  const Tensor x = count > 1 ? shared(in) : in;
  std::vector<Tensor> out;
  out.reserve(static_cast<std::size_t>(count));
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t n = size(i, at);
    out.push_back(narrow(x, d, at, n));
    at += n;
  }
  return out;
}

int wrap_dim_of(const char* op, const Tensor& x, std::int64_t dim) {
  if (x.dim() == 0) fail<ShapeError>(op, "expected a tensor with dimensions, got a scalar; reshape it to [1] first");
  return wrap_dim(op, dim, x.dim());
}

std::vector<Tensor> equal_pieces(const Tensor& x, int d, std::int64_t size) {
  const std::int64_t n = x.shape()[d], count = n == 0 ? 1 : (n - 1) / size + 1;
  return pieces(x, d, count, [&](std::int64_t, std::int64_t at) { return std::min(size, n - at); });
}

}  // namespace

Tensor cat(std::span<const Tensor> x, std::int64_t dim) {
  if (x.empty()) fail<ValueError>("cat", "expected one tensor or more, got none");
  if (x[0].dim() == 0) fail<ShapeError>("cat", "expected tensors with dimensions, got a scalar; use stack");
  const int d = wrap_dim("cat", dim, x[0].dim());
  for (const Tensor& t : x)
    if (t.dim() != x[0].dim())
      fail<ShapeError>("cat", "expected tensors of {} dimensions, as the first, got shape {}", x[0].dim(), t.shape());
  return join("cat", x, d, x[0].shape(), false);
}

Tensor stack(std::span<const Tensor> x, std::int64_t dim) {
  if (x.empty()) fail<ValueError>("stack", "expected one tensor or more, got none");
  if (x[0].dim() == max_rank)
    fail<ShapeError>("stack", "expected at most {} dimensions, got shape {}", max_rank - 1, x[0].shape());
  const int d = wrap_dim("stack", dim, x[0].dim() + 1);
  Shape shape = x[0].shape();
  shape.insert(d, 1);
  return join("stack", x, d, shape, true);
}

Tensor cat(std::initializer_list<Tensor> x, std::int64_t dim) { return cat(std::span(x.begin(), x.size()), dim); }
Tensor stack(std::initializer_list<Tensor> x, std::int64_t dim) { return stack(std::span(x.begin(), x.size()), dim); }

std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim) {
  const int d = wrap_dim_of("split", x, dim);
  if (size < 1) fail<ValueError>("split", "expected a size of 1 or more, got {}", size);
  return equal_pieces(x, d, size);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, std::int64_t dim) {
  const int d = wrap_dim_of("split", x, dim);
  const std::int64_t n = x.shape()[d];
  std::int64_t left = n;
  bool fits = true;
  for (std::int64_t s : sizes) {
    fits = fits && s >= 0 && s <= left;
    if (fits) left -= s;
  }
  if (!fits || left != 0)
    fail<ValueError>("split", "expected sizes >= 0 whose sum is {}, the size of dimension {}, got other ones", n, d);
  return pieces(x, d, static_cast<std::int64_t>(sizes.size()),
                [&](std::int64_t i, std::int64_t) { return sizes[static_cast<std::size_t>(i)]; });
}

std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim) {
  const int d = wrap_dim_of("chunk", x, dim);
  if (chunks < 1) fail<ValueError>("chunk", "expected 1 chunk or more, got {}", chunks);
  const std::int64_t n = x.shape()[d];
  return equal_pieces(x, d, std::max<std::int64_t>(n / chunks + (n % chunks != 0), 1));
}

std::vector<Tensor> unbind(const Tensor& in, std::int64_t dim) {
  const int d = wrap_dim_of("unbind", in, dim);
  const Tensor x = in.shape()[d] > 1 ? shared(in) : in;
  std::vector<Tensor> out;
  out.reserve(static_cast<std::size_t>(x.shape()[d]));
  for (std::int64_t i = 0; i < x.shape()[d]; ++i) out.push_back(select(x, d, i));
  return out;
}

}  // namespace eg
