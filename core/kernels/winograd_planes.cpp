#include <algorithm>
#include <tuple>

#include "kernels/scratch.h"
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

/// The transformed inputs of the quads [0, n) whose first element is x[0], one plane `stride` behind the other.
void transform(const float* x, std::int64_t n, bool infinity, float* to, std::int64_t stride) {
  using V = Simd<float>;
  constexpr std::int64_t width = lanes<float>;
  for (std::int64_t t = 0; t < n; t += width, x += quad * width, to += width) {
    V even[4], odd[4];  // of x, and of x + 4
    for (int i = 0; i < 4; ++i) {
      const float* from = x + i % 2 * 2 * width + i / 2 * quad;
      const V left = load<V>(from), right = load<V>(from + width);
      even[i] = even_lanes(left, right);
      odd[i] = odd_lanes(left, right);
    }
    const V d0 = even_lanes(even[0], even[1]), d2 = odd_lanes(even[0], even[1]), d4 = even_lanes(even[2], even[3]);
    const V d1 = even_lanes(odd[0], odd[1]), d3 = odd_lanes(odd[0], odd[1]), d5 = even_lanes(odd[2], odd[3]);
    const V ea = d4 - 2 * d2, oa = point_a * (d3 - 2 * d1);
    const V eb = d4 - 0.5f * d2, ob = point_b * (d3 - 0.5f * d1);
    store(to + at_zero * stride, d0 - 2.5f * d2 + d4);
    store(to + at_a * stride, ea + oa);
    store(to + at_minus_a * stride, ea - oa);
    store(to + at_b * stride, eb + ob);
    store(to + at_minus_b * stride, eb - ob);
    if (infinity) store(to + at_infinity * stride, d1 - 2.5f * d3 + d5);
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
  constexpr std::int64_t width = lanes<float>;
  const Planes& p = w.quads;
  const std::int64_t line = p.w.line(), lines = p.h.line(), image = p.h.size * p.w.size;
  const std::int64_t stride = p.channels * plane;
  const float* const end = source + p.n * p.groups * image * p.channels;
  float* const row = scratch<6, float>(quad * line + 6 * width);
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
      // Whole vectors of quads read the elements [e0, e1) of the line.
      const std::int64_t e0 = quad * v0, e1 = e0 + quad * divide_up(v1 - v0, width) * width + 2 * quad - 1;
      const std::int64_t a = std::clamp(first, e0, e1), b = std::clamp(last, a, e1);
      const std::int64_t read = divide_up(b - a, width) * width * p.w.step;
      for (std::int64_t k = 0; k < p.channels; ++k) {
        if (inside) {
          const float* from = source + ((sample * p.groups + group) * p.channels + k) * image + h * p.w.size +
                              (a * p.w.step + w_origin);
          zero_vectors(a - e0, row);
          copy_strided(from, p.w.step, b - a, end - from >= read, row + (a - e0));
          zero_vectors(e1 - b, row + (b - e0));
        }
        for (int start = 0; start < quad; ++start) {
          const WinogradPlanes::Set& set = sets[start];
          float* const out = to + set.first * stride + k * plane + (q - q0);
          if (!inside)
            for (std::int64_t i = 0; i < set.count; ++i) zero_vectors(v1 - v0, out + i * stride);
          else if (set.count > 0)
            transform(row + start, v1 - v0, set.count == points, out, stride);
        }
      }
      q += v1 - v0;
      v0 = 0;
      if (++u == lines) u = 0, ++sample;
    }
  }
}

}  // namespace eg::kernels
