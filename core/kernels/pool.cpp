#include "kernels/pool.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

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

// Window ow of a row of the result.
template <class T>
void max_window(const T* x, const PoolAxis& h, const PoolAxis& w, std::int64_t oh, std::int64_t ow, T* y, std::int64_t* places) {
  const std::int64_t h0 = h.begin(oh), h1 = h.end(oh), w0 = w.begin(ow), w1 = w.end(ow);
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

// best[k] = the larger of it and x[k step], for k < n; where that is new and `at` is there, at[k] = tap.
template <class T>
void take_larger(const T* x, std::int64_t step, std::int64_t n, std::int32_t tap, T* best, std::int32_t* at) {
  const auto run = [&](auto stride) {
EIGENGRAD_INDEPENDENT
    for (std::int64_t k = 0; k < n; ++k) best[k] = pick<Larger>(best[k], x[k * stride]);
  };
  const auto run_with_places = [&](auto stride) {
EIGENGRAD_INDEPENDENT
    for (std::int64_t k = 0; k < n; ++k) {
      const T v = x[k * stride], old = best[k];
      best[k] = pick<Larger>(old, v);
      at[k] = Larger::keep(old, v) ? at[k] : tap;
    }
  };
  const auto with_stride = [&](auto f) {
    if (step == 1) f(std::integral_constant<std::int64_t, 1>{});
    else if (step == 2) f(std::integral_constant<std::int64_t, 2>{});
    else f(step);
  };
  if (at) with_stride(run_with_places);
  else with_stride(run);
}

// Windows [begin, end) of a row, which reach over neither end of the rows of x: tap by tap over a block of windows.
template <class T>
void max_inside(const T* x, const PoolAxis& h, const PoolAxis& w, std::int64_t oh, std::int64_t begin, std::int64_t end, T* y,
                std::int64_t* places) {
  constexpr std::int64_t block = 256;
  std::int32_t at[block];
  const std::int64_t h0 = h.begin(oh), h1 = h.end(oh);
  for (std::int64_t o = begin; o < end; o += block) {
    const std::int64_t n = std::min(block, end - o), start = h0 * w.in + o * w.stride - w.padding;
    for (std::int64_t k = 0; k < n; ++k) y[o + k] = x[start + k * w.stride];
    for (std::int64_t k = 0; places && k < n; ++k) at[k] = 0;
    for (std::int64_t i = h0; i < h1; i += h.dilation)
      for (std::int64_t j = 0; j < w.kernel; ++j) {
        const std::int64_t tap = (i - h0) * w.in + j * w.dilation;
        if (tap > 0) take_larger(x + start + tap, w.stride, n, static_cast<std::int32_t>(tap), y + o, places ? at : nullptr);
      }
    for (std::int64_t k = 0; places && k < n; ++k) places[o + k] = start + k * w.stride + at[k];
  }
}

// One row of the result from a plane of x.
template <class T>
void max_row(const T* x, const PoolAxis& h, const PoolAxis& w, std::int64_t oh, T* y, std::int64_t* places) {
  std::int64_t begin = 0, end = 0;  // of the windows that reach over neither end
  if (!w.adaptive && h.in * w.in <= std::numeric_limits<std::int32_t>::max()) {
    const std::int64_t room = w.in + w.padding - w.dilation * (w.kernel - 1) - 1;
    end = room < 0 ? 0 : std::min(w.out, room / w.stride + 1);
    begin = std::min(end, (w.padding + w.stride - 1) / w.stride);
  }
  for (std::int64_t ow = 0; ow < begin; ++ow) max_window(x, h, w, oh, ow, y, places);
  max_inside(x, h, w, oh, begin, end, y, places);
  for (std::int64_t ow = end; ow < w.out; ++ow) max_window(x, h, w, oh, ow, y, places);
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
