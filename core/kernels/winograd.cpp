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

using V = UnitVector;
constexpr std::int64_t cols = tile_cols<float>, tile_size = tile_rows * cols;
constexpr std::int64_t chunk_bytes = 256 * 1024;  // most bytes of transformed input of a task
constexpr std::int64_t least_positions = 128;     // of short lines
constexpr std::int64_t taps_at_once = 512;        // of a panel: half of the first-level cache

using Rows = Vec<float, 8>;  // a value of each row of a panel

/// The taps of a channel for the rows of a panel, w_row apart.
void load_taps(const float* w, std::int64_t w_row, std::int64_t rows, std::int64_t kernel, Rows* tap) {
  if (kernel < 4) {
    for (std::int64_t t = 0; t < kernel; ++t) tap[t] = [&]<int... i>(std::integer_sequence<int, i...>) {
        return Rows{(i < tile_rows ? w[std::min<std::int64_t>(i, rows - 1) * w_row + t] : 0.0f)...};
      }
    (std::make_integer_sequence<int, lanes_of<Rows>>{});
    return;
  }
  for (std::int64_t first = 0; first < kernel; first += 4) {  // the last four may overlap those before
    const std::int64_t t = std::min(first, kernel - 4);
    load_columns<tile_rows>(w + t, w_row, rows, tap + t);
  }
}

/// A group of taps of `count` channels at the points, `step` apart; those of a channel are `kernel` behind one another.
/// The lanes behind the rows of a panel go where those of the next channel will: not behind the channel at `last`.
template <bool infinity>
void transform_taps(const TapGroup& g, const Rows* tap, std::int64_t kernel, std::int64_t count, const Rows* last,
                    float* to, std::int64_t step) {
  const Rows none{};
  const Rows* second = g.index[1] >= 0 ? tap + g.index[1] : &none;
  const std::int64_t second_step = g.index[1] >= 0 ? kernel : 0;
  for (std::int64_t k = 0; k < count; ++k, tap += kernel, second += second_step, to += tile_rows) {
    const Rows t0 = tap[g.index[0]], t1 = *second, t2 = infinity ? tap[g.index[2]] : none;
    Rows ea = (-2.0f / 3) * t0, eb = (1.0f / 6) * t0;
    if constexpr (infinity) ea -= (1.0f / 3) * t2, eb += (1.0f / 3) * t2;
    const Rows oa = (-2.0f / 3 * point_a) * t1, ob = (1.0f / 6 * point_b) * t1;
    const Rows at[points] = {t0, ea + oa, ea - oa, eb + ob, eb - ob, t2};
    for (int point = 0; point < points - (infinity ? 0 : 1); ++point) {
      if (tap == last)
        store_first<tile_rows>(to + point * step, at[point]);
      else
        store_at_least<tile_rows>(to + point * step, at[point]);
    }
  }
}

/// All weights, in panels: [group][part][panel][point][group of taps, channel][tile_rows].
void pack_transformed(const Correlation& c, const WinogradPlanes& w, const float* weight, const Panels& panels,
                      std::int64_t group_size, float* to) {
  const std::int64_t channels = w.quads.channels, kernel = c.kernel();
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 14) * panels.count / group_size);
  const std::int64_t band = std::clamp<std::int64_t>(taps_at_once / kernel, 1, channels);
  detail::parallel_for(w.quads.groups * panels.count, grain, [&](std::int64_t begin, std::int64_t end) {
    Rows* const taps = scratch<6, Rows>(band * kernel);
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / panels.count, p = task % panels.count;
      const std::int64_t row = panels.first(p), rows = panels.first(p + 1) - row;
      const float* from = weight + group * c.w_group + row * c.w_row;
      for (std::int64_t k0 = 0; k0 < channels; k0 += band) {
        const std::int64_t count = std::min(band, channels - k0);
        for (std::int64_t k = 0; k < count; ++k)
          load_taps(from + (k0 + k) * c.w_channel, c.w_row, rows, kernel, taps + k * kernel);
        const Rows* const last = k0 + count == channels ? taps + (count - 1) * kernel : nullptr;
        float* part_at = to + group * group_size;
        for (const WinogradPlanes::Part& part : w.parts) {
          float* at = part_at + (p * part.all() + k0) * tile_rows;
          for (const TapGroup& g : part.groups) {
            (g.has(at_infinity) ? transform_taps<true> : transform_taps<false>)(g, taps, kernel, count, last, at,
                                                                                part.depth * tile_rows);
            at += channels * tile_rows;
          }
          part_at += panels.count * part.all() * tile_rows;
        }
      }
    }
  });
}

/// The outputs y[0 .. 3] of some quads of a row from the tiles at the points, `add` added. Adds 0 to the lanes of
/// `check` that are finite, else NaN (or where the sum of the four overflows).
inline void combine(const float* m, bool infinity, float add, V (&y)[quad], V& check) {
  constexpr float a = point_a, b = point_b;
  const auto at = [&](int point) { return load<V>(m + point * tile_size); };
  const V pa = at(at_a), na = at(at_minus_a), pb = at(at_b), nb = at(at_minus_b);
  const V sa = pa + na, da = pa - na, sb = pb + nb, db = pb - nb;
  y[0] = at(at_zero) + (sa + sb), y[1] = a * da + b * db, y[2] = 0.5f * sa + 2 * sb;
  y[3] = (a * a * a) * da + (b * b * b) * db;
  if (infinity) y[3] += at(at_infinity);
  for (V& v : y) v += add;
  check += ((y[0] + y[1]) + (y[2] + y[3])) * 0.0f;
}

/// The lanes of one unit.
template <class W>
Vec<float, unit_quads> lanes_of_unit(W v, std::int64_t unit) {
  if constexpr (lanes_of<W> == unit_quads)
    return v;
  else
    return unit == 0 ? low_half(v) : high_half(v);
}

/// Where the outputs of a tile go, a unit of four quads at a time: to row i at to + at[unit] + i row, or nowhere (-1).
struct Outputs {
  float* to;
  std::int64_t row, count;  // of units
  std::int64_t at[cols / unit_quads];
  V check[cols / lanes_of<V>];  // see combine()

  /// f(place of row i, part) for the units that the parts of a vector go to.
  template <class F>
  void each_unit(std::int64_t i, std::int64_t unit, F f) const {
    for (int part = 0; part < vector_units; ++part)
      if (at[unit + part] >= 0) f(to + i * row + at[unit + part], part);
  }
  /// Lane t of y[j] as output j of quad t.
  void store_one(std::int64_t i, std::int64_t unit, const V (&y)[quad]) const {
    V w[quad];
    turn_within(y, w);
    each_unit(i, unit, [&](float* place, int part) {
      for (int q = 0; q < quad; ++q) store(place + quad * q, lanes_of_unit(w[q], part));
    });
  }
  /// Of two phases in turns.
  void store_two(std::int64_t i, std::int64_t unit, const V (&y)[2][quad]) const {
    V w[2][quad];
    for (int half = 0; half < 2; ++half) {
      const V turns[quad] = {y[0][2 * half], y[1][2 * half], y[0][2 * half + 1], y[1][2 * half + 1]};
      turn_within(turns, w[half]);
    }
    each_unit(i, unit, [&](float* place, int part) {
      for (int q = 0; q < 2 * quad; ++q) store(place + quad * q, lanes_of_unit(w[q % 2][q / 2], part));
    });
  }
  /// Of phase f of many.
  void store_phase(std::int64_t i, std::int64_t unit, const V (&y)[quad], std::int64_t f, std::int64_t step) const {
    each_unit(i, unit, [&](float* place, int part) {
      for (int j = 0; j < quad; ++j) {
        const auto v = lanes_of_unit(y[j], part);
        for (int t = 0; t < unit_quads; ++t) place[(quad * t + j) * step + f] = v[t];
      }
    });
  }
};

/// Whole units go to the target, at the places of the runs; if the runs cut any, all go to `merged` first.
/// Returns which.
bool place_outputs(const Run* runs, int count, std::int64_t step, std::int64_t quads, Outputs& out) {
  const std::int64_t unit = unit_quads * quad * step;
  out.count = quads / unit_quads;
  bool whole = true;
  for (const Run* run = runs; run != runs + count; ++run)
    whole = whole && run->column % unit == 0 && run->count % unit == 0;
  for (std::int64_t u = 0; u < out.count; ++u) out.at[u] = whole ? -1 : u * unit;
  for (const Run* run = runs; whole && run != runs + count; ++run)
    for (std::int64_t i = 0; i < run->count / unit; ++i) out.at[run->column / unit + i] = run->at + i * unit;
  return whole;
}

/// The outputs of a panel of rows from the tiles of all phases and points. `phases` is 1, 2, or 0 for any number.
template <int phases>
void combine_panel(const float* tiles, const WinogradPlanes::Part* part, std::int64_t step, std::int64_t rows,
                   const float* bias, Outputs& out) {
  for (V& v : out.check) v = V{};
  for (std::int64_t i = 0; i < rows; ++i) {
    const float add = bias ? bias[i] : 0.0f;
    for (std::int64_t unit = 0; unit < out.count; unit += vector_units) {
      V y[2][quad];
      for (std::int64_t f = 0; f < (phases ? phases : step); ++f) {
        V(&of_phase)[quad] = y[phases == 2 ? f : 0];
        combine(tiles + f * points * tile_size + i * cols + unit_quads * unit, part[f].infinity > 0, add, of_phase,
                out.check[unit / vector_units]);
        if constexpr (phases == 0) out.store_phase(i, unit, of_phase, f, step);
      }
      if constexpr (phases == 1) out.store_one(i, unit, y[0]);
      if constexpr (phases == 2) out.store_two(i, unit, y);
    }
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
  if (!winograd_planes(c.planes, c.parts, c.rows, least_positions, w)) return false;
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
  std::int64_t* next = offsets;
  for (const WinogradPlanes::Part& part : w.parts) next = w.find_offsets(part, s.channels, plane, next);
  pack_transformed(c, w, weight, panels, group_size, packed);

  std::vector<std::atomic<bool>> not_finite(static_cast<std::size_t>(s.n));
  const std::int64_t row_size = c.h.size * c.w.size, image = s.groups * c.rows * row_size;
  detail::parallel_for(s.groups * chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    float* const tiles = scratch<4, float>((points + quad) * step * tile_size);
    float* const merged = tiles + points * step * tile_size;  // rows of a panel, phases in turns
    const std::int64_t merged_row = quad * step * cols;
    float* const planes = scratch<3, float>(s.channels * w.plane_count * plane);
    Run runs[cols];
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / chunks, chunk = task % chunks, q0 = cut.first(chunk);
      fill_winograd(w, source, group, 0, s.channels, q0, cut.computed(chunk) + s.reach(), plane, planes);
      cut.for_tiles(chunk, [&](std::int64_t q, std::int64_t q_end) {
        const int vecs = static_cast<int>(divide_up(q_end - q, lanes<float>));
        const std::int64_t* offset = offsets;
        const float* weights = packed + group * group_size;
        for (std::int64_t phase = 0; phase < c.h.step; ++phase) {
          const WinogradPlanes::Part* part = &w.parts[static_cast<std::size_t>(phase * step)];
          std::int64_t ks = 0;  // depth of the products of this phase
          for (std::int64_t f = 0; f < step; ++f) ks += part[f].all();
          const int count = find_runs(s, c.rows, c.h, w_axis, phase, q, q_end, runs);
          Outputs out{merged, merged_row, 0, {}, {}};
          const bool whole = place_outputs(runs, count, step, vecs * lanes<float>, out);
          for (std::int64_t p = 0; p < panels.count && count > 0; ++p) {
            const std::int64_t i0 = panels.first(p), rows = panels.first(p + 1) - i0;
            float* const to = target + (group * c.rows + i0) * row_size;
            prefetch_rows(runs, count, rows, to, row_size);
            std::int64_t before = 0;
            for (std::int64_t f = 0; f < step; ++f) {
              for (int point = 0; point < points; ++point)
                if (part[f].at(point) > 0)
                  run_tile<Simd<float>>(
                      static_cast<int>(rows), vecs, part[f].at(point),
                      PackedRows<float>{weights + (before * panels.count + p * part[f].all() + point * part[f].depth) *
                                                      tile_rows},
                      IndirectLines<float>{planes + (q - q0), offset + before + point * part[f].depth},
                      tiles + (f * points + point) * tile_size, cols, false);
              before += part[f].all();
            }
            if (whole) out.to = to, out.row = row_size;
            (step == 1   ? combine_panel<1>
             : step == 2 ? combine_panel<2>
                         : combine_panel<0>)(tiles, part, step, rows, bias ? bias + group * c.rows + i0 : nullptr, out);
            const auto mark = [&](std::int64_t at) {
              not_finite[static_cast<std::size_t>(at / image)].store(true, std::memory_order_relaxed);
            };
            for (std::int64_t u = 0; u < out.count && whole; ++u)
              if (out.at[u] >= 0 && lane_sum(lanes_of_unit(out.check[u / vector_units], u % vector_units)) != 0)
                mark(out.at[u]);
            for (int run = 0; run < count && !whole; ++run) {
              V check{};
              for (std::int64_t i = 0; i < rows; ++i)
                copy_checked_row(merged + i * merged_row + runs[run].column, runs[run].count,
                                 to + i * row_size + runs[run].at, check);
              if (lane_sum(check) != 0) mark(runs[run].at);
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
