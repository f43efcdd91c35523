#include <algorithm>
#include <tuple>

#include "kernels/scratch.h"
#include "kernels/turn.h"
#include "kernels/winograd.h"

namespace eg::kernels {
namespace {

constexpr std::int64_t least_rows = 16, least_depth = 16, least_outputs = 48;
constexpr std::int64_t least_saved = 4096;  // multiplications of a quad, against the cost of the transforms

/// The taps of a part in groups of three.
std::vector<TapGroup> cut_taps(std::vector<Tap> taps) {
  std::sort(taps.begin(), taps.end(), [](const Tap& a, const Tap& b) {
    return std::tie(a.phase, a.shift_h, a.shift_w) < std::tie(b.phase, b.shift_h, b.shift_w);
  });
  std::vector<TapGroup> groups;
  for (const Tap& tap : taps) {
    if (!groups.empty()) {
      TapGroup& g = groups.back();
      const std::int64_t i = tap.shift_w - (quad * g.shift + g.start);
      if (tap.phase == g.phase && tap.shift_h == g.shift_h && i < 3) {
        g.index[i] = tap.index;
        continue;
      }
    }
    groups.push_back({tap.phase, tap.shift_w % quad, tap.shift_h, tap.shift_w / quad, {tap.index, -1, -1}, 0});
  }
  std::stable_partition(groups.begin(), groups.end(), [](const TapGroup& g) { return g.has(at_infinity); });
  return groups;
}

using V = Vec<float, square_side<float>>;
constexpr std::int64_t width = lanes_of<V>;
constexpr std::int64_t first_level_floats = 2048;  // a quarter of the first-level cache

/// Elements of every quad apart: to[i line + t] = from[4 t + i] for t < n, and in whole vectors.
void split_quads(const float* from, std::int64_t n, float* to, std::int64_t line) {
  for (std::int64_t t = 0; t < n; t += width) {
    V v[quad];
    load_quads(from + quad * t, v);
    for (int i = 0; i < quad; ++i) store(to + i * line + t, v[i]);
  }
}

/// The transformed inputs of the quads [0, n) that begin at element `start` of those split, one plane `stride` behind
/// the other.
void transform(const float* split, std::int64_t line, int start, std::int64_t n, bool infinity, float* to,
               std::int64_t stride) {
  const float* from[points];
  for (int i = 0; i < points; ++i) from[i] = split + (start + i) % quad * line + (start + i) / quad;
  for (std::int64_t t = 0; t < n; t += width, to += width) {
    const V d0 = load<V>(from[0] + t), d1 = load<V>(from[1] + t), d2 = load<V>(from[2] + t);
    const V d3 = load<V>(from[3] + t), d4 = load<V>(from[4] + t);
    const V ea = d4 - 2 * d2, oa = point_a * (d3 - 2 * d1);
    const V eb = d4 - 0.5f * d2, ob = point_b * (d3 - 0.5f * d1);
    store(to + at_zero * stride, d0 - 2.5f * d2 + d4);
    store(to + at_a * stride, ea + oa);
    store(to + at_minus_a * stride, ea - oa);
    store(to + at_b * stride, eb + ob);
    store(to + at_minus_b * stride, eb - ob);
    if (infinity) store(to + at_infinity * stride, d1 - 2.5f * d3 + load<V>(from[5] + t));
  }
}

}  // namespace

bool winograd_planes(const Planes& p, const std::vector<std::vector<Tap>>& parts, std::int64_t rows,
                     WinogradPlanes& w) {
  if (rows < least_rows || p.w.outputs < least_outputs) return false;
  std::int64_t taps = 0, products = 0;
  for (const std::vector<Tap>& part : parts) {
    WinogradPlanes::Part& to = w.parts.emplace_back();
    to.groups = cut_taps(part);
    to.depth = p.channels * static_cast<std::int64_t>(to.groups.size());
    for (const TapGroup& g : to.groups) to.infinity += g.has(at_infinity) ? p.channels : 0;
    if (to.depth < least_depth) return false;
    taps += static_cast<std::int64_t>(part.size());
    products += to.all() / p.channels;
  }
  const std::int64_t saved = quad * taps - products;
  if (5 * saved < quad * taps || rows * p.channels * saved < least_saved) return false;
  w.quads = p;
  w.quads.w.outputs = divide_up(p.w.outputs, quad);
  w.quads.w.shifts = 0;
  w.sets.resize(quad * p.phases.size());
  const auto set_of = [&](const TapGroup& g) -> auto& {
    return w.sets[static_cast<std::size_t>(quad * g.phase + g.start)];
  };
  for (const WinogradPlanes::Part& part : w.parts)
    for (const TapGroup& g : part.groups) {
      set_of(g).count = std::max<std::int64_t>(set_of(g).count, g.has(at_infinity) ? points : points - 1);
      w.quads.w.shifts = std::max(w.quads.w.shifts, g.shift);
    }
  for (WinogradPlanes::Set& set : w.sets) {
    set.first = w.plane_count;
    w.plane_count += set.count;
  }
  for (WinogradPlanes::Part& part : w.parts)
    for (TapGroup& g : part.groups) g.plane = set_of(g).first;
  return true;
}

void fill_winograd(const WinogradPlanes& w, const float* source, std::int64_t group, std::int64_t q0, std::int64_t q1,
                   std::int64_t plane, float* to) {
  const Planes& p = w.quads;
  const std::int64_t line = p.w.line(), lines = p.h.line(), image = p.h.size * p.w.size;
  const std::int64_t stride = p.channels * plane;
  const float* const end = source + p.n * p.groups * image * p.channels;
  const std::int64_t split_line = divide_up(line + 2, width) * width + lanes<float>;
  // Some channels at a time: what has just been stored is slow to load at another offset.
  const std::int64_t room = quad * split_line + lanes<float>;
  const std::int64_t some = std::clamp<std::int64_t>(first_level_floats / room, 1, p.channels);
  float* const rows = scratch<6, float>(2 * some * room);
  float* const split = rows + some * room;
  for (std::int64_t f = 0; f < p.phase_count(); ++f) {
    const WinogradPlanes::Set* sets = &w.sets[static_cast<std::size_t>(quad * f)];
    const std::int64_t h_origin = p.h.origin + p.phases[f].h, w_origin = p.w.origin + p.phases[f].w;
    // The elements [first, last) of a line are in the source.
    const std::int64_t first = w_origin >= 0 ? 0 : divide_up(-w_origin, p.w.step);
    const std::int64_t last = w_origin >= p.w.size ? 0 : divide_up(p.w.size - w_origin, p.w.step);
    std::int64_t l = q0 / line, v0 = q0 - l * line, sample = l / lines, u = l - sample * lines;
    for (std::int64_t q = q0; q < q1;) {
      const std::int64_t v1 = std::min(line, v0 + (q1 - q)), h = u * p.h.step + h_origin;
      const bool inside = sample < p.n && h >= 0 && h < p.h.size;
      // The quads and the two behind them read the elements [e0, e1) of the line.
      const std::int64_t e0 = quad * v0, e1 = quad * (v1 + 2);
      const std::int64_t a = std::clamp(first, e0, e1), b = std::clamp(last, a, e1);
      const std::int64_t read = divide_up(b - a, lanes<float>) * lanes<float> * p.w.step;
      for (std::int64_t k0 = 0; k0 < p.channels; k0 += some) {
        const std::int64_t count = std::min(some, p.channels - k0);
        for (std::int64_t k = 0; k < count && inside; ++k) {
          const float* from = source + ((sample * p.groups + group) * p.channels + k0 + k) * image + h * p.w.size +
                              (a * p.w.step + w_origin);
          float* const row = rows + k * room;
          zero_vectors(a - e0, row);
          copy_strided(from, p.w.step, b - a, end - from >= read, row + (a - e0));
          zero_vectors(e1 - b, row + (b - e0));
        }
        for (std::int64_t k = 0; k < count && inside; ++k)
          split_quads(rows + k * room, v1 - v0 + 2, split + k * room, split_line);
        for (int start = 0; start < quad; ++start) {
          const WinogradPlanes::Set& set = sets[start];
          float* out = to + set.first * stride + k0 * plane + (q - q0);
          for (std::int64_t k = 0; k < count && set.count > 0; ++k, out += plane)
            if (inside)
              transform(split + k * room, split_line, start, v1 - v0, set.count == points, out, stride);
            else
              for (std::int64_t i = 0; i < set.count; ++i) zero_vectors(v1 - v0, out + i * stride);
        }
      }
      q += v1 - v0;
      v0 = 0;
      if (++u == lines) u = 0, ++sample;
    }
  }
}

}  // namespace eg::kernels
