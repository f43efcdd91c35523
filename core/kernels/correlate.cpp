#include "kernels/correlate.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>

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
// dropped. A task takes a range of q, so only that range, and the largest shift behind it, is ever in planes, in cache.
// Every output is one chain of multiply-adds over (channel, tap), whichever task or tile it is in: its bits depend
// neither on the other samples nor on the threads.
constexpr std::int64_t chunk_columns = 192;       // least columns of a task that has more
constexpr std::int64_t chunk_bytes = 384 * 1024;  // most bytes of planes of a task
constexpr std::int64_t serial_work = 1 << 19;     // multiply-adds below which waking a thread costs more

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Weights in panels of tile_rows rows: [group][part][panel][channel, tap][tile_rows].
template <class T>
void pack_weights(const Correlation& c, const T* weight, T* to) {
  for (std::int64_t group = 0; group < c.groups; ++group)
    for (const CorrelatePart& part : c.parts)
      for (std::int64_t i0 = 0; i0 < c.rows; i0 += tile_rows) {
        const std::int64_t rows = std::min<std::int64_t>(tile_rows, c.rows - i0);
        for (std::int64_t channel = 0; channel < c.channels; ++channel)
          for (const CorrelateTap& tap : part.taps) {
            const T* from = weight + group * c.w_group + i0 * c.w_row + channel * c.w_channel + tap.index;
            for (std::int64_t i = 0; i < rows; ++i) to[i] = from[i * c.w_row];
            for (std::int64_t i = rows; i < tile_rows; ++i) to[i] = 0;
            to += tile_rows;
          }
      }
}

template <class T>
void copy_strided(const T* from, std::int64_t step, std::int64_t n, T* to) {
  if (step == 1) {
    std::copy_n(from, n, to);
  } else if (step == 2) {
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[2 * i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[i * step];
  }
}

/// Flat positions [q0, q1) of the planes of one group; plane p of channel k starts at (k phases + p) plane.
template <class T>
void fill_planes(const Correlation& c, const T* source, std::int64_t group, std::int64_t q0, std::int64_t q1,
                 std::int64_t plane, T* to) {
  const std::int64_t line = c.w.line(), lines = c.h.line();
  const std::int64_t phases = static_cast<std::int64_t>(c.phases.size());
  const std::int64_t image = c.h.size * c.w.size;
  for (std::int64_t p = 0; p < phases; ++p) {
    const std::int64_t h_origin = c.h.origin + c.phases[p].h, w_origin = c.w.origin + c.phases[p].w;
    // First and last element of a line that lies in the source.
    const std::int64_t first = w_origin >= 0 ? 0 : divide_up(-w_origin, c.w.step);
    const std::int64_t last = w_origin >= c.w.size ? 0 : divide_up(c.w.size - w_origin, c.w.step);
    for (std::int64_t q = q0; q < q1;) {
      const std::int64_t l = q / line, v0 = q - l * line, v1 = std::min(line, v0 + (q1 - q));
      const std::int64_t sample = l / lines, h = (l - sample * lines) * c.h.step + h_origin;
      std::int64_t a = std::clamp(first, v0, v1), b = std::clamp(last, a, v1);
      if (sample >= c.n || h < 0 || h >= c.h.size) a = b = v1;
      const T* from =
          source + (sample * c.groups + group) * c.channels * image + h * c.w.size + a * c.w.step + w_origin;
      T* out = to + p * plane + (q - q0);
      for (std::int64_t k = 0; k < c.channels; ++k, out += phases * plane) {
        std::fill_n(out, a - v0, T(0));
        if (b > a) copy_strided(from + k * image, c.w.step, b - a, out + (a - v0));
        std::fill_n(out + (b - v0), v1 - b, T(0));
      }
      q += v1 - v0;
    }
  }
}

/// Columns [column, column + count) of a tile are neighbours in the result, from `at` of row 0 of the group on.
struct Run {
  int column, count;
  std::int64_t at;
};

/// The runs of the outputs at [q, q1) for one part; at most one per position.
int find_runs(const Correlation& c, const CorrelatePart& part, std::int64_t q, std::int64_t q1, Run* runs) {
  const std::int64_t line = c.w.line(), lines = c.h.line(), q0 = q;
  const std::int64_t step = c.w.target_step;
  const std::int64_t v_first = part.start_w >= 0 ? 0 : divide_up(-part.start_w, step);
  const std::int64_t v_last =
      std::min(c.w.outputs, part.start_w >= c.w.target ? 0 : divide_up(c.w.target - part.start_w, step));
  int count = 0;
  while (q < q1) {
    const std::int64_t l = q / line, v0 = q - l * line, v1 = std::min(line, v0 + (q1 - q));
    const std::int64_t sample = l / lines, u = l - sample * lines;
    const std::int64_t h = u * c.h.target_step + part.start_h;
    const std::int64_t a = std::max(v_first, v0), b = std::min(v_last, v1);
    if (sample < c.n && u < c.h.outputs && h >= 0 && h < c.h.target && a < b)
      runs[count++] = {static_cast<int>(q - q0 + a - v0), static_cast<int>(b - a),
                       (sample * c.groups * c.rows * c.h.target + h) * c.w.target + a * step + part.start_w};
    q += v1 - v0;
  }
  return count;
}

template <class T>
inline void store_run(const T* from, std::int64_t n, T bias, T* to, std::int64_t step) {
  if (step == 1) {
    using V = Simd<T>;
    std::int64_t i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>) store(to + i, load<V>(from + i) + bias);
    for (; i < n; ++i) to[i] = from[i] + bias;
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i * step] = from[i] + bias;
  }
}

}  // namespace

template <class T>
void correlate(const Correlation& c, const T* source, const T* weight, const T* bias, T* target) {
  constexpr std::int64_t cols = tile_cols<T>;
  const std::int64_t phases = static_cast<std::int64_t>(c.phases.size());
  const std::int64_t total = c.n * c.h.line() * c.w.line();
  if (total == 0 || c.rows == 0) return;
  const std::int64_t reach = c.h.shifts * c.w.line() + c.w.shifts;
  const std::int64_t panels = divide_up(c.rows, tile_rows);

  // Columns of a task: a fixed part of the work, no more than fits in cache, not much less than the reach.
  const std::int64_t most =
      chunk_bytes / static_cast<std::int64_t>(sizeof(T)) / std::max<std::int64_t>(1, c.channels * phases) - reach;
  std::int64_t chunk = std::max({total / 16, chunk_columns, 3 * reach});
  chunk = std::max(std::min(chunk, most), 2 * cols);
  chunk = divide_up(std::min(chunk, total), cols) * cols;
  const std::int64_t chunks = divide_up(total, chunk);
  // An odd number of cache lines, so that planes do not fall into the same sets of the cache.
  const std::int64_t plane = (divide_up(chunk + reach, lanes<T>) | 1) * lanes<T>;

  std::int64_t taps = 0, longest = 0;
  std::vector<std::int64_t> offsets;
  for (const CorrelatePart& part : c.parts) {
    for (std::int64_t k = 0; k < c.channels; ++k)
      for (const CorrelateTap& tap : part.taps)
        offsets.push_back((k * phases + tap.phase) * plane + tap.shift_h * c.w.line() + tap.shift_w);
    taps += static_cast<std::int64_t>(part.taps.size());
    longest = std::max(longest, static_cast<std::int64_t>(part.taps.size()));
  }
  const std::int64_t depth = c.channels * taps;  // of all parts
  T* const packed = scratch<2, T>(std::max<std::int64_t>(1, c.groups * panels * tile_rows * depth));
  pack_weights(c, weight, packed);

  const std::int64_t tasks = c.groups * chunks;
  const std::int64_t work = std::max<std::int64_t>(1, chunk * c.rows * depth);
  const std::int64_t grain = std::max<std::int64_t>(1, std::min(tasks, serial_work / 4 / work));
  const bool serial = work * tasks < serial_work;
  detail::parallel_for(tasks, serial ? tasks : grain, [&](std::int64_t begin, std::int64_t end) {
    T* const planes = scratch<3, T>(c.channels * phases * plane + cols);
    alignas(64) T edge[tile_rows * cols];
    Run runs[cols];
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / chunks, q0 = task % chunks * chunk, q1 = std::min(total, q0 + chunk);
      fill_planes(c, source, group, q0, q0 + plane, plane, planes);
      for (std::int64_t q = q0; q < q1; q += cols) {
        const std::int64_t width = std::min(cols, q1 - q);
        const int vecs = static_cast<int>(divide_up(width, lanes<T>));
        const std::int64_t* offset = offsets.data();
        const T* a = packed + group * panels * tile_rows * depth;
        for (const CorrelatePart& part : c.parts) {
          const std::int64_t k = c.channels * static_cast<std::int64_t>(part.taps.size());
          const int count = find_runs(c, part, q, q + width, runs);
          if (count > 0)
            for (std::int64_t p = 0; p < panels; ++p) {
              const std::int64_t i0 = p * tile_rows;
              const int rows = static_cast<int>(std::min<std::int64_t>(tile_rows, c.rows - i0));
              run_tile<Simd<T>>(rows, vecs, k, PackedRows<T>{a + p * tile_rows * k},
                                IndirectLines<T>{planes + (q - q0), offset}, edge, cols, false);
              for (int i = 0; i < rows; ++i) {
                const std::int64_t row = group * c.rows + i0 + i;
                T* to = target + row * c.h.target * c.w.target;
                const T add = bias ? bias[row] : T(0);
                for (int r = 0; r < count; ++r)
                  store_run(edge + i * cols + runs[r].column, runs[r].count, add, to + runs[r].at, c.w.target_step);
              }
            }
          offset += k;
          a += panels * tile_rows * k;
        }
      }
    }
  });
}

template void correlate(const Correlation&, const float*, const float*, const float*, float*);
template void correlate(const Correlation&, const double*, const double*, const double*, double*);

}  // namespace eg::kernels
