#include <eigengrad/core/parallel.h>

#include <algorithm>

#include "kernels/conv.h"
#include "kernels/planes.h"
#include "kernels/scratch.h"
#include "kernels/turn.h"
#include "kernels/weight_tile.h"
#include "kernels/winograd.h"

namespace eg::kernels {
namespace {

// Note [Weight gradient]
// dw[o, r] = sum over positions of g[o, position] x[r, position], r = (channel, tap), x read where the tap reads it.
// g is transposed to vectors of its channels, [vector of o][position], so a tile multiplies one element of x (a
// broadcast, at any stride) with vectors of channels; x needs padding but neither im2col nor phases. The positions come
// in units of about unit_positions, small enough that a vector of the transposed g stays in the first-level cache while
// all tiles pass over it.
// The units are dealt to a fixed number of partial sums, each [r][o], added in order at the end: that number follows
// from the shape, so the bits do not depend on the number of threads.
constexpr std::int64_t unit_positions = 384;
constexpr std::int64_t least_positions = 128;  // of a partial sum

/// dw[o][r] = sum over p of sums[p][r][o], of every group.
template <class T>
void add_partial_sums(std::int64_t groups, std::int64_t outs, std::int64_t depth, std::int64_t partials, const T* sums,
                      T* dw) {
  constexpr std::int64_t side = lanes<T>;
  const std::int64_t line = divide_up(outs, side) * side, size = groups * depth * line;
  const std::int64_t bands = divide_up(depth, side);  // of rows r, a task each
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 14) / (side * line * partials));
  detail::parallel_for(groups * bands, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / bands, r = task % bands * side, rows = std::min(side, depth - r);
      for (std::int64_t o = 0; o < outs; o += side) {
        Simd<T> v[side] = {};
        for (std::int64_t i = 0; i < rows; ++i) {
          const T* from = sums + (group * depth + r + i) * line + o;
          for (std::int64_t p = 0; p < partials; ++p) v[i] += load<Simd<T>>(from + p * size);
        }
        const std::int64_t count = std::min(side, outs - o);
        T* const to = dw + (group * outs + o) * depth + r;
        if (rows == side && count == side) {
          store_transposed<T>(v, to, depth);
          continue;
        }
        T square[side * side];
        store_transposed<T>(v, square, side);
        for (std::int64_t i = 0; i < count; ++i) copy_row(square + i * side, rows, to + i * depth);
      }
    }
  });
}

}  // namespace

template <class T>
void conv_weight_grad_direct(const ConvShape& s, const T* x, const T* g, T* dw) {
  const std::int64_t channels = s.c_in / s.groups, outs = s.c_out / s.groups;
  const std::int64_t depth = channels * s.kernel_h * s.kernel_w;
  const std::int64_t line = divide_up(outs, lanes<T>) * lanes<T>;

  // A unit: part of a line, or some lines, or some samples.
  const std::int64_t positions = s.n * s.h_out * s.w_out;
  const std::int64_t want = partial_sums(positions * s.c_out * depth, positions / least_positions);
  const std::int64_t share = even_share(positions, unit_positions, want);  // of a unit, about
  const std::int64_t unit_w = divide_up(s.w_out, divide_up(s.w_out, 3 * share / 2));
  const std::int64_t unit_h = unit_w < s.w_out ? 1 : std::clamp<std::int64_t>(share / s.w_out, 1, s.h_out);
  const std::int64_t unit_n = unit_h < s.h_out ? 1 : std::clamp<std::int64_t>(share / (s.h_out * s.w_out), 1, s.n);
  const std::int64_t across = divide_up(s.w_out, unit_w), down = divide_up(s.h_out, unit_h);
  const std::int64_t units = divide_up(s.n, unit_n) * down * across;
  const std::int64_t partials = std::min(want, units);

  // Padded x of a unit, unless x itself serves.
  const bool padded = s.padding_h > 0 || s.padding_w > 0;
  const std::int64_t lines_x = (unit_h - 1) * s.stride_h + (s.kernel_h - 1) * s.dilation_h + 1;
  const std::int64_t line_x = (unit_w - 1) * s.stride_w + (s.kernel_w - 1) * s.dilation_w + 1;
  const std::int64_t step_h = padded ? line_x : s.w_in;
  const std::int64_t step_c = padded ? lines_x * line_x : s.h_in * s.w_in;
  const std::int64_t step_n = padded ? channels * step_c : s.c_in * step_c;

  std::int64_t* const offsets = scratch<5, std::int64_t>(depth);
  for (std::int64_t k = 0, r = 0; k < channels; ++k)
    for (std::int64_t a = 0; a < s.kernel_h; ++a)
      for (std::int64_t b = 0; b < s.kernel_w; ++b)
        offsets[r++] = k * step_c + a * s.dilation_h * step_h + b * s.dilation_w;

  const std::int64_t size = s.groups * depth * line;
  T* const sums = scratch<2, T>(partials * size);
  const T* const x_end = x + s.n * s.c_in * s.h_in * s.w_in;
  detail::parallel_for(partials, 1, [&](std::int64_t begin, std::int64_t end) {
    T* const gt = scratch<3, T>(unit_n * unit_h * unit_w * line);
    T* const px = padded ? scratch<4, T>(unit_n * step_n + 2 * lanes<T>) : nullptr;
    for (std::int64_t part = begin; part < end; ++part) {
      const std::int64_t first_unit = part * units / partials;
      for (std::int64_t unit = first_unit; unit < (part + 1) * units / partials; ++unit) {
        const std::int64_t n0 = unit / (down * across) * unit_n;
        const std::int64_t h0 = unit / across % down * unit_h, w0 = unit % across * unit_w;
        const Walk walk{std::min(unit_n, s.n - n0),
                        std::min(unit_h, s.h_out - h0),
                        std::min(unit_w, s.w_out - w0),
                        step_n,
                        s.stride_h * step_h,
                        s.stride_w};
        for (std::int64_t group = 0; group < s.groups; ++group) {
          const std::int64_t vector = walk.n * walk.h * walk.w * lanes<T>;
          T* to = gt;
          for (std::int64_t n = 0; n < walk.n; ++n) {
            const T* from = g + ((n0 + n) * s.c_out + group * outs) * s.h_out * s.w_out + h0 * s.w_out + w0;
            // Lines that are whole follow one another.
            const std::int64_t lines = walk.w == s.w_out ? 1 : walk.h, length = walk.h * walk.w / lines;
            for (std::int64_t h = 0; h < lines; ++h, from += s.w_out, to += length * lanes<T>)
              turn_channels(outs, length, from, s.h_out * s.w_out, to, vector);
          }
          const std::int64_t top = h0 * s.stride_h - s.padding_h, left = w0 * s.stride_w - s.padding_w;
          const T* plane = x + (n0 * s.c_in + group * channels) * s.h_in * s.w_in;
          const T* base = plane + top * s.w_in + left;
          if (padded) {
            const std::int64_t a = std::clamp<std::int64_t>(-left, 0, line_x);
            const std::int64_t b = std::clamp<std::int64_t>(s.w_in - left, a, line_x);
            const std::int64_t read = divide_up(b - a, lanes<T>) * lanes<T>;
            T* out = px;
            for (std::int64_t n = 0; n < walk.n; ++n)
              for (std::int64_t k = 0; k < channels; ++k)
                for (std::int64_t l = 0; l < lines_x; ++l, out += line_x) {
                  if (top + l < 0 || top + l >= s.h_in) {
                    zero_vectors(line_x, out);
                    continue;
                  }
                  const T* from = plane + ((n * s.c_in + k) * s.h_in + top + l) * s.w_in + left + a;
                  zero_vectors(a, out);
                  copy_vectors(from, b - a, x_end - from >= read, out + a);
                  zero_vectors(line_x - b, out + b);
                }
            base = px;
          }
          T* sum = sums + part * size + group * depth * line;
          weight_tiles(depth, walk, base, offsets, {gt, lanes<T>, vector}, sum, line, unit > first_unit);
        }
      }
    }
  });
  add_partial_sums(s.groups, outs, depth, partials, sums, dw);
}

template <class T>
void conv_weight_grad(const ConvShape& s, const T* x, const T* g, T* dw) {
  const std::int64_t outs = s.c_out / s.groups;
  if (s.n <= 0 || s.h_out <= 0 || s.w_out <= 0) {
    std::fill_n(dw, s.c_out * (s.c_in / s.groups) * s.kernel_h * s.kernel_w, T(0));
    return;
  }
  if (outs <= lanes<T> / 2) return conv_weight_grad_narrow(s, x, g, dw);
  if constexpr (std::is_same_v<T, float>)
    if (conv_weight_grad_winograd(s, x, g, dw)) return;
  conv_weight_grad_direct(s, x, g, dw);
}

template void conv_weight_grad(const ConvShape&, const float*, const float*, float*);
template void conv_weight_grad(const ConvShape&, const double*, const double*, double*);
template void conv_weight_grad_direct(const ConvShape&, const float*, const float*, float*);

}  // namespace eg::kernels
