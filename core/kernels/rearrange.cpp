#include "kernels/rearrange.h"

#include <cstring>

#include "kernels/blocks.h"
#include "kernels/copy.h"
#include "kernels/elementwise.h"

namespace eg::kernels {

Array repeat(const Array& x, const Shape& first, const Shape& times) {
  Shape shape = first;
  Array out = contiguous(x).view(shape, contiguous_strides(shape));
  bool copied = !out.shares_storage(x);
  for (int d = shape.rank() - 1; d >= 0; --d) {
    if (times[d] == 1) continue;
    const Blocks b(shape, d);
    const std::int64_t block = b.size * b.inner;
    const Array tiles = out.view({b.outer, times[d], block}, {block, 0, 1});
    shape[d] *= times[d];
    out = copy(tiles).view(shape, contiguous_strides(shape));
    copied = true;
  }
  return copied ? out : copy(out);
}

Array flip(const Array& x, const Dims& dims) {
  Strides strides = x.strides();
  std::int64_t last = 0;
  for (std::int64_t dim : dims) {
    const int d = static_cast<int>(dim);
    if (x.size(d) > 0) last += (x.size(d) - 1) * strides[d];
    strides[d] = -strides[d];
  }
  return copy(x.view(x.shape(), strides, x.numel() == 0 ? 0 : last));
}

Array roll(const Array& x, int dim, std::int64_t shift) {
  const std::int64_t n = x.size(dim);
  if (x.numel() == 0) return copy(x);
  const std::int64_t s = (shift % n + n) % n;
  Array out(x.shape(), x.dtype());
  const auto move = [&](std::int64_t from, std::int64_t to, std::int64_t count) {
    if (count == 0) return;
    const Shape part = with_size(x.shape(), dim, count);
    Array into = out.view(part, out.strides(), to * out.stride(dim));
    copy_into(into, x.view(part, x.strides(), from * x.stride(dim)));
  };
  move(0, s, n - s);
  move(n - s, 0, s);
  return out;
}

Array triangle(const Array& x, std::int64_t k, bool lower) {
  Array out = copy(x);
  if (out.numel() == 0) return out;
  const std::int64_t columns = x.size(x.rank() - 1), rows = x.size(x.rank() - 2), count = x.numel() / columns;
  const std::int64_t item = static_cast<std::int64_t>(itemsize(x.dtype()));
  k = std::clamp(k, -rows, columns);
  for (std::int64_t r = 0; r < count; ++r) {
    // Row i has its diagonal element in column i + k.
    const std::int64_t column = r % rows + k;
    const std::int64_t begin = lower ? std::clamp<std::int64_t>(column + 1, 0, columns) : 0;
    const std::int64_t end = lower ? columns : std::clamp<std::int64_t>(column, 0, columns);
    std::memset(out.raw() + (r * columns + begin) * item, 0, static_cast<std::size_t>((end - begin) * item));
  }
  return out;
}

Array fold_windows(const Array& g, const Shape& shape, int dim, std::int64_t step) {
  Array out = full(shape, g.dtype(), 0);
  const int last = g.rank() - 1;
  Shape part = g.shape();
  Strides strides = out.strides(), from = g.strides();
  part.erase(last);
  from.erase(last);
  strides[dim] *= step;
  // Places k of all windows lie apart, so each k is one addition of arrays.
  for (std::int64_t k = 0; k < g.size(last) && out.numel() > 0; ++k) {
    Array into = out.view(part, strides, k * out.stride(dim));
    binary_into(Binary::add, into, g.view(part, from, k * g.stride(last)));
  }
  return out;
}

}  // namespace eg::kernels
