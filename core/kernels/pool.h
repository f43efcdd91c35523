#pragma once
// Pooling over the last two dimensions of a row-major array; one dimension is two with a height of 1.
#include <eigengrad/core/array.h>

namespace eg::kernels {

/// One dimension: where the window of each place of the result lies. At least one place of every window is inside.
struct PoolAxis {
  std::int64_t in = 1, out = 1, kernel = 1, stride = 1, padding = 0, dilation = 1;
  bool adaptive = false;  ///< windows of about in / out places, which may share one; out alone counts

  /// The places inside are begin, begin + dilation, ... below end.
  std::int64_t begin(std::int64_t o) const {
    if (adaptive) return o * in / out;
    const std::int64_t first = o * stride - padding;
    return first >= 0 ? first : first + (-first + dilation - 1) / dilation * dilation;
  }
  std::int64_t end(std::int64_t o) const {
    if (adaptive) return ((o + 1) * in + out - 1) / out;
    const std::int64_t behind = o * stride - padding + dilation * (kernel - 1) + 1;
    return behind < in ? behind : in;
  }
  /// Places of window o with the padding among them, but not what ceil_mode lets stick out behind it. For dilation 1.
  std::int64_t count_with_padding(std::int64_t o) const {
    if (adaptive) return end(o) - begin(o);
    const std::int64_t first = o * stride - padding, behind = in + padding - first;
    return behind < kernel ? behind : kernel;
  }
};

struct Pooled {
  Array values, indices;  ///< indices: int64, of the place in the plane of h.in x w.in; the first of equal ones
};

/// The largest of each window; NaN wins. `result` is x's shape but for the pooled dimensions. indices only where asked for.
Pooled max_pool(const Array& x, const PoolAxis& h, const PoolAxis& w, const Shape& result, bool indices);
/// The mean of each window, summed in double; its divisor counts the padding or not.
Array avg_pool(const Array& x, const PoolAxis& h, const PoolAxis& w, const Shape& result, bool count_padding);
/// The transpose of avg_pool: each g, divided, is added to all places of its window. `result` is the shape of x.
Array avg_pool_grad(const Array& g, const PoolAxis& h, const PoolAxis& w, const Shape& result, bool count_padding);

}  // namespace eg::kernels
