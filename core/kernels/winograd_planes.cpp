#include <algorithm>
#include <tuple>

#include "kernels/scratch.h"
#include "kernels/turn.h"
#include "kernels/winograd.h"

namespace eg::kernels {
namespace {

constexpr std::int64_t least_rows = 16, least_depth = 16, least_outputs = 8;
constexpr std::int64_t long_line = 48;      // outputs that pay for the transformed weights, however few lines there are
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

using Quad = Vec<float, quad>;
using V = UnitVector;
constexpr std::int64_t both = vector_units;                                 // channels side by side in a vector
constexpr std::int64_t first_level_floats = 2048, first_level_lines = 256;  // a quarter, half of the first-level cache

/// The column "input, v" of Note [Winograd]: put(point, v), d[5] only for infinity.
template <bool infinity, class W, class Put>
inline void put_points(const W* d, Put put) {
  const W ea = d[4] - 2 * d[2], oa = point_a * (d[3] - 2 * d[1]);
  const W eb = d[4] - 0.5f * d[2], ob = point_b * (d[3] - 0.5f * d[1]);
  put(at_zero, d[0] - 2.5f * d[2] + d[4]);
  put(at_a, ea + oa);
  put(at_minus_a, ea - oa);
  put(at_b, eb + ob);
  put(at_minus_b, eb - ob);
  if constexpr (infinity) put(at_infinity, d[1] - 2.5f * d[3] + d[5]);
}

/// The transformed inputs of the quads [0, n), in units, of `count` channels, from_line and to_line apart; a
/// plane `stride` behind the other.
template <bool infinity>
void transform(const float* rows, std::int64_t from_line, std::int64_t count, std::int64_t n, float* planes,
               std::int64_t to_line, std::int64_t stride) {
  for (std::int64_t k = 0; k < count; k += both) {
    const std::int64_t next = k + 1 < count ? 1 : 0;  // the last of an odd number is done twice
    const float* from = rows + k * from_line;
    float* to = planes + k * to_line;
    const auto get = [&](std::int64_t i) {
      if constexpr (both == 2)
        return join(load<Quad>(from + i), load<Quad>(from + next * from_line + i));
      else
        return load<Quad>(from + i);
    };
    const auto put = [&](int point, V v) {
      float* const at = to + point * stride;
      if constexpr (both == 2)
        store(at, low_half(v)), store(at + next * to_line, high_half(v));
      else
        store(at, v);
    };
    for (std::int64_t t = 0; t < n; t += unit_quads, from += unit_quads * quad, to += unit_quads) {
      V w[5], d[8];  // a quad to each vector; their elements, and those of the quads one further
      unrolled<5>([&](auto i) { w[i] = get(quad * i); });
      turn_within(w, d);
      turn_within(w + 1, d + quad);
      put_points<infinity>(d, put);
    }
  }
}

/// Elements 4 v + m of a phase for its quads v, a row for each m in [first, last), where the quads of a line are those
/// of the source line, moved by less than a quad: turned once, all else is arithmetic on rows.
struct TurnedPhase {
  std::int64_t origin = 0, parity = 0;  // element i is source element step (i + origin) + parity
  std::int64_t first = quad, last = 0;

  TurnedPhase(const WinogradPlanes& w, std::int64_t phase) {
    const std::int64_t offset = w.quads.w.origin + w.quads.phases[phase].w, step = w.quads.w.step;
    parity = (offset % step + step) % step;
    origin = (offset - parity) / step;
    for (std::int64_t start = 0; start < quad; ++start) {
      const std::int64_t count = w.sets[static_cast<std::size_t>(quad * phase + start)].count;
      if (count == 0) continue;
      first = std::min(first, start);
      last = std::max(last, start + count);  // as many elements as points
    }
  }
  std::int64_t rows() const { return last - first; }
  /// Row m - first holds element `within(m)` of the quads that lie `moved(m)` further in the source.
  std::int64_t within(std::int64_t m) const { return (m + origin) & (quad - 1); }
  std::int64_t moved(std::int64_t m) const { return (m + origin) >> 2; }

  bool fits(const PlaneAxis& axis, std::int64_t q0, std::int64_t q1) const {
    const std::int64_t line = axis.line();
    return axis.step <= 2 && axis.size == line * quad * axis.step && line % unit_quads == 0 && q0 % line == 0 &&
           q1 % line == 0 && (rows() == 5 || rows() == 6) && moved(first) >= -1 && moved(last - 1) <= 1;
  }
};

/// A line of `count` channels of the source, `image` and `of_channel` apart, turned into rows `room` apart, of which
/// the first takes element `within` of a quad, `moved` quads further. What a moved row has no quad for is 0: where the
/// line begins or ends, there or in the line before. The lines `ahead` are fetched.
template <int step, int parity, int rows, int within>
void turn_lines(const float* from, std::int64_t image, std::int64_t count, std::int64_t line, std::int64_t moved,
                std::int64_t ahead, float* to, std::int64_t of_channel, std::int64_t room) {
  for (std::int64_t k = 0; k < count; ++k, from += image, to += of_channel) {
    const float* in = from;
    float* const first = to - moved;
    for (float* out = first; out < first + line; out += unit_quads, in += unit_quads * quad * step) {
      Quad w[quad], d[quad];
      __builtin_prefetch(in + ahead);
      if (step == 2) __builtin_prefetch(in + ahead + 16);
      unrolled<quad>([&](auto i) {
        const float* at = in + i * quad * step;
        if constexpr (step == 1)
          w[i] = load<Quad>(at);
        else
          w[i] = shuffle<parity, 2 + parity, 4 + parity, 6 + parity>(load<Quad>(at), load<Quad>(at + quad));
      });
      turn_within(w, d);
      unrolled<rows>([&](auto m) { store(out + m * room - (m + within) / quad, d[(m + within) % quad]); });
    }
    unrolled<rows>([&](auto m) {
      float* const row = to + m * room;
      const std::int64_t by = moved + (m + within) / quad;
      if (by < 0) row[0] = 0;
      if (by > 0) row[-1] = row[line - 1] = 0;
    });
  }
}
using TurnLines = decltype(&turn_lines<1, 0, 5, 0>);
template <int rows>
TurnLines turn_lines_of(std::int64_t step, std::int64_t parity, std::int64_t within) {
  TurnLines found = nullptr;
  with_constant<3>(within, [&](auto c) {
    found = step == 1     ? turn_lines<1, 0, rows, c()>
            : parity == 0 ? turn_lines<2, 0, rows, c()>
                          : turn_lines<2, 1, rows, c()>;
  });
  return found;
}

/// fill_winograd for a phase that fits.
void fill_turned(const WinogradPlanes& w, std::int64_t phase, const TurnedPhase& t, const float* source,
                 std::int64_t group, std::int64_t k0, std::int64_t k1, std::int64_t q0, std::int64_t q1,
                 std::int64_t plane, float* to) {
  using W = Vec<float, register_lanes<float>>;
  const Planes& p = w.quads;
  const std::int64_t line = p.w.line(), lines = p.h.line(), image = p.h.size * p.w.size;
  const std::int64_t stride = (k1 - k0) * plane, n = q1 - q0, before = lanes<float>;
  const std::int64_t room = before + divide_up(n, lanes<float>) * lanes<float> + lanes<float>,
                     of_channel = t.rows() * room;
  const std::int64_t some = std::clamp<std::int64_t>(2 * first_level_floats / of_channel, 1, k1 - k0);
  float* const rows = scratch<6, float>(some * of_channel);
  const auto turn = (t.rows() == 5 ? turn_lines_of<5> : turn_lines_of<6>)(p.w.step, t.parity, t.within(t.first));
  for (std::int64_t c = k0; c < k1; c += some) {
    const std::int64_t count = std::min(some, k1 - c);
    std::int64_t sample = q0 / line / lines, u = q0 / line % lines;
    const std::int64_t ahead = lines == 1 ? p.groups * p.channels * image : p.h.step * p.w.size;
    for (float* at = rows + before; at < rows + before + n; at += line) {
      const std::int64_t h = u * p.h.step + p.h.origin + p.phases[phase].h;
      if (sample < p.n && h >= 0 && h < p.h.size)
        turn(source + ((sample * p.groups + group) * p.channels + c) * image + h * p.w.size, image, count, line,
             t.moved(t.first), ahead, at, of_channel, room);
      else
        for (std::int64_t r = 0; r < count * t.rows(); ++r)
          for (std::int64_t v = 0; v < line; v += quad) store(at + r * room + v, Quad{});
      if (++u == lines) u = 0, ++sample;
    }
    for (std::int64_t start = 0; start < quad; ++start) {
      const WinogradPlanes::Set& set = w.sets[static_cast<std::size_t>(quad * phase + start)];
      if (set.count == 0) continue;
      for (std::int64_t k = 0; k < count; ++k) {
        const float* const from = rows + k * of_channel + (start - t.first) * room + before;
        float* const out = to + set.first * stride + (c - k0 + k) * plane;
        const auto transform_rows = [&](auto infinity) {
          for (std::int64_t q = 0; q < n; q += lanes_of<W>) {
            W d[points];
            unrolled<points - (infinity() ? 0 : 1)>([&](auto j) { d[j] = load<W>(from + j * room + q); });
            put_points<infinity()>(d, [&](int point, W v) { store(out + point * stride + q, v); });
          }
        };
        set.count == points ? transform_rows(std::true_type{}) : transform_rows(std::false_type{});
      }
    }
  }
}

/// fill_winograd for one phase, by way of a padded copy of each line.
void fill_padded(const WinogradPlanes& w, std::int64_t phase, const float* source, std::int64_t group, std::int64_t k0,
                 std::int64_t k1, std::int64_t q0, std::int64_t q1, std::int64_t plane, float* to) {
  const Planes& p = w.quads;
  const WinogradPlanes::Set* sets = &w.sets[static_cast<std::size_t>(quad * phase)];
  const std::int64_t line = p.w.line(), lines = p.h.line(), image = p.h.size * p.w.size;
  const std::int64_t h_origin = p.h.origin + p.phases[phase].h, w_origin = p.w.origin + p.phases[phase].w;
  const std::int64_t first = p.w.first(p.phases[phase].w), last = p.w.last(p.phases[phase].w);
  const std::int64_t stride = (k1 - k0) * plane;
  const float* const end = source + p.n * p.groups * image * p.channels;
  // Some channels at a time: what has just been stored is slow to load at another offset, and short lines that follow
  // one another share cache lines.
  const std::int64_t room = quad * (divide_up(line, unit_quads) * unit_quads + 2) + 2 * lanes<float>;
  const std::int64_t most = std::min(first_level_floats / room, first_level_lines / w.plane_count);
  const std::int64_t some = std::min(divide_up(std::max<std::int64_t>(most, 1), both) * both, k1 - k0);
  float* const rows = scratch<6, float>(some * room);
  for (std::int64_t c = k0; c < k1; c += some) {
    const std::int64_t count = std::min(some, k1 - c);
    std::int64_t l = q0 / line, v0 = q0 - l * line, sample = l / lines, u = l - sample * lines;
    for (std::int64_t q = q0; q < q1;) {
      const std::int64_t v1 = std::min(line, v0 + (q1 - q)), h = u * p.h.step + h_origin;
      const bool inside = sample < p.n && h >= 0 && h < p.h.size;
      // The quads, in units, and the two behind them read the elements [e0, e1) of the line, [a, b) in the source.
      const std::int64_t e0 = quad * v0, e1 = quad * (v0 + divide_up(v1 - v0, unit_quads) * unit_quads + 2);
      const std::int64_t a = std::clamp(first, e0, e1), b = std::clamp(last, a, e1);
      const std::int64_t read = divide_up(b - a, lanes<float>) * lanes<float> * p.w.step;
      for (std::int64_t k = 0; k < count && inside; ++k) {
        const float* from = source + ((sample * p.groups + group) * p.channels + c + k) * image + h * p.w.size +
                            (a * p.w.step + w_origin);
        float* const row = rows + k * room;
        zero_vectors(a - e0, row);
        copy_strided(from, p.w.step, b - a, end - from >= read, row + (a - e0));
        zero_vectors(e1 - b, row + (b - e0));
      }
      for (int start = 0; start < quad; ++start) {
        const WinogradPlanes::Set& set = sets[start];
        if (set.count == 0) continue;
        float* const out = to + set.first * stride + (c - k0) * plane + (q - q0);
        if (inside)
          (set.count == points ? transform<true> : transform<false>)(rows + start, room, count, v1 - v0, out, plane,
                                                                     stride);
        else
          for (std::int64_t i = 0; i < set.count; ++i)
            for (std::int64_t k = 0; k < count; ++k) zero_vectors(v1 - v0, out + i * stride + k * plane);
      }
      q += v1 - v0;
      v0 = 0;
      if (++u == lines) u = 0, ++sample;
    }
  }
}

}  // namespace

bool winograd_planes(const Planes& p, const std::vector<std::vector<Tap>>& parts, std::int64_t rows,
                     std::int64_t least_positions, WinogradPlanes& w) {
  if (rows < least_rows || p.w.outputs < least_outputs) return false;
  if (p.w.outputs < long_line && p.n * p.h.outputs * p.w.outputs < least_positions) return false;
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

void fill_winograd(const WinogradPlanes& w, const float* source, std::int64_t group, std::int64_t k0, std::int64_t k1,
                   std::int64_t q0, std::int64_t q1, std::int64_t plane, float* to) {
  for (std::int64_t phase = 0; phase < w.quads.phase_count(); ++phase) {
    const TurnedPhase turned(w, phase);
    if (turned.fits(w.quads.w, q0, q1))
      fill_turned(w, phase, turned, source, group, k0, k1, q0, q1, plane, to);
    else
      fill_padded(w, phase, source, group, k0, k1, q0, q1, plane, to);
  }
}

}  // namespace eg::kernels
