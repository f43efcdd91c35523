#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <utility>

#include "kernels/conv.h"
#include "kernels/planes.h"
#include "kernels/scratch.h"

namespace eg::kernels {
namespace {

constexpr std::int64_t chunk_bytes = 128 * 1024;  // most bytes of planes at a time
constexpr int narrow_rows = 8, narrow_outs = 2;   // of a tile

/// `count` neighbouring positions from flat position `at` of the planes and `from` of channel 0 of g on.
struct Segment {
  std::int64_t at, from, count;
};

/// Lanes 0 to n - 1.
template <class T>
SimdMask<T> first_lanes(std::int64_t n) {
  MaskLane<T> lane[lanes<T>];
  for (std::int64_t l = 0; l < lanes<T>; ++l) lane[l] = l < n ? -1 : 0;
  return load<SimdMask<T>>(lane);
}

/// dw[o][i] += sum over the segments of g[o][position] planes[offset[i] + position]
template <class T, int Rows, int Outs>
void narrow_tile(const Segment* segments, std::int64_t count, const T* planes, const std::int64_t* offset, const T* g,
                 std::int64_t g_channel, T* dw, std::int64_t dw_row) {
  using V = Simd<T>;
  V acc[Rows][Outs] = {};
  for (const Segment* s = segments; s != segments + count; ++s) {
    const T* x = planes + s->at;
    const T* from = g + s->from;
    std::int64_t l = 0;
    for (; l + lanes<T> <= s->count; l += lanes<T>) {
      V gv[Outs];
      for (int o = 0; o < Outs; ++o) gv[o] = load<V>(from + o * g_channel + l);
      for (int i = 0; i < Rows; ++i) {
        const V xv = load<V>(x + offset[i] + l);
        for (int o = 0; o < Outs; ++o) acc[i][o] += xv * gv[o];
      }
    }
    if (l < s->count) {
      // Both factors are 0 in the lanes behind the end, lest an infinity there makes a NaN.
      V gv[Outs];
      for (int o = 0; o < Outs; ++o) {
        T last[lanes<T>] = {};
        copy_tail(from + o * g_channel + l, s->count - l, last);
        gv[o] = load<V>(last);
      }
      const SimdMask<T> inside = first_lanes<T>(s->count - l);
      for (int i = 0; i < Rows; ++i) {
        const V xv = select(inside, load<V>(x + offset[i] + l), V{});
        for (int o = 0; o < Outs; ++o) acc[i][o] += xv * gv[o];
      }
    }
  }
  unrolled<Outs>([&](auto o) { unrolled<Rows>([&](auto i) { dw[o * dw_row + i] += lane_sum(acc[i][o]); }); });
}

template <class T>
void run_narrow_tile(int rows, int outs, const Segment* segments, std::int64_t count, const T* planes,
                     const std::int64_t* offset, const T* g, std::int64_t g_channel, T* dw, std::int64_t dw_row) {
  using Function =
      void (*)(const Segment*, std::int64_t, const T*, const std::int64_t*, const T*, std::int64_t, T*, std::int64_t);
  static constexpr auto table = []<int... I>(std::integer_sequence<int, I...>) {
    struct {
      Function f[narrow_rows * narrow_outs];
    } t{{&narrow_tile<T, I / narrow_outs + 1, I % narrow_outs + 1>...}};
    return t;
  }
  (std::make_integer_sequence<int, narrow_rows * narrow_outs>{});
  table.f[(rows - 1) * narrow_outs + outs - 1](segments, count, planes, offset, g, g_channel, dw, dw_row);
}

}  // namespace

template <class T>
void conv_weight_grad_narrow(const ConvShape& s, const T* x, const T* g, T* dw) {
  std::vector<Tap> taps;
  const Planes p = forward_planes(s, taps);
  const std::int64_t outs = s.c_out / s.groups, kernel = static_cast<std::int64_t>(taps.size());
  const std::int64_t depth = p.channels * kernel, size = s.c_out * depth;
  const std::int64_t total = p.n * p.sample_size(), work = s.n * s.h_out * s.w_out * size;

  // Chunks of positions as in correlate(), dealt to partial sums as in Note [Weight gradient].
  const std::int64_t most =
      chunk_bytes / static_cast<std::int64_t>(sizeof(T)) / (p.channels * p.phase_count()) - p.reach();
  const std::int64_t want = partial_sums(work, total);
  const std::int64_t chunk = std::max({std::min(divide_up(total, want), most), p.reach(), std::int64_t{16} * lanes<T>});
  const std::int64_t chunks = divide_up(total, chunk), partials = std::min(want, chunks);
  const std::int64_t plane = plane_length<T>(p, chunk);

  std::int64_t* const offsets = scratch<5, std::int64_t>(depth);
  for (std::int64_t k = 0, r = 0; k < p.channels; ++k)
    for (const Tap& tap : taps) offsets[r++] = p.offset(tap, k, plane);
  T* const sums = scratch<2, T>(partials * size);
  detail::parallel_for(partials, 1, [&](std::int64_t begin, std::int64_t end) {
    T* const planes = scratch<3, T>(p.channels * p.phase_count() * plane);
    std::vector<Segment> segments;
    for (std::int64_t part = begin; part < end; ++part) {
      T* const sum = sums + part * size;
      std::fill_n(sum, size, T(0));
      for (std::int64_t c = part * chunks / partials; c < (part + 1) * chunks / partials; ++c) {
        const std::int64_t q0 = c * chunk, q1 = std::min(total, q0 + chunk), line = p.w.line();
        segments.clear();
        for (std::int64_t q = q0; q < q1;) {
          const std::int64_t l = q / line, v0 = q - l * line, v1 = std::min(line, v0 + (q1 - q));
          const std::int64_t sample = l / p.h.line(), u = l - sample * p.h.line();
          const std::int64_t count = std::min(v1, p.w.outputs) - v0;
          if (u < p.h.outputs && count > 0)
            segments.push_back({q - q0, (sample * s.c_out * s.h_out + u) * s.w_out + v0, count});
          q += v1 - v0;
        }
        const std::int64_t channel = s.h_out * s.w_out;
        for (std::int64_t group = 0; group < s.groups; ++group) {
          fill_planes(p, x, group, q0, q1 + p.reach(), plane, planes);
          for (std::int64_t o = group * outs; o < (group + 1) * outs; o += narrow_outs)
            for (std::int64_t r = 0; r < depth; r += narrow_rows)
              run_narrow_tile(static_cast<int>(std::min<std::int64_t>(narrow_rows, depth - r)),
                              static_cast<int>(std::min<std::int64_t>(narrow_outs, (group + 1) * outs - o)),
                              segments.data(), static_cast<std::int64_t>(segments.size()), planes, offsets + r,
                              g + o * channel, channel, sum + o * depth + r, depth);
        }
      }
    }
  });
  for (std::int64_t i = 0; i < size; ++i) {
    T sum = sums[i];
    for (std::int64_t part = 1; part < partials; ++part) sum += sums[part * size + i];
    dw[i] = sum;
  }
}

template void conv_weight_grad_narrow(const ConvShape&, const float*, const float*, float*);
template void conv_weight_grad_narrow(const ConvShape&, const double*, const double*, double*);

}  // namespace eg::kernels
