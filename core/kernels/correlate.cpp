#include "kernels/correlate.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <utility>

#include "kernels/runs.h"
#include "kernels/scratch.h"
#include "kernels/tile.h"
#include "kernels/turn.h"

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
constexpr std::int64_t chunk_columns = 64;        // least columns of a task that has more
constexpr std::int64_t chunk_bytes = 384 * 1024;  // most bytes of planes of a task
constexpr std::int64_t serial_work = 1 << 19;     // multiply-adds below which waking a thread costs more

/// Where the weights of a tap go: channel by channel, panel by panel.
struct TapPlace {
  std::int64_t at, channel, panel;
};

/// Weights in panels: [group][part][panel][channel, tap][tile_rows]. With `stack` > 1 that many parts are one, of rows
/// (row, part).
template <class T>
void pack_weights(const Correlation& c, const T* weight, const Panels& panels, std::int64_t stack, T* to) {
  const std::int64_t channels = c.planes.channels;
  std::int64_t kernel = 0;
  for (const auto& part : c.parts) kernel += static_cast<std::int64_t>(part.size());
  TapPlace* const places = scratch<6, TapPlace>(kernel);
  std::int64_t begin = 0;
  for (std::size_t f = 0; f < c.parts.size(); ++f) {
    const auto taps = static_cast<std::int64_t>(c.parts[f].size()), in_stack = static_cast<std::int64_t>(f) % stack;
    for (std::int64_t j = 0; j < taps; ++j)
      places[c.parts[f][static_cast<std::size_t>(j)].index] = {begin + in_stack + j * tile_rows, taps * tile_rows,
                                                               taps * channels * tile_rows};
    if (in_stack == stack - 1) begin += taps * channels * panels.count * tile_rows;
  }
  using Four = Vec<T, 4>;
  for (std::int64_t group = 0; group < c.planes.groups; ++group, to += begin)
    for (std::int64_t p = 0; p < panels.count; ++p) {
      const std::int64_t row = panels.first(p), rows = panels.first(p + 1) - row;
      const T* from = weight + group * c.w_group + row * c.w_row;
      const auto place = [&](std::int64_t tap) { return to + places[tap].at + p * places[tap].panel; };
      if (kernel < 4 || stack > 1) {
        for (std::int64_t tap = 0; tap < kernel; ++tap) {
          T* out = place(tap);
          for (std::int64_t k = 0; k < channels; ++k, out += places[tap].channel)
            for (std::int64_t i = 0; i < rows; ++i) out[i * stack] = from[k * c.w_channel + i * c.w_row + tap];
        }
        continue;
      }
      for (std::int64_t first = 0; first < kernel; first += 4) {  // the last four may overlap those before
        const std::int64_t tap = std::min(first, kernel - 4);
        T* out[4];
        std::int64_t next[4];
        for (int j = 0; j < 4; ++j) out[j] = place(tap + j), next[j] = places[tap + j].channel;
        for (std::int64_t k = 0; k < channels; ++k) {
          Four v[8] = {};
          const T* four = from + k * c.w_channel + tap;
          unrolled<std::min(8, tile_rows)>([&](auto i) {
            if (i < rows) v[i] = load<Four>(four + i * c.w_row);
          });
          Four low[4] = {v[0], v[1], v[2], v[3]}, high[4] = {v[4], v[5], v[6], v[7]};
          turn(low);
          turn(high);
          unrolled<4>([&](auto j) {
            store_first<tile_rows>(out[j], join(low[j], high[j]));
            out[j] += next[j];
          });
        }
      }
    }
}

/// Whether the parts of every h phase read the same places, so that their rows can share a tile: for few rows, as when
/// the kernel is a multiple of the stride.
bool can_stack(const Correlation& c) {
  if (c.w.step == 1 || c.w.step > tile_rows || c.rows >= tile_rows) return false;
  const auto w_parts = static_cast<std::size_t>(c.w.step);
  for (std::size_t i = 0; i < c.parts.size(); ++i) {
    const auto& first = c.parts[i / w_parts * w_parts];
    const auto same = [](const Tap& a, const Tap& b) { return a.shift_h == b.shift_h && a.shift_w == b.shift_w; };
    if (!std::equal(first.begin(), first.end(), c.parts[i].begin(), c.parts[i].end(), same)) return false;
  }
  return true;
}

/// Lets position 0 of both axes have a result in every phase: phases whose first one lies before the target move on by
/// one position. Lines of a power of two then are whole tiles.
void align(Correlation& c) {
  const std::int64_t h = -c.h.start, w = -c.w.start;  // phases to move
  const auto step = c.w.step;
  for (std::int64_t i = 0; i < c.h.step * step; ++i)
    for (Tap& tap : c.parts[static_cast<std::size_t>(i)]) tap.shift_h += i / step < h, tap.shift_w += i % step < w;
  for (std::int64_t a = 0; a < c.h.step; ++a)
    std::rotate(c.parts.begin() + a * step, c.parts.begin() + a * step + w, c.parts.begin() + (a + 1) * step);
  std::rotate(c.parts.begin(), c.parts.begin() + h * step, c.parts.end());
  const auto begin_at_0 = [](PlaneAxis& axis, TargetAxis& target) {
    axis.shifts += target.start < 0;
    if (target.start < 0) axis.outputs = divide_up(target.size, target.step);
    target.start = 0;
  };
  begin_at_0(c.planes.h, c.h);
  begin_at_0(c.planes.w, c.w);
}

/// to[r][j] = planes[offset[r] + j]: the lines of a tile one behind the other.
template <class T>
void gather_lines(const T* planes, const std::int64_t* offset, std::int64_t count, T* to) {
  for (std::int64_t r = 0; r < count; ++r, to += tile_cols<T>)
    for (int v = 0; v < tile_vecs; ++v) store(to + v * lanes<T>, load<Simd<T>>(planes + offset[r] + v * lanes<T>));
}

}  // namespace

template <class T>
void correlate_direct(Correlation c, const T* source, const T* weight, const T* bias, T* target) {
  const std::int64_t stack = can_stack(c) ? c.w.step : 1;
  const Planes& s = c.planes;
  const std::int64_t total = s.n * s.sample_size(), line = s.w.line(), step = c.w.step, row_size = c.h.size * c.w.size;
  const Panels panels(c.rows, tile_rows / stack);
  const std::int64_t cols = vecs_for(static_cast<int>(panels.most() * stack)) * lanes<T>, tile_size = tile_rows * cols;

  // Columns of a task: a fixed part of the work, no more than fits in cache, not much less than the reach.
  const std::int64_t most =
      chunk_bytes / static_cast<std::int64_t>(sizeof(T)) / (s.channels * s.phase_count()) - s.reach();
  std::int64_t chunk = std::max({total / 16, chunk_columns, 3 * s.reach()});
  chunk = std::min(std::max(std::min(chunk, most), 2 * cols), total);
  // Tiles that begin at lines drop nothing, but the last of a line may be narrow.
  const bool by_line = divide_up(s.w.outputs, lanes<T>) * lanes<T> <= line && line <= 2 * chunk;
  chunk = by_line ? divide_up(chunk, line) * line : divide_up(chunk, cols) * cols;
  const std::int64_t chunks = divide_up(total, chunk);
  const std::int64_t plane = plane_length<T>(s, chunk);

  std::int64_t depth = 0, most_depth = 0;  // of all parts, and most of a phase
  for (std::int64_t phase = 0; phase < c.h.step; ++phase) {
    std::int64_t ks = 0;
    for (std::int64_t f = 0; f < step; ++f)
      ks += s.channels * static_cast<std::int64_t>(c.parts[static_cast<std::size_t>(phase * step + f)].size());
    depth += ks;
    most_depth = std::max(most_depth, ks);
  }
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
  const bool packs = total > 2 * (by_line ? line : cols) || stack > 1;
  const std::int64_t group_size = panels.count * tile_rows * (depth / stack),
                     biases = s.groups * panels.count * tile_rows;
  T* const packed_bias = scratch<2, T>(biases + (packs ? s.groups * group_size : 0));
  T* const packed = packed_bias + biases;
  if (packs) pack_weights(c, weight, panels, stack, packed);
  for (std::int64_t group = 0; group < s.groups; ++group)
    for (std::int64_t p = 0; p < panels.count; ++p) {
      const std::int64_t row = panels.first(p), rows = panels.first(p + 1) - row;
      T* const to = packed_bias + (group * panels.count + p) * tile_rows;
      for (std::int64_t i = 0; i < rows * stack; ++i) to[i] = bias ? bias[group * c.rows + row + i / stack] : T(0);
    }
  // Many panels read the lines of a tile: from a copy in the first-level cache.
  const bool gathers = packs && tile_vecs == 1 && panels.count > 2;

  const std::int64_t tasks = s.groups * chunks;
  const std::int64_t work = std::max<std::int64_t>(1, chunk * c.rows * depth);
  const std::int64_t grain = std::max<std::int64_t>(1, std::min(tasks, serial_work / 4 / work));
  detail::parallel_for(tasks, work * tasks < serial_work ? tasks : grain, [&](std::int64_t begin, std::int64_t end) {
    T* const tiles = scratch<4, T>(2 * step * tile_size + lanes<T>);
    T* const merged = tiles + step * tile_size;
    T* const planes = scratch<3, T>(s.channels * s.phase_count() * plane);
    T* const lines = gathers ? scratch<6, T>(most_depth / stack * cols) : nullptr;
    Run runs[most_tile_vecs * lanes<T>];
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / chunks, q0 = task % chunks * chunk, q1 = std::min(total, q0 + chunk);
      fill_planes(s, source, group, q0, divide_up(q1 - q0, lanes<T>) * lanes<T> + q0 + s.reach(), plane, planes);
      // The columns of a tile: [q, q_end), of the whole task or of a line.
      const auto run_columns = [&](std::int64_t q, std::int64_t q_end) {
        const int vecs = static_cast<int>(divide_up(q_end - q, lanes<T>));
        const std::int64_t* offset = offsets;
        const T* a = packed + group * group_size;
        for (std::int64_t phase = 0; phase < c.h.step; ++phase) {
          const auto* part = &c.parts[static_cast<std::size_t>(phase * step)];
          std::int64_t ks = 0;  // depth of the parts of this phase
          for (std::int64_t f = 0; f < step; ++f) ks += s.channels * static_cast<std::int64_t>(part[f].size());
          const int count = find_runs(s, c.rows, c.h, c.w, phase, q, q_end, runs);
          const bool whole = count == 1 && runs[0].count == vecs * lanes<T> * step;
          if (gathers && count > 0) gather_lines(planes + (q - q0), offset, ks / stack, lines);
          for (std::int64_t p = 0; p < panels.count && count > 0; ++p) {
            const std::int64_t i0 = panels.first(p), rows = panels.first(p + 1) - i0;
            T* const to = target + (group * c.rows + i0) * row_size;
            const T* const add = packed_bias + (group * panels.count + p) * tile_rows;
            std::int64_t before = 0;
            for (std::int64_t f = 0; f < step; f += stack) {
              const std::int64_t k = s.channels * static_cast<std::int64_t>(part[f].size());
              const auto run = [&](auto left, auto right) {
                const StoreBiased<T> out = whole && step == 1 ? StoreBiased<T>{to + runs[0].at, row_size, add}
                                                              : StoreBiased<T>{tiles + f * tile_size, cols, add};
                run_tile<Simd<T>, T, most_tile_vecs>(static_cast<int>(rows * stack), vecs, k, left, right, out);
              };
              const PackedRows<T> panel{a + before * panels.count * tile_rows + p * tile_rows * k};
              const IndirectLines<T> right{planes + (q - q0), offset + before * stack};
              if (gathers)
                run(panel, PackedLines<T>{lines + before * tile_cols<T>});
              else if (packs)
                run(panel, right);
              else
                run(IndirectRows<T>{weight + group * c.w_group + i0 * c.w_row, c.w_row,
                                    places + (offset - offsets) + before},
                    right);
              before += k;
            }
            if (step > 1)
              interleave(tiles, stack * cols, stack > 1 ? cols : tile_size, step, rows, vecs * std::int64_t{lanes<T>},
                         whole ? to + runs[0].at : merged, whole ? row_size : step * cols);
            if (whole) continue;
            const T* const from = step > 1 ? merged : tiles;
            for (std::int64_t i = 0; i < rows; ++i)
              for (int run = 0; run < count; ++run)
                copy_row(from + i * cols * step + runs[run].column, runs[run].count, to + i * row_size + runs[run].at);
          }
          offset += ks;
          a += ks / stack * panels.count * tile_rows;
        }
      };
      const std::int64_t span = by_line ? line : q1 - q0, used = by_line ? s.w.outputs : span;
      for (std::int64_t q = q0; q < q1; q += span)
        for (std::int64_t v = 0; v < used; v += cols) run_columns(q + v, q + std::min(v + cols, used));
    }
  });
}

template <class T>
void correlate(Correlation c, const T* source, const T* weight, const T* bias, T* target) {
  if (c.planes.n * c.planes.sample_size() == 0 || c.rows == 0) return;
  if (c.planes.channels == 1 && c.rows == 1 && c.parts.size() == 1)
    return correlate_depthwise(c, source, weight, bias, target);
  if (!can_stack(c)) align(c);
  if constexpr (std::is_same_v<T, float>)
    if (correlate_winograd(c, source, weight, bias, target)) return;
  correlate_direct(std::move(c), source, weight, bias, target);
}

template void correlate(Correlation, const float*, const float*, const float*, float*);
template void correlate_direct(Correlation, const float*, const float*, const float*, float*);
template void correlate(Correlation, const double*, const double*, const double*, double*);

}  // namespace eg::kernels
