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
// neither on the samples beside it nor on the threads.
constexpr std::int64_t chunk_columns = 64;        // least columns of a task that has more
constexpr std::int64_t chunk_bytes = 384 * 1024;  // most bytes of planes of a task
constexpr std::int64_t serial_work = 1 << 19;     // multiply-adds below which waking a thread costs more
constexpr std::int64_t move_work = 16;            // what a value costs that is put into planes or out of tiles

/// Where the weights of a tap go: channel by channel, panel by panel.
struct TapPlace {
  std::int64_t at, channel, panel;
};

/// Weights in panels: [group][part][panel][channel, tap][tile_rows]. With `stack` > 1 that many parts are one, of rows
/// (row, part).
template <class T>
void pack_weights(const Correlation& c, const T* weight, const Panels& panels, std::int64_t stack, T* to) {
  const std::int64_t channels = c.planes.channels, kernel = c.kernel();
  TapPlace* const places = scratch<6, TapPlace>(kernel);
  std::int64_t begin = 0;
  for (std::size_t f = 0; f < c.parts.size(); ++f) {
    const auto taps = static_cast<std::int64_t>(c.parts[f].size()), in_stack = static_cast<std::int64_t>(f) % stack;
    for (std::int64_t j = 0; j < taps; ++j)
      places[c.parts[f][static_cast<std::size_t>(j)].index] = {begin + in_stack + j * tile_rows, taps * tile_rows,
                                                               taps * channels * tile_rows};
    if (in_stack == stack - 1) begin += taps * channels * panels.count * tile_rows;
  }
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 14) / (channels * kernel * tile_rows));
  detail::parallel_for(c.planes.groups * panels.count, grain, [&](std::int64_t task, std::int64_t end) {
    for (; task < end; ++task) {
      const std::int64_t group = task / panels.count, p = task % panels.count;
      const std::int64_t row = panels.first(p), rows = panels.first(p + 1) - row;
      const T* from = weight + group * c.w_group + row * c.w_row;
      const auto place = [&](std::int64_t tap) { return to + group * begin + places[tap].at + p * places[tap].panel; };
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
          Vec<T, 8> four[4];
          load_columns<tile_rows>(from + k * c.w_channel + tap, c.w_row, rows, four);
          unrolled<4>([&](auto j) {
            store_first<tile_rows>(out[j], four[j]);
            out[j] += next[j];
          });
        }
      }
    }
  });
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

/// What all tasks of correlate_direct read. `stack` parts of a phase share a tile.
template <class T>
struct Direct {
  const Correlation& c;
  const T* source;
  const T* weight;
  T* target;
  std::int64_t stack = can_stack(c) ? c.w.step : 1;
  Panels panels{c.rows, tile_rows / stack};
  int most_rows = static_cast<int>(panels.most() * stack);
  // Columns in registers, where a tile then has more of them; interleave() of two phases takes whole vectors.
  bool registers = c.w.step != 2 && registers_for(most_rows) * register_lanes<T> > vecs_for(most_rows) * lanes<T>;
  std::int64_t unit = registers ? register_lanes<T> : lanes<T>;
  std::int64_t cols = registers ? registers_for(most_rows) * unit : vecs_for(most_rows) * unit;
  std::int64_t tile_size = tile_rows * cols;
  Cut<T> cut{c.planes, chunk_columns,
             chunk_bytes / static_cast<std::int64_t>(sizeof(T)) / (c.planes.channels * c.planes.phase_count()) -
                 c.planes.reach(),
             cols};
  std::int64_t plane = plane_length<T>(c.planes, cut.chunk);
  std::int64_t depth = 0, most_depth = 0;  // of the products of all parts, and most of an h phase
  // Where each (part, channel, tap) lies in the planes, and in the weights of a row.
  const std::int64_t* offsets = nullptr;
  const std::int64_t* places = nullptr;
  const T* bias = nullptr;      // of every panel
  const T* packed = nullptr;    // weights, null where they are read where they are
  std::int64_t group_size = 0;  // of packed weights
  bool gathers = false;         // the lines of a tile are read from a copy in the first-level cache

  const std::vector<Tap>& part(std::int64_t phase, std::int64_t f) const {
    return c.parts[static_cast<std::size_t>(phase * c.w.step + f)];
  }
  std::int64_t part_depth(std::int64_t phase, std::int64_t f) const {
    return c.planes.channels * static_cast<std::int64_t>(part(phase, f).size());
  }
  std::int64_t phase_depth(std::int64_t phase) const {
    std::int64_t sum = 0;
    for (std::int64_t f = 0; f < c.w.step; ++f) sum += part_depth(phase, f);
    return sum;
  }
};

template <class T>
void find_offsets(Direct<T>& d) {
  const Planes& s = d.c.planes;
  for (std::int64_t phase = 0; phase < d.c.h.step; ++phase) {
    d.depth += d.phase_depth(phase);
    d.most_depth = std::max(d.most_depth, d.phase_depth(phase));
  }
  std::int64_t* offset = scratch<5, std::int64_t>(2 * d.depth + 1);
  std::int64_t* place = offset + d.depth;
  d.offsets = offset;
  d.places = place;
  const std::int64_t channel = s.phase_count() * d.plane, w_channel = d.c.w_channel;
  for (const auto& part : d.c.parts) {
    for (const Tap& tap : part) *offset++ = s.offset(tap, 0, d.plane), *place++ = tap.index;
    const auto taps = static_cast<std::int64_t>(part.size());
    for (std::int64_t rest = (s.channels - 1) * taps; rest > 0; --rest, ++offset, ++place)
      *offset = offset[-taps] + channel, *place = place[-taps] + w_channel;
  }
}

/// Weights, where that pays, and bias in panels.
template <class T>
void pack(Direct<T>& d, const T* bias) {
  const Correlation& c = d.c;
  const std::int64_t groups = c.planes.groups, biases = groups * d.panels.count * tile_rows;
  // Weights that are read only once or twice are better read where they are.
  const bool packs = d.cut.total > 2 * (d.cut.by_line ? d.cut.line : d.cols) || d.stack > 1;
  // Many panels read the lines of a tile.
  d.gathers = packs && tile_vecs == 1 && !d.registers && d.panels.count > 2;
  d.group_size = d.panels.count * tile_rows * (d.depth / d.stack);
  T* const packed_bias = scratch<2, T>(biases + (packs ? groups * d.group_size : 0));
  d.bias = packed_bias;
  for (std::int64_t group = 0; group < groups; ++group)
    for (std::int64_t p = 0; p < d.panels.count; ++p) {
      const std::int64_t row = d.panels.first(p), rows = d.panels.first(p + 1) - row;
      T* const to = packed_bias + (group * d.panels.count + p) * tile_rows;
      for (std::int64_t i = 0; i < rows * d.stack; ++i) to[i] = bias ? bias[group * c.rows + row + i / d.stack] : T(0);
    }
  if (!packs) return;
  pack_weights(c, d.weight, d.panels, d.stack, packed_bias + biases);
  d.packed = packed_bias + biases;
}

/// A task's own memory.
template <class T>
struct Workspace {
  T* tiles;   // of the parts of an h phase
  T* merged;  // their columns in turns
  T* lines;   // gathered
};

/// What the parts of an h phase read: weights, packed or in place, and where their lines are.
template <class T>
struct PhaseOperands {
  const T* packed;
  const std::int64_t* places;
  const std::int64_t* offset;
};

/// The sums of panel p, rows [i0, i0 + rows), of an h phase, `at` the positions of the tile in the planes. Into the
/// target where its columns are one run, else into tiles.
template <class T>
void run_panel(const Direct<T>& d, std::int64_t group, std::int64_t phase, PhaseOperands<T> from, std::int64_t p,
               std::int64_t i0, std::int64_t rows, int vecs, const T* at, const Workspace<T>& work, T* whole) {
  const std::int64_t row_size = d.c.h.size * d.c.w.size;
  const T* const bias = d.bias + (group * d.panels.count + p) * tile_rows;
  const T* lines = work.lines;
  for (std::int64_t f = 0; f < d.c.w.step; f += d.stack) {
    const std::int64_t k = d.part_depth(phase, f);
    const int height = static_cast<int>(rows * d.stack);
    const StoreBiased<T> out = whole && d.c.w.step == 1 ? StoreBiased<T>{whole, row_size, bias}
                                                        : StoreBiased<T>{work.tiles + f * d.tile_size, d.cols, bias};
    const auto run = [&](auto left, auto right) {
      run_tile<Simd<T>, T, most_tile_vecs>(height, vecs, k, left, right, out);
    };
    const auto run_in_place = [&](auto left, auto right) {  // lines where they are in the planes
      if constexpr (register_lanes<T> < lanes<T>)
        if (d.registers)
          return run_tile<Vec<T, register_lanes<T>>, T, most_registers>(height, vecs, k, left, right, out);
      run(left, right);
    };
    const PackedRows<T> panel{from.packed + p * k * tile_rows};
    const IndirectLines<T> right{at, from.offset};
    if (d.gathers)
      run(panel, PackedLines<T>{lines});
    else if (d.packed)
      run_in_place(panel, right);
    else
      run_in_place(IndirectRows<T>{d.weight + group * d.c.w_group + i0 * d.c.w_row, d.c.w_row, from.places}, right);
    lines += k * tile_cols<T>;
    from.packed += k * d.panels.count * tile_rows;
    from.places += k;
    from.offset += k * d.stack;
  }
}

/// The columns [q, q_end) of a task, `at` their positions in its planes.
template <class T>
void run_columns(const Direct<T>& d, std::int64_t group, std::int64_t q, std::int64_t q_end, const T* at,
                 const Workspace<T>& work) {
  const Correlation& c = d.c;
  const std::int64_t step = c.w.step, row_size = c.h.size * c.w.size;
  const int vecs = static_cast<int>(divide_up(q_end - q, d.unit));
  const std::int64_t columns = vecs * d.unit;
  Run runs[most_tile_vecs * lanes<T>];
  PhaseOperands<T> from{d.packed + group * d.group_size, d.places, d.offsets};
  for (std::int64_t phase = 0; phase < c.h.step; ++phase) {
    const std::int64_t depth = d.phase_depth(phase), terms = depth / d.stack;
    const int count = find_runs(c.planes, c.rows, c.h, c.w, phase, q, q_end, runs);
    const bool whole = count == 1 && runs[0].count == columns * step;
    if (d.gathers && count > 0) gather_lines(at, from.offset, terms, work.lines);
    for (std::int64_t p = 0, i0 = 0, rows; p < d.panels.count && count > 0; ++p, i0 += rows) {
      rows = d.panels.first(p + 1) - i0;
      T* const to = d.target + (group * c.rows + i0) * row_size;
      run_panel(d, group, phase, from, p, i0, rows, vecs, at, work, whole ? to + runs[0].at : nullptr);
      if (step > 1)
        interleave(work.tiles, d.stack * d.cols, d.stack > 1 ? d.cols : d.tile_size, step, rows, columns,
                   whole ? to + runs[0].at : work.merged, whole ? row_size : step * d.cols);
      if (whole) continue;
      const T* const columns_of = step > 1 ? work.merged : work.tiles;
      for (std::int64_t i = 0; i < rows; ++i)
        for (int run = 0; run < count; ++run)
          copy_row(columns_of + i * d.cols * step + runs[run].column, runs[run].count,
                   to + i * row_size + runs[run].at);
    }
    from.packed += terms * d.panels.count * tile_rows;
    from.places += depth;
    from.offset += depth;
  }
}

}  // namespace

template <class T>
void correlate_direct(const Correlation& c, const T* source, const T* weight, const T* bias, T* target) {
  const Planes& s = c.planes;
  Direct<T> d{.c = c, .source = source, .weight = weight, .target = target};
  find_offsets(d);
  pack(d, bias);
  const std::int64_t chunks = d.cut.chunks(), tasks = s.groups * chunks;
  const std::int64_t moves = s.channels * s.phase_count() + c.rows * c.h.step * c.w.step;
  const std::int64_t work = d.cut.chunk * (c.rows * d.depth + move_work * moves);
  const std::int64_t grain = std::max<std::int64_t>(1, std::min(tasks, serial_work / 4 / work));
  detail::parallel_for(tasks, work * tasks < serial_work ? tasks : grain, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t tiles = c.w.step * d.tile_size;
    T* const results = scratch<4, T>(2 * tiles + lanes<T>);
    T* const planes = scratch<3, T>(s.channels * s.phase_count() * d.plane);
    const Workspace<T> space{results, results + tiles,
                             d.gathers ? scratch<6, T>(d.most_depth / d.stack * d.cols) : nullptr};
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / chunks, part = task % chunks, q0 = d.cut.first(part);
      fill_planes(s, source, group, q0, d.cut.computed(part) + s.reach(), d.plane, planes);
      d.cut.for_tiles(
          part, [&](std::int64_t q, std::int64_t q_end) { run_columns(d, group, q, q_end, planes + (q - q0), space); });
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
  correlate_direct(c, source, weight, bias, target);
}

template void correlate(Correlation, const float*, const float*, const float*, float*);
template void correlate_direct(const Correlation&, const float*, const float*, const float*, float*);
template void correlate(Correlation, const double*, const double*, const double*, double*);

}  // namespace eg::kernels
