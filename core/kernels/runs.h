#pragma once
// From the tiles of a correlation to its result: which of their columns are results, and where those go.
#include <algorithm>
#include <cstdint>

#include "correlate.h"
#include "lanes.h"

namespace eg::kernels {

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
