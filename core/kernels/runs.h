#pragma once
// From the positions of a correlation to tasks and tiles, and from the tiles to the result: which of their columns are
// results, and where those go.
#include <algorithm>
#include <cstdint>

#include "correlate.h"
#include "lanes.h"

namespace eg::kernels {

/// The positions of all samples cut into chunks, a task each, and those into columns of tiles. A chunk is a fixed part
/// of the work, not much less than the reach, no more than `most` positions, which fit in cache.
template <class T>
struct Cut {
  std::int64_t total, line, outputs, cols, chunk;
  bool by_line;  // tiles that begin at lines drop nothing, but the last of a line may be narrow
  Cut(const Planes& p, std::int64_t least, std::int64_t most, std::int64_t tile_columns)
      : total(p.n * p.sample_size()), line(p.w.line()), outputs(p.w.outputs), cols(tile_columns) {
    const std::int64_t part = std::max({total / 16, least, 3 * p.reach()});
    chunk = std::min(std::max(std::min(part, most), 2 * cols), total);
    by_line = divide_up(outputs, lanes<T>) * lanes<T> <= line && line <= 2 * chunk;
    const std::int64_t unit = by_line ? line : cols;
    chunk = divide_up(chunk, unit) * unit;
  }
  std::int64_t chunks() const { return divide_up(total, chunk); }
  std::int64_t first(std::int64_t task) const { return task * chunk; }
  std::int64_t last(std::int64_t task) const { return std::min(total, (task + 1) * chunk); }
  /// Behind what is computed of a chunk that ends at q: whole vectors.
  std::int64_t computed(std::int64_t task) const {
    return first(task) + divide_up(last(task) - first(task), lanes<T>) * lanes<T>;
  }
  /// f(q, q_end) for the columns [q, q_end) of every tile of a chunk.
  template <class F>
  void for_tiles(std::int64_t task, F f) const {
    const std::int64_t span = by_line ? line : chunk;
    for (std::int64_t q = first(task), end = last(task); q < end; q += span) {
      const std::int64_t used = by_line ? outputs : end - q;
      for (std::int64_t v = 0; v < used; v += cols) f(q + v, q + std::min(v + cols, used));
    }
  }
};

/// Columns [column, column + count) of a tile are neighbours in the result, from `at` of row 0 on.
struct Run {
  std::int64_t column, count, at;
};

/// The runs of positions [q, q1) for h phase `phase`; at most one per position.
inline int find_runs(const Planes& p, std::int64_t rows, TargetAxis h_axis, TargetAxis w_axis, std::int64_t phase,
                     std::int64_t q, std::int64_t q1, Run* runs) {
  const std::int64_t line = p.w.line(), lines = p.h.line(), q0 = q;
  std::int64_t l = q / line, v0 = q - l * line, sample = l / lines, u = l - sample * lines;
  int count = 0;
  while (q < q1) {
    const std::int64_t v1 = std::min(line, v0 + (q1 - q));
    const std::int64_t h = u * h_axis.step + h_axis.start + phase;
    const std::int64_t first = v0 * w_axis.step + w_axis.start;
    const std::int64_t last = std::min(v1, p.w.outputs) * w_axis.step + w_axis.start;
    const std::int64_t a = std::max<std::int64_t>(first, 0), b = std::min(last, w_axis.size);
    if (u < p.h.outputs && h >= 0 && h < h_axis.size && a < b)
      runs[count++] = {(q - q0) * w_axis.step + a - first, b - a,
                       (sample * p.groups * rows * h_axis.size + h) * w_axis.size + a};
    q += v1 - v0;
    v0 = 0;
    if (++u == lines) u = 0, ++sample;
  }
  return count;
}

/// Asks for the memory of the runs in `rows` rows, so that it is there when the products are done.
template <class T>
void prefetch_rows(const Run* runs, int count, std::int64_t rows, const T* to, std::int64_t to_row) {
  for (const Run* run = runs; run != runs + count; ++run)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < run->count + lanes<T>; j += lanes<T>)
        __builtin_prefetch(to + i * to_row + run->at + j, 1);
}

/// to[i to_row + j step + f] = from[i row + f phase + j] for i < rows, j < n (whole vectors), f < step.
template <class T>
void interleave(const T* from, std::int64_t row, std::int64_t phase, std::int64_t step, std::int64_t rows,
                std::int64_t n, T* to, std::int64_t to_row) {
  for (std::int64_t i = 0; i < rows; ++i, from += row, to += to_row) {
    if (step == 2) {
      for (std::int64_t j = 0; j < n; j += lanes<T>) {
        const auto a = load<Simd<T>>(from + j), b = load<Simd<T>>(from + phase + j);
        store(to + 2 * j, interleave_low(a, b));
        store(to + 2 * j + lanes<T>, interleave_high(a, b));
      }
    } else {
      for (std::int64_t f = 0; f < step; ++f)
        for (std::int64_t j = 0; j < n; ++j) to[j * step + f] = from[f * phase + j];
    }
  }
}

}  // namespace eg::kernels
