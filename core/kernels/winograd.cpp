#include "kernels/winograd.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "kernels/correlate.h"
#include "kernels/runs.h"
#include "kernels/scratch.h"
#include "kernels/tile.h"
#include "kernels/turn.h"

namespace eg::kernels {
namespace {

using V = Vec<float, square_side<float>>;
constexpr std::int64_t cols = tile_cols<float>, tile_size = tile_rows * cols;
constexpr std::int64_t chunk_bytes = 256 * 1024;  // most bytes of transformed input of a task

/// Where every (point, group of taps, channel) of the parts lies in the transformed input.
void find_offsets(const WinogradPlanes& w, std::int64_t plane, std::int64_t* to) {
  for (const WinogradPlanes::Part& part : w.parts)
    for (int point = 0; point < points; ++point)
      for (const TapGroup& g : part.groups)
        for (std::int64_t k = 0; k < w.quads.channels && g.has(point); ++k) *to++ = w.offset(g, point, k, plane);
}

/// A group of taps of a channel at the points, `step` apart, for the rows of a panel, w_row apart.
void transform_taps(const TapGroup& g, const float* w, std::int64_t w_row, std::int64_t rows, float* to,
                    std::int64_t step) {
  using R = Vec<float, tile_rows <= 4 ? 4 : 8>;
  R tap[3] = {};
  for (int j = 0; j < 3; ++j) {
    if (g.index[j] < 0) continue;
    const float* from = w + g.index[j];
    tap[j] = [&]<int... i>(std::integer_sequence<int, i...>) {
      return R{(i < tile_rows ? from[std::min<std::int64_t>(i, rows - 1) * w_row] : 0.0f)...};
    }
    (std::make_integer_sequence<int, lanes_of<R>>{});
  }
  const R ea = (-2.0f / 3) * tap[0] - (1.0f / 3) * tap[2], oa = (-2.0f / 3 * point_a) * tap[1];
  const R eb = (1.0f / 6) * tap[0] + (1.0f / 3) * tap[2], ob = (1.0f / 6 * point_b) * tap[1];
  const R at[points] = {tap[0], ea + oa, ea - oa, eb + ob, eb - ob, tap[2]};
  for (int point = 0; point < points; ++point)
    if (g.has(point)) store_first<tile_rows>(to + point * step, at[point]);
}

/// All weights, in panels: [group][part][panel][point][group of taps, channel][tile_rows].
void pack_transformed(const Correlation& c, const WinogradPlanes& w, const float* weight, const Panels& panels,
                      float* to) {
  for (std::int64_t group = 0; group < w.quads.groups; ++group)
    for (const WinogradPlanes::Part& part : w.parts)
      for (std::int64_t p = 0; p < panels.count; ++p, to += part.all() * tile_rows) {
        const std::int64_t row = panels.first(p), rows = panels.first(p + 1) - row;
        const float* from = weight + group * c.w_group + row * c.w_row;
        float* at = to;
        for (const TapGroup& g : part.groups)
          for (std::int64_t k = 0; k < w.quads.channels; ++k, at += tile_rows)
            transform_taps(g, from + k * c.w_channel, c.w_row, rows, at, part.depth * tile_rows);
      }
}

/// The outputs of n quads of a row from the tiles at the points, `add` added, as neighbours. Adds 0 to every lane of
/// `check` if all are finite, else NaN to some.
template <bool infinity>
void combine(const float* m, std::int64_t n, float add, float* to, V& check) {
  constexpr float a = point_a, b = point_b;
  for (std::int64_t j = 0; j < n; j += lanes_of<V>) {
    const auto at = [&](int point) { return load<V>(m + point * tile_size + j); };
    const V pa = at(at_a), na = at(at_minus_a), pb = at(at_b), nb = at(at_minus_b);
    const V sa = pa + na, da = pa - na, sb = pb + nb, db = pb - nb;
    V y[quad] = {at(at_zero) + (sa + sb), a * da + b * db, 0.5f * sa + 2 * sb, (a * a * a) * da + (b * b * b) * db};
    if constexpr (infinity) y[3] += at(at_infinity);
    for (V& v : y) v += add, check += v * 0.0f;
    store_quads(y, to + quad * j);
  }
}

/// Copies a row, and checks it likewise.
void copy_checked_row(const float* from, std::int64_t n, float* to, V& check) {
  constexpr std::int64_t width = lanes_of<V>;
  copy_row(from, n, to);
  V sum = check;
  for (std::int64_t i = 0; i + width <= n; i += width) sum += load<V>(from + i) * 0.0f;
  if (n >= width) {
    sum += load<V>(from + n - width) * 0.0f;
  } else {
    float last[width] = {};
    copy_tail(from, n, last);
    sum += load<V>(last) * 0.0f;
  }
  check = sum;
}

}  // namespace

bool correlate_winograd(const Correlation& c, const float* source, const float* weight, const float* bias,
                        float* target) {
  WinogradPlanes w;
  if (!winograd_planes(c.planes, c.parts, c.rows, w)) return false;
  const Planes& s = w.quads;
  const std::int64_t step = c.w.step;
  const Panels panels(c.rows, tile_rows);
  const TargetAxis w_axis{c.w.size, quad * step, c.w.start};

  const Cut<float> cut(
      s, 2 * cols, chunk_bytes / static_cast<std::int64_t>(sizeof(float)) / (s.channels * w.plane_count) - s.reach(),
      cols);
  const std::int64_t chunks = cut.chunks(), plane = plane_length<float>(s, cut.chunk);

  std::int64_t depth = 0;  // of all products
  for (const WinogradPlanes::Part& part : w.parts) depth += part.all();
  std::int64_t* const offsets = scratch<5, std::int64_t>(depth);
  const std::int64_t group_size = depth * panels.count * tile_rows;
  float* const packed = scratch<2, float>(s.groups * group_size);
  find_offsets(w, plane, offsets);
  pack_transformed(c, w, weight, panels, packed);

  std::vector<std::atomic<bool>> not_finite(static_cast<std::size_t>(s.n));
  const std::int64_t row_size = c.h.size * c.w.size, image = s.groups * c.rows * row_size;
  detail::parallel_for(s.groups * chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    float* const tiles = scratch<4, float>((points + 2 * quad * step) * tile_size);
    float* const quads = tiles + points * tile_size;
    float* const merged = step == 1 ? quads : quads + quad * step * tile_size;
    float* const planes = scratch<3, float>(s.channels * w.plane_count * plane);
    Run runs[cols];
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / chunks, chunk = task % chunks, q0 = cut.first(chunk);
      fill_winograd(w, source, group, q0, cut.computed(chunk) + s.reach(), plane, planes);
      cut.for_tiles(chunk, [&](std::int64_t q, std::int64_t q_end) {
        const int vecs = static_cast<int>(divide_up(q_end - q, lanes<float>));
        const std::int64_t quads_used = vecs * std::int64_t{lanes<float>};
        const std::int64_t* offset = offsets;
        const float* weights = packed + group * group_size;
        for (std::int64_t phase = 0; phase < c.h.step; ++phase) {
          const WinogradPlanes::Part* part = &w.parts[static_cast<std::size_t>(phase * step)];
          std::int64_t ks = 0;  // depth of the products of this phase
          for (std::int64_t f = 0; f < step; ++f) ks += part[f].all();
          const int count = find_runs(s, c.rows, c.h, w_axis, phase, q, q_end, runs);
          const bool whole = count == 1 && runs[0].count == quad * quads_used * step;
          for (std::int64_t p = 0; p < panels.count && count > 0; ++p) {
            const std::int64_t i0 = panels.first(p), rows = panels.first(p + 1) - i0;
            float* const to = target + (group * c.rows + i0) * row_size;
            prefetch_rows(runs, count, rows, to, row_size);
            const bool direct = whole && step == 1;
            V check{};
            std::int64_t before = 0;
            for (std::int64_t f = 0; f < step; ++f) {
              for (int point = 0; point < points; ++point)
                if (part[f].at(point) > 0)
                  run_tile<Simd<float>>(
                      static_cast<int>(rows), vecs, part[f].at(point),
                      PackedRows<float>{weights + (before * panels.count + p * part[f].all() + point * part[f].depth) *
                                                      tile_rows},
                      IndirectLines<float>{planes + (q - q0), offset + before + point * part[f].depth},
                      tiles + point * tile_size, cols, false);
              for (std::int64_t i = 0; i < rows; ++i) {
                const float add = bias ? bias[group * c.rows + i0 + i] : 0.0f;
                float* const out = direct ? to + runs[0].at + i * row_size : quads + (f * tile_rows + i) * quad * cols;
                (part[f].infinity > 0 ? combine<true> : combine<false>)(tiles + i * cols, quads_used, add, out, check);
              }
              before += part[f].all();
            }
            if (step > 1)
              interleave(quads, quad * cols, quad * tile_size, step, rows, quad * quads_used,
                         whole ? to + runs[0].at : merged, whole ? row_size : quad * cols * step);
            for (int run = 0; run < count; ++run) {
              if (!whole) {
                check = V{};
                for (std::int64_t i = 0; i < rows; ++i)
                  copy_checked_row(merged + i * quad * cols * step + runs[run].column, runs[run].count,
                                   to + i * row_size + runs[run].at, check);
              }
              if (lane_sum(check) != 0)
                not_finite[static_cast<std::size_t>(runs[run].at / image)].store(true, std::memory_order_relaxed);
            }
          }
          offset += ks;
          weights += ks * panels.count * tile_rows;
        }
      });
    }
  });

  Correlation one = c;
  one.planes.n = 1;
  const std::int64_t source_image = s.groups * s.channels * s.h.size * s.w.size;
  for (std::int64_t n = 0; n < s.n; ++n)
    if (not_finite[static_cast<std::size_t>(n)].load(std::memory_order_relaxed))
      correlate_direct(one, source + n * source_image, weight, bias, target + n * image);
  return true;
}

}  // namespace eg::kernels
