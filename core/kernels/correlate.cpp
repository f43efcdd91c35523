#include "kernels/correlate.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>

#include "kernels/runs.h"
#include "kernels/scratch.h"
#include "kernels/tile.h"

namespace eg::kernels {
namespace {

// Note [Convolution without im2col]
// The source is copied, zero padded, into planes: one per channel and phase, where a phase holds every stride-th
// element of both axes. A plane is all samples behind one another, each of h.line() lines of w.line() elements, and
// output (n, u, v) has the flat position q = (n h.line() + u) w.line() + v. Then every tap of the kernel is the plane
// at q + shift: the convolution is a product whose right operand has row (channel, tap) at a fixed offset in the
// planes, and the tiles read it there. Positions q that are no output (the last `shifts` of a line) are computed and
// dropped.
// A task takes a range of q, so only that range, and the largest shift behind it, is ever in planes, in cache.
// Every output is one chain of multiply-adds over (channel, tap), whichever task or tile it is in: its bits depend
// neither on the other samples nor on the threads.
constexpr std::int64_t chunk_columns = 192;       // least columns of a task that has more
constexpr std::int64_t chunk_bytes = 384 * 1024;  // most bytes of planes of a task
constexpr std::int64_t serial_work = 1 << 19;     // multiply-adds below which waking a thread costs more

/// Weights in panels of tile_rows rows: [group][part][panel][channel, tap][tile_rows]. Row i of the weights has element
/// r of a part at places[r]. With `stack` > 1 that many parts are one, of rows (row, part).
template <class T>
void pack_weights(const Correlation& c, const T* weight, const std::int64_t* places, std::int64_t stack, T* to) {
  for (std::int64_t group = 0; group < c.planes.groups; ++group) {
    const std::int64_t* place = places;
    for (std::size_t part = 0; part < c.parts.size(); part += static_cast<std::size_t>(stack)) {
      const std::int64_t k = c.planes.channels * static_cast<std::int64_t>(c.parts[part].size());
      for (std::int64_t i = 0; i < c.rows * stack; ++i) {
        const T* from = weight + group * c.w_group + i / stack * c.w_row;
        const std::int64_t* at = place + i % stack * k;
        T* out = to + i / tile_rows * tile_rows * k + i % tile_rows;
        for (std::int64_t r = 0; r < k; ++r) out[r * tile_rows] = from[at[r]];
      }
      place += k * stack;
      to += divide_up(c.rows * stack, tile_rows) * tile_rows * k;
    }
  }
}

/// Whether the parts of every h phase read the same places, so that their rows can share a tile: for few rows, as when
/// the kernel is a multiple of the stride.
bool can_stack(const Correlation& c) {
  if (c.w.step == 1 || tile_rows % c.w.step != 0 || c.rows >= tile_rows) return false;
  const auto w_parts = static_cast<std::size_t>(c.w.step);
  for (std::size_t i = 0; i < c.parts.size(); ++i) {
    const auto& first = c.parts[i / w_parts * w_parts];
    const auto same = [](const Tap& a, const Tap& b) { return a.shift_h == b.shift_h && a.shift_w == b.shift_w; };
    if (!std::equal(first.begin(), first.end(), c.parts[i].begin(), c.parts[i].end(), same)) return false;
  }
  return true;
}

}  // namespace

template <class T>
void correlate_direct(const Correlation& c, const T* source, const T* weight, const T* bias, T* target) {
  constexpr std::int64_t cols = tile_cols<T>, tile_size = tile_rows * cols;
  const Planes& s = c.planes;
  const std::int64_t total = s.n * s.sample_size(), step = c.w.step;
  const std::int64_t stack = can_stack(c) ? step : 1, tile_channels = tile_rows / stack;
  const std::int64_t panels = divide_up(c.rows, tile_channels);

  // Columns of a task: a fixed part of the work, no more than fits in cache, not much less than the reach.
  const std::int64_t most =
      chunk_bytes / static_cast<std::int64_t>(sizeof(T)) / (s.channels * s.phase_count()) - s.reach();
  std::int64_t chunk = std::max({total / 16, chunk_columns, 3 * s.reach()});
  chunk = std::max(std::min(chunk, most), 2 * cols);
  chunk = divide_up(std::min(chunk, total), cols) * cols;
  const std::int64_t chunks = divide_up(total, chunk);
  const std::int64_t plane = plane_length<T>(s, chunk);

  std::int64_t depth = 0;  // of all parts
  for (const auto& part : c.parts) depth += s.channels * static_cast<std::int64_t>(part.size());
  // Where each (part, channel, tap) lies in the planes, and in the weights of a row.
  std::int64_t* const offsets = scratch<5, std::int64_t>(2 * depth + 1);
  std::int64_t* const places = offsets + depth;
  std::int64_t r = 0;
  for (const auto& part : c.parts)
    for (std::int64_t k = 0; k < s.channels; ++k)
      for (const Tap& tap : part) {
        places[r] = k * c.w_channel + tap.index;
        offsets[r++] = s.offset(tap, k, plane);
      }
  // Weights that are read only once or twice are better read where they are.
  const bool packs = total > 2 * cols || stack > 1;
  const std::int64_t group_size = panels * tile_rows * (depth / stack);
  T* const packed = scratch<2, T>(packs ? s.groups * group_size + 1 : 1);
  if (packs) pack_weights(c, weight, places, stack, packed);

  const std::int64_t tasks = s.groups * chunks;
  const std::int64_t work = std::max<std::int64_t>(1, chunk * c.rows * depth);
  const std::int64_t grain = std::max<std::int64_t>(1, std::min(tasks, serial_work / 4 / work));
  detail::parallel_for(tasks, work * tasks < serial_work ? tasks : grain, [&](std::int64_t begin, std::int64_t end) {
    T* const tiles = scratch<4, T>(2 * step * tile_size + lanes<T>);
    T* const merged = step == 1 ? tiles : tiles + step * tile_size;
    T* const planes = scratch<3, T>(s.channels * s.phase_count() * plane);
    Run runs[cols];
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / chunks, q0 = task % chunks * chunk, q1 = std::min(total, q0 + chunk);
      fill_planes(s, source, group, q0, divide_up(q1 - q0, cols) * cols + q0 + s.reach(), plane, planes);
      for (std::int64_t q = q0; q < q1; q += cols) {
        const int vecs = static_cast<int>(divide_up(std::min(cols, q1 - q), lanes<T>));
        const std::int64_t* offset = offsets;
        const T* a = packed + group * group_size;
        for (std::int64_t phase = 0; phase < c.h.step; ++phase) {
          const auto* part = &c.parts[static_cast<std::size_t>(phase * step)];
          std::int64_t ks = 0;  // depth of the parts of this phase
          for (std::int64_t f = 0; f < step; ++f) ks += s.channels * static_cast<std::int64_t>(part[f].size());
          const int count = find_runs(s, c.rows, c.h, c.w, phase, q, std::min(q + cols, q1), runs);
          for (std::int64_t p = 0; p < panels && count > 0; ++p) {
            const std::int64_t i0 = p * tile_channels, rows = std::min(tile_channels, c.rows - i0);
            std::int64_t before = 0;
            for (std::int64_t f = 0; f < step; f += stack) {
              const std::int64_t k = s.channels * static_cast<std::int64_t>(part[f].size());
              const IndirectLines<T> right{planes + (q - q0), offset + before * stack};
              T* to = tiles + f * tile_size;
              if (packs)
                run_tile<Simd<T>>(static_cast<int>(rows * stack), vecs, k,
                                  PackedRows<T>{a + before * panels * tile_rows + p * tile_rows * k}, right, to, cols,
                                  false);
              else
                run_tile<Simd<T>>(static_cast<int>(rows), vecs, k,
                                  IndirectRows<T>{weight + group * c.w_group + i0 * c.w_row, c.w_row,
                                                  places + (offset - offsets) + before},
                                  right, to, cols, false);
              before += k;
            }
            if (step > 1)
              interleave(tiles, stack * cols, stack > 1 ? cols : tile_size, step, rows, vecs * std::int64_t{lanes<T>},
                         merged, step * cols);
            for (std::int64_t i = 0; i < rows; ++i) {
              const std::int64_t row = group * c.rows + i0 + i;
              T* to = target + row * c.h.size * c.w.size;
              const T add = bias ? bias[row] : T(0);
              for (int run = 0; run < count; ++run)
                add_row(merged + i * cols * step + runs[run].column, runs[run].count, add, to + runs[run].at);
            }
          }
          offset += ks;
          a += ks / stack * panels * tile_rows;
        }
      }
    }
  });
}

template <class T>
void correlate(const Correlation& c, const T* source, const T* weight, const T* bias, T* target) {
  if (c.planes.n * c.planes.sample_size() == 0 || c.rows == 0) return;
  if (c.planes.channels == 1 && c.rows == 1 && c.parts.size() == 1)
    return correlate_depthwise(c, source, weight, bias, target);
  if constexpr (std::is_same_v<T, float>)
    if (correlate_winograd(c, source, weight, bias, target)) return;
  correlate_direct(c, source, weight, bias, target);
}

template void correlate(const Correlation&, const float*, const float*, const float*, float*);
template void correlate_direct(const Correlation&, const float*, const float*, const float*, float*);
template void correlate(const Correlation&, const double*, const double*, const double*, double*);

}  // namespace eg::kernels
