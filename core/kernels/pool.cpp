#include "kernels/pool.h"

#include <eigengrad/core/parallel.h>

#include <cstring>

#include "kernels/blocks.h"
#include "kernels/copy.h"
#include "kernels/element_type.h"
#include "kernels/row_extreme.h"
#include "kernels/simd.h"

namespace eg::kernels {
namespace {

// Elements that all windows of one row of the result hold, about.
std::int64_t row_cost(const PoolAxis& h, const PoolAxis& w) {
  const auto size = [](const PoolAxis& a) { return a.adaptive ? a.in / a.out + 1 : a.kernel; };
  return size(h) * size(w) * w.out;
}

template <class T> double run_sum(const T* x, std::int64_t n) {
  double s = 0;
  std::int64_t i = 0;
  if (n >= 16) {
    f64x8 a = {};
    for (; i + 8 <= n; i += 8) a += convert<f64x8>(load<Vec<T, 8>>(x + i));
    for (int k = 0; k < 8; ++k) s += a[k];
  }
  for (; i < n; ++i) s += x[i];
  return s;
}

// One row of the result from a plane of x.
template <class T>
void max_row(const T* x, const PoolAxis& h, const PoolAxis& w, std::int64_t oh, T* y, std::int64_t* places) {
  const std::int64_t h0 = h.begin(oh), h1 = h.end(oh);
  for (std::int64_t ow = 0; ow < w.out; ++ow) {
    const std::int64_t w0 = w.begin(ow), w1 = w.end(ow);
    std::int64_t at = h0 * w.in + w0;
    T best = x[at];
    for (std::int64_t i = h0; i < h1; i += h.dilation)
      for (std::int64_t j = w0; j < w1; j += w.dilation) {
        const T v = x[i * w.in + j];
        if (Larger::keep(best, v)) continue;
        best = v;
        at = i * w.in + j;
      }
    y[ow] = best;
    if (places) places[ow] = at;
  }
}

double divisor(const PoolAxis& h, const PoolAxis& w, std::int64_t oh, std::int64_t ow, bool count_padding) {
  const auto size = [&](const PoolAxis& a, std::int64_t o) { return count_padding ? a.count_with_padding(o) : a.end(o) - a.begin(o); };
  return static_cast<double>(size(h, oh) * size(w, ow));
}

template <class T> void avg_row(const T* x, const PoolAxis& h, const PoolAxis& w, std::int64_t oh, bool count_padding, T* y) {
  const std::int64_t h0 = h.begin(oh), h1 = h.end(oh);
  for (std::int64_t ow = 0; ow < w.out; ++ow) {
    const std::int64_t w0 = w.begin(ow), n = w.end(ow) - w0;
    double s = 0;
    for (std::int64_t i = h0; i < h1; ++i) s += run_sum(x + i * w.in + w0, n);
    y[ow] = static_cast<T>(s / divisor(h, w, oh, ow, count_padding));
  }
}

// A plane of dx from one of g.
template <class T> void avg_plane_grad(const T* g, const PoolAxis& h, const PoolAxis& w, bool count_padding, T* dx) {
  std::memset(dx, 0, static_cast<std::size_t>(h.in * w.in) * sizeof(T));
  for (std::int64_t oh = 0; oh < h.out; ++oh)
    for (std::int64_t ow = 0; ow < w.out; ++ow) {
      const T share = static_cast<T>(g[oh * w.out + ow] / divisor(h, w, oh, ow, count_padding));
      const std::int64_t w0 = w.begin(ow), w1 = w.end(ow);
      for (std::int64_t i = h.begin(oh); i < h.end(oh); ++i)
        for (std::int64_t j = w0; j < w1; ++j) dx[i * w.in + j] += share;
    }
}

// Calls row(plane, oh) for every row of the result.
template <class Row> void each_row(const Array& out, const PoolAxis& h, const PoolAxis& w, Row&& row) {
  detail::parallel_for(out.numel() / w.out, row_grain(row_cost(h, w)), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) row(r / h.out, r % h.out);
  });
}

}  // namespace

Pooled max_pool(const Array& in, const PoolAxis& h, const PoolAxis& w, const Shape& result, bool indices) {
  const Array x = contiguous(in);
  Pooled p{Array(result, x.dtype()), indices ? Array(result, DType::int64) : Array()};
  std::int64_t* places = indices ? p.indices.data<std::int64_t>() : nullptr;
  for_floating(x.dtype(), [&]<class T>(T*) {
    const T* from = x.data<T>();
    T* to = p.values.data<T>();
    each_row(p.values, h, w, [&](std::int64_t plane, std::int64_t oh) {
      const std::int64_t at = (plane * h.out + oh) * w.out;
      max_row(from + plane * h.in * w.in, h, w, oh, to + at, places ? places + at : nullptr);
    });
  });
  return p;
}

Array avg_pool(const Array& in, const PoolAxis& h, const PoolAxis& w, const Shape& result, bool count_padding) {
  const Array x = contiguous(in);
  Array out(result, x.dtype());
  for_floating(x.dtype(), [&]<class T>(T*) {
    const T* from = x.data<T>();
    T* to = out.data<T>();
    each_row(out, h, w, [&](std::int64_t plane, std::int64_t oh) {
      avg_row(from + plane * h.in * w.in, h, w, oh, count_padding, to + (plane * h.out + oh) * w.out);
    });
  });
  return out;
}

Array avg_pool_grad(const Array& in, const PoolAxis& h, const PoolAxis& w, const Shape& result, bool count_padding) {
  const Array g = contiguous(in);
  Array out(result, g.dtype());
  for_floating(g.dtype(), [&]<class T>(T*) {
    const T* from = g.data<T>();
    T* to = out.data<T>();
    const std::int64_t size_in = h.in * w.in, size_out = h.out * w.out;
    detail::parallel_for(out.numel() / size_in, row_grain(row_cost(h, w) * h.out), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t p = first; p < last; ++p) avg_plane_grad(from + p * size_out, h, w, count_padding, to + p * size_in);
    });
  });
  return out;
}

}  // namespace eg::kernels
