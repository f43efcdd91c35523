#include "kernels/winograd.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <atomic>

#include "kernels/correlate.h"
#include "kernels/runs.h"
#include "kernels/scratch.h"
#include "kernels/tile.h"

namespace eg::kernels {
namespace {

using V = Simd<float>;
constexpr std::int64_t cols = tile_cols<float>, tile_size = tile_rows * cols;
constexpr std::int64_t chunk_bytes = 256 * 1024;  // most bytes of transformed input of a task

/// The products of a part: for every point the depth, and where offsets and transformed weights of that depth begin.
struct Operand {
  std::int64_t depth = 0, offsets = 0, packed = 0;
};

/// All (part, point): one behind the other. Returns the depth of all.
std::int64_t lay_out(const WinogradPlanes& w, std::int64_t rows, std::vector<Operand>& operands) {
  std::int64_t depth = 0;
  for (const std::vector<TapGroup>& groups : w.parts)
    for (int point = 0; point < points; ++point) {
      Operand o{0, depth, depth * rows};
      for (const TapGroup& g : groups) o.depth += g.has(point) ? w.pairs.channels : 0;
      depth += o.depth;
      operands.push_back(o);
    }
  return depth;
}

/// Where every (group of taps, channel) lies in the transformed input.
void find_offsets(const WinogradPlanes& w, const std::vector<Operand>& operands, std::int64_t plane, std::int64_t* to) {
  for (std::size_t part = 0; part < w.parts.size(); ++part)
    for (int point = 0; point < points; ++point) {
      std::int64_t* out = to + operands[part * points + static_cast<std::size_t>(point)].offsets;
      for (const TapGroup& g : w.parts[part])
        for (std::int64_t k = 0; k < w.pairs.channels && g.has(point); ++k) *out++ = w.offset(g, point, k, plane);
    }
}

/// A group of taps of a channel at the points, for the rows of a panel; w_row apart. Weights have the order of `tile`.
void transform_taps(const TapGroup& g, const float* w, std::int64_t w_row, std::int64_t rows,
                    float* const (&to)[points]) {
  float tap[3][tile_rows] = {};
  for (std::int64_t j = 0; j < g.taps; ++j)
    for (std::int64_t i = 0; i < rows; ++i) tap[j][i] = w[i * w_row + g.index[j]];
  for (int i = 0; i < tile_rows; ++i) {
    const float first = tap[0][i], last = tap[g.taps - 1][i];
    to[at_zero][i] = first;
    to[at_infinity][i] = last;
    if (g.taps == 2) {
      to[at_one][i] = first + last;
    } else {
      to[at_one][i] = 0.5f * (first + last) + 0.5f * tap[1][i];
      to[at_minus_one][i] = 0.5f * (first + last) - 0.5f * tap[1][i];
    }
  }
}

/// All weights, in panels of tile_rows rows: [group][part][point][panel][group of taps, channel][tile_rows].
void pack_transformed(const Correlation& c, const WinogradPlanes& w, const std::vector<Operand>& operands,
                      std::int64_t depth, const float* weight, float* to) {
  const std::int64_t panels = divide_up(c.rows, tile_rows);
  for (std::int64_t group = 0; group < w.pairs.groups; ++group, to += depth * panels * tile_rows)
    for (std::size_t part = 0; part < w.parts.size(); ++part)
      for (std::int64_t row = 0; row < c.rows; row += tile_rows) {
        float* at[points];
        for (std::size_t point = 0; point < points; ++point) {
          const Operand& o = operands[part * points + point];
          at[point] = to + o.packed + row * o.depth;
        }
        const float* from = weight + group * c.w_group + row * c.w_row;
        for (const TapGroup& g : w.parts[part])
          for (std::int64_t k = 0; k < w.pairs.channels; ++k) {
            transform_taps(g, from + k * c.w_channel, c.w_row, std::min<std::int64_t>(tile_rows, c.rows - row), at);
            for (int point = 0; point < points; ++point) at[point] += g.has(point) ? tile_rows : 0;
          }
      }
}

/// y0 and y1 of the tiles at the points, as neighbours: rows of 2 cols.
void combine(const float* m, bool minus_one, std::int64_t rows, std::int64_t n, float* to) {
  for (std::int64_t i = 0; i < rows; ++i, m += cols, to += 2 * cols)
    for (std::int64_t j = 0; j < n; j += lanes<float>) {
      const V one = load<V>(m + at_one * tile_size + j);
      V y0 = one, y1 = one;
      if (minus_one) {
        const V minus = load<V>(m + at_minus_one * tile_size + j);
        y0 += minus;
        y1 -= minus;
      }
      y0 += load<V>(m + at_zero * tile_size + j);
      y1 += load<V>(m + at_infinity * tile_size + j);
      store(to + 2 * j, interleave_low(y0, y1));
      store(to + 2 * j + lanes<float>, interleave_high(y0, y1));
    }
}

/// add_row. Adds 0 to `check` in every lane if all results are finite, else NaN in some.
void add_checked_row(const float* from, std::int64_t n, float add, float* to, V& check) {
  std::int64_t i = 0;
  for (; i + lanes<float> <= n; i += lanes<float>) {
    const V v = load<V>(from + i) + add;
    store(to + i, v);
    check += v * 0.0f;
  }
  if (i == n) return;
  add_row(from + i, n - i, add, to + i);
  float last[lanes<float>] = {};
  copy_tail(to + i, n - i, last);
  check += load<V>(last) * 0.0f;
}

}  // namespace

bool correlate_winograd(const Correlation& c, const float* source, const float* weight, const float* bias,
                        float* target) {
  WinogradPlanes w;
  if (!winograd_planes(c.planes, c.parts, c.rows, w)) return false;
  const Planes& s = w.pairs;
  const std::int64_t total = s.n * s.sample_size(), step = c.w.step, panels = divide_up(c.rows, tile_rows);
  const TargetAxis w_axis{c.w.size, 2 * step, c.w.start};

  const std::int64_t most =
      chunk_bytes / static_cast<std::int64_t>(sizeof(float)) / (s.channels * w.plane_count) - s.reach();
  std::int64_t chunk = std::max({total / 16, 2 * cols, 3 * s.reach()});
  chunk = std::max(std::min(chunk, most), 2 * cols);
  chunk = divide_up(std::min(chunk, total), cols) * cols;
  const std::int64_t chunks = divide_up(total, chunk);
  const std::int64_t plane = plane_length<float>(s, chunk);

  std::vector<Operand> operands;
  const std::int64_t depth = lay_out(w, panels * tile_rows, operands);
  std::int64_t* const offsets = scratch<5, std::int64_t>(depth);
  float* const packed = scratch<2, float>(s.groups * depth * panels * tile_rows);
  find_offsets(w, operands, plane, offsets);
  pack_transformed(c, w, operands, depth, weight, packed);

  std::vector<std::atomic<bool>> not_finite(static_cast<std::size_t>(s.n));
  const std::int64_t row_size = c.h.size * c.w.size, image = s.groups * c.rows * row_size;
  detail::parallel_for(s.groups * chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    float* const tiles = scratch<4, float>((points + 4 * step) * tile_size);
    float* const pairs = tiles + points * tile_size;
    float* const merged = step == 1 ? pairs : pairs + 2 * step * tile_size;
    float* const planes = scratch<3, float>(s.channels * w.plane_count * plane);
    Run runs[cols];
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / chunks, q0 = task % chunks * chunk, q1 = std::min(total, q0 + chunk);
      fill_winograd(w, source, group, q0, divide_up(q1 - q0, cols) * cols + q0 + s.reach(), plane, planes);
      for (std::int64_t q = q0; q < q1; q += cols) {
        const int vecs = static_cast<int>(divide_up(std::min(cols, q1 - q), lanes<float>));
        for (std::int64_t phase = 0; phase < c.h.step; ++phase) {
          const int count = find_runs(s, c.rows, c.h, w_axis, phase, q, std::min(q + cols, q1), runs);
          for (std::int64_t p = 0; p < panels && count > 0; ++p) {
            const std::int64_t i0 = p * tile_rows, rows = std::min<std::int64_t>(tile_rows, c.rows - i0);
            prefetch_rows(runs, count, rows, target + (group * c.rows + i0) * row_size, row_size);
            for (std::int64_t f = 0; f < step; ++f) {
              const Operand* o = &operands[static_cast<std::size_t>(phase * step + f) * points];
              for (int point = 0; point < points; ++point)
                if (o[point].depth > 0)
                  run_tile<V>(static_cast<int>(rows), vecs, o[point].depth,
                              PackedRows<float>{packed + group * depth * panels * tile_rows + o[point].packed +
                                                i0 * o[point].depth},
                              IndirectLines<float>{planes + (q - q0), offsets + o[point].offsets},
                              tiles + point * tile_size, cols, false);
              combine(tiles, o[at_minus_one].depth > 0, rows, vecs * std::int64_t{lanes<float>},
                      pairs + f * 2 * tile_size);
            }
            if (step > 1)
              interleave(pairs, 2 * cols, 2 * tile_size, step, rows, 2 * vecs * std::int64_t{lanes<float>}, merged,
                         2 * cols * step);
            for (int run = 0; run < count; ++run) {
              V check{};
              for (std::int64_t i = 0; i < rows; ++i) {
                const std::int64_t row = group * c.rows + i0 + i;
                add_checked_row(merged + i * 2 * cols * step + runs[run].column, runs[run].count,
                                bias ? bias[row] : 0.0f, target + row * row_size + runs[run].at, check);
              }
              if (lane_sum(check) != 0)
                not_finite[static_cast<std::size_t>(runs[run].at / image)].store(true, std::memory_order_relaxed);
            }
          }
        }
      }
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
