#include <eigengrad/autograd/ops/pad.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/pad.h>

#include <algorithm>

namespace eg {
using detail::record;
using detail::should_record;
using kernels::Edge;

namespace {

// Places to add by dimension.
struct Margins {
  std::int64_t left[max_rank] = {}, right[max_rank] = {};
};

Tensor pad_constant(const Tensor& x, const Margins& m, Scalar value);
Tensor pad_by_edges(const Tensor& x, const Margins& m, Edge edge);
Tensor fold_edges(const Tensor& g, const Margins& m, Edge edge);

// y = x in the middle of c      dx = the middle of g; where x was cropped, 0
struct PadConstant final : Node {
  Margins m;
  explicit PadConstant(const Margins& margins) : m(margins) {}
  const char* name() const noexcept override { return "pad"; }
  void backward(Tensor g, Grads grads) override {
    Margins back;
    for (int d = 0; d < max_rank; ++d) {
      back.left[d] = -m.left[d];
      back.right[d] = -m.right[d];
    }
    grads[0] = pad_constant(g, back, 0);
  }
};

// y = x and copies of its edges      dx = g, copies added to where they came from
struct PadEdges final : Node {
  Margins m;
  Edge edge;
  PadEdges(const Margins& margins, Edge e) : m(margins), edge(e) {}
  const char* name() const noexcept override { return "pad"; }
  void backward(Tensor g, Grads grads) override { grads[0] = fold_edges(g, m, edge); }
};

struct FoldEdges final : Node {
  Margins m;
  Edge edge;
  FoldEdges(const Margins& margins, Edge e) : m(margins), edge(e) {}
  const char* name() const noexcept override { return "pad_grad"; }
  void backward(Tensor g, Grads grads) override { grads[0] = pad_by_edges(g, m, edge); }
};

Tensor pad_constant(const Tensor& x, const Margins& m, Scalar value) {
  const Array& a = x.array();
  Shape shape = a.shape(), middle = shape;
  Strides from = a.strides();
  std::int64_t skip = 0, offset = 0;  // of x and of the result
  bool grows = false, changes = false;
  for (int d = 0; d < shape.rank(); ++d) {
    const std::int64_t left = m.left[d], right = m.right[d];
    changes |= left != 0 || right != 0;
    grows |= left > 0 || right > 0;
    skip += std::max<std::int64_t>(-left, 0) * a.stride(d);
    middle[d] = std::max<std::int64_t>(shape[d] + std::min<std::int64_t>(left, 0) + std::min<std::int64_t>(right, 0), 0);
    shape[d] += left + right;
  }
  if (!changes) return x;
  const bool nothing = middle.numel() == 0;
  const Array kept = a.view(middle, from, nothing ? 0 : skip);
  Array out = kept;
  if (grows) {
    out = kernels::full(shape, a.dtype(), value);
    for (int d = 0; d < shape.rank(); ++d) offset += std::max<std::int64_t>(m.left[d], 0) * out.stride(d);
    if (!nothing) {
      Array into = out.view(middle, out.strides(), offset);
      kernels::copy_into(into, kept);
    }
  }
  if (!should_record(x)) return Tensor(std::move(out));
  return record<PadConstant>(std::move(out), {&x}, m);
}

Tensor pad_by_edges(const Tensor& x, const Margins& m, Edge edge) {
  Array out = x.array();
  for (int d = x.dim() - 1; d >= 0; --d)
    if (m.left[d] != 0 || m.right[d] != 0) out = kernels::pad_edge(out, d, m.left[d], m.right[d], edge);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<PadEdges>(std::move(out), {&x}, m, edge);
}

Tensor fold_edges(const Tensor& g, const Margins& m, Edge edge) {
  Array out = g.array();
  for (int d = 0; d < g.dim(); ++d)
    if (m.left[d] != 0 || m.right[d] != 0) out = kernels::pad_edge_grad(out, d, m.left[d], m.right[d], edge);
  if (!should_record(g)) return Tensor(std::move(out));
  return record<FoldEdges>(std::move(out), {&g}, m, edge);
}

void check_edges(PadMode mode, const Shape& shape, int d, std::int64_t left, std::int64_t right) {
  const std::int64_t n = shape[d], most = std::max(left, right);
  if (left < 0 || right < 0)
    fail<ValueError>("pad", "expected numbers >= 0 in this mode, got {} and {} for dimension {}; crop with slice", left,
                     right, d);
  if (mode == PadMode::reflect && most >= n)
    fail<ShapeError>("pad", "expected less than {} places to reflect into dimension {} of shape {}, got {} and {}", n, d, shape,
                     left, right);
  if (mode == PadMode::circular && most > n)
    fail<ShapeError>("pad", "expected at most {} places to wrap around dimension {} of shape {}, got {} and {}", n, d, shape,
                     left, right);
  if (mode == PadMode::replicate && n == 0)
    fail<ShapeError>("pad", "expected a place to repeat in dimension {}, got shape {}", d, shape);
}

}  // namespace

Tensor pad(const Tensor& x, std::span<const std::int64_t> pad, const PadOptions& o) {
  const int rank = x.dim(), named = static_cast<int>(pad.size() / 2);
  if (pad.size() % 2 != 0 || pad.size() > 2 * static_cast<std::size_t>(rank))
    fail<ValueError>("pad", "expected two numbers for each of at most {} dimensions, last one first, got {} numbers", rank,
                     pad.size());
  constexpr std::int64_t most = std::int64_t{1} << 48;
  Margins m;
  bool changes = false;
  for (int k = 0; k < named; ++k) {
    const int d = rank - 1 - k;
    const std::int64_t left = m.left[d] = pad[2 * k], right = m.right[d] = pad[2 * k + 1];
    if (left == 0 && right == 0) continue;
    changes = true;
    if (left > most || right > most || left < -most || right < -most)
      fail<ValueError>("pad", "expected at most 2^48 places, got {} and {} for dimension {}", left, right, d);
    if (o.mode != PadMode::constant) check_edges(o.mode, x.shape(), d, left, right);
    if (x.shape()[d] + left + right < 0)
      fail<ShapeError>("pad", "expected a size >= 0 after padding, got {} and {} for dimension {} of shape {}", left, right, d,
                       x.shape());
  }
  if (!changes) return x;
  switch (o.mode) {
    case PadMode::reflect: return pad_by_edges(x, m, Edge::reflect);
    case PadMode::replicate: return pad_by_edges(x, m, Edge::replicate);
    case PadMode::circular: return pad_by_edges(x, m, Edge::circular);
    default: return pad_constant(x, m, o.value);
  }
}

Tensor pad(const Tensor& x, std::initializer_list<std::int64_t> p, const PadOptions& o) {
  return pad(x, std::span(p.begin(), p.size()), o);
}

}  // namespace eg
