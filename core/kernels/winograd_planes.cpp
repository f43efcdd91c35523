#include <algorithm>
#include <tuple>

#include "kernels/scratch.h"
#include "kernels/winograd.h"

namespace eg::kernels {
namespace {

constexpr std::int64_t least_rows = 16, least_depth = 16, least_outputs = 48;

/// Cuts taps that follow one another into groups. False for one tap alone.
bool cut_taps(const Tap* tap, std::int64_t count, std::vector<TapGroup>& to) {
  for (std::int64_t left = count, n; left > 0; left -= n, tap += n) {
    if (left == 1) return false;
    n = left == 2 || left == 4 ? 2 : 3;
    TapGroup g{n, tap->phase, tap->shift_w % 2, tap->shift_h, tap->shift_w / 2, {}, {}};
    for (std::int64_t i = 0; i < n; ++i) g.index[i] = tap[i].index;
    to.push_back(g);
  }
  return true;
}

/// The transformed inputs of the pairs [0, n) whose first element is x[0], one plane `stride` behind the other.
template <bool Three, bool Two>
void transform(const float* x, std::int64_t n, float* to, std::int64_t stride) {
  using V = Simd<float>;
  constexpr std::int64_t width = lanes<float>;
  for (std::int64_t t = 0; t < n; t += width, x += 2 * width, to += width) {
    const V a = load<V>(x), b = load<V>(x + width), c = load<V>(x + 2), d = load<V>(x + width + 2);
    const V d0 = even_lanes(a, b), d1 = odd_lanes(a, b), d2 = even_lanes(c, d), d3 = odd_lanes(c, d);
    if constexpr (Three) {
      store(to, d0 - d2);
      store(to + stride, d1 + d2);
      store(to + 2 * stride, d2 - d1);
      store(to + 3 * stride, d3 - d1);
    } else {
      store(to + 2 * stride, d2 - d1);
    }
    if constexpr (Two) {
      constexpr std::int64_t first = Three ? 4 : 0;
      store(to + first * stride, d0 - d1);
      store(to + (first + 1) * stride, d1);
    }
  }
}

}  // namespace

bool winograd_planes(const Planes& p, const std::vector<std::vector<Tap>>& parts, std::int64_t rows,
                     WinogradPlanes& w) {
  if (rows < least_rows || p.w.outputs < least_outputs) return false;
  w.pairs = p;
  w.sets.resize(2 * p.phases.size());
  w.pairs.w.outputs = divide_up(p.w.outputs, 2);
  w.pairs.w.shifts = 0;
  for (const std::vector<Tap>& part : parts) {
    if (part.empty()) return false;
    std::vector<Tap> taps = part;
    std::sort(taps.begin(), taps.end(), [](const Tap& a, const Tap& b) {
      return std::tie(a.phase, a.shift_h, a.shift_w) < std::tie(b.phase, b.shift_h, b.shift_w);
    });
    std::vector<TapGroup> groups;
    for (std::size_t i = 0, j; i < taps.size(); i = j) {
      for (j = i + 1; j < taps.size(); ++j)
        if (taps[j].phase != taps[i].phase || taps[j].shift_h != taps[i].shift_h ||
            taps[j].shift_w != taps[j - 1].shift_w + 1)
          break;
      if (!cut_taps(taps.data() + i, static_cast<std::int64_t>(j - i), groups)) return false;
    }
    if (p.channels * static_cast<std::int64_t>(groups.size()) < least_depth) return false;
    for (const TapGroup& g : groups) {
      WinogradPlanes::Set& set = w.sets[static_cast<std::size_t>(2 * g.phase + g.parity)];
      (g.taps == 3 ? set.three : set.two) = true;
      w.pairs.w.shifts = std::max(w.pairs.w.shifts, g.shift);
    }
    w.parts.push_back(std::move(groups));
  }
  w.plane_count = 0;
  for (WinogradPlanes::Set& set : w.sets) {
    set.first = w.plane_count;
    w.plane_count += set.count();
  }
  for (std::vector<TapGroup>& groups : w.parts)
    for (TapGroup& g : groups) {
      const WinogradPlanes::Set& set = w.sets[static_cast<std::size_t>(2 * g.phase + g.parity)];
      // The third plane, d2 - d1, is that of three taps at -1 and of two taps at infinity.
      const std::int64_t first = set.first, two = first + (set.three ? 4 : 0);
      if (g.taps == 3)
        for (int i = 0; i < points; ++i) g.plane[i] = first + i;
      else
        g.plane[at_zero] = two, g.plane[at_one] = two + 1, g.plane[at_minus_one] = -1, g.plane[at_infinity] = first + 2;
    }
  return true;
}

void fill_winograd(const WinogradPlanes& w, const float* source, std::int64_t group, std::int64_t q0, std::int64_t q1,
                   std::int64_t plane, float* to) {
  constexpr std::int64_t width = lanes<float>;
  const Planes& p = w.pairs;
  const std::int64_t line = p.w.line(), lines = p.h.line(), image = p.h.size * p.w.size;
  const std::int64_t stride = p.channels * plane;
  const float* const end = source + p.n * p.groups * image * p.channels;
  float* const row = scratch<6, float>(2 * line + 6 * width);
  for (std::int64_t f = 0; f < p.phase_count(); ++f) {
    const WinogradPlanes::Set* sets = &w.sets[static_cast<std::size_t>(2 * f)];
    const std::int64_t h_origin = p.h.origin + p.phases[f].h, w_origin = p.w.origin + p.phases[f].w;
    // The elements [first, last) of a line are in the source.
    const std::int64_t first = w_origin >= 0 ? 0 : divide_up(-w_origin, p.w.step);
    const std::int64_t last = w_origin >= p.w.size ? 0 : divide_up(p.w.size - w_origin, p.w.step);
    std::int64_t l = q0 / line, v0 = q0 - l * line, sample = l / lines, u = l - sample * lines;
    for (std::int64_t q = q0; q < q1;) {
      const std::int64_t v1 = std::min(line, v0 + (q1 - q)), h = u * p.h.step + h_origin;
      const bool inside = sample < p.n && h >= 0 && h < p.h.size;
      // Whole vectors of pairs read the elements [e0, e1) of the line.
      const std::int64_t e0 = 2 * v0, e1 = e0 + 2 * divide_up(v1 - v0, width) * width + 3;
      const std::int64_t a = std::clamp(first, e0, e1), b = std::clamp(last, a, e1);
      const std::int64_t read = divide_up(b - a, width) * width * p.w.step;
      for (std::int64_t k = 0; k < p.channels; ++k) {
        float* const out = to + k * plane + (q - q0);
        if (!inside) {
          for (int parity = 0; parity < 2; ++parity)
            for (std::int64_t i = 0; i < sets[parity].count(); ++i)
              zero_vectors(v1 - v0, out + (sets[parity].first + i) * stride);
          continue;
        }
        const float* from =
            source + ((sample * p.groups + group) * p.channels + k) * image + h * p.w.size + (a * p.w.step + w_origin);
        zero_vectors(a - e0, row);
        copy_strided(from, p.w.step, b - a, end - from >= read, row + (a - e0));
        zero_vectors(e1 - b, row + (b - e0));
        for (int parity = 0; parity < 2; ++parity) {
          const WinogradPlanes::Set& set = sets[parity];
          float* const begin = out + set.first * stride;
          if (set.three && set.two)
            transform<true, true>(row + parity, v1 - v0, begin, stride);
          else if (set.three)
            transform<true, false>(row + parity, v1 - v0, begin, stride);
          else if (set.two)
            transform<false, true>(row + parity, v1 - v0, begin, stride);
        }
      }
      q += v1 - v0;
      v0 = 0;
      if (++u == lines) u = 0, ++sample;
    }
  }
}

}  // namespace eg::kernels
