#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <atomic>

#include "kernels/scratch.h"
#include "kernels/turn.h"
#include "kernels/weight_tile.h"
#include "kernels/winograd.h"

namespace eg::kernels {
namespace {

using V = Simd<float>;
constexpr std::int64_t width = lanes<float>;
constexpr std::int64_t chunk_quads = 96;       // at a time: their transformed input fits in cache
constexpr std::int64_t least_quads = 64;       // of a partial sum, where there would be one
constexpr std::int64_t least_positions = 512;  // of short lines

/// g of one group of channels at the quads [q0, q1), turned, by vectors of channels, each with room for `chunk` quads:
/// e0 .. e3 of a quad behind one another, 0 where it has no such output; then the polynomials at a, -a, b, -b.
void turn_quads(const ConvShape& s, const Planes& p, const float* g, std::int64_t group, std::int64_t q0,
                std::int64_t q1, std::int64_t chunk, std::int64_t line, float* to) {
  const std::int64_t outs = s.c_out / s.groups, image = s.h_out * s.w_out;
  for (std::int64_t q = q0; q < q1;) {
    const std::int64_t l = q / p.w.line(), v0 = q - l * p.w.line(), v1 = std::min(p.w.line(), v0 + (q1 - q));
    const std::int64_t sample = l / p.h.line(), u = l - sample * p.h.line();
    const std::int64_t n = u < s.h_out ? std::clamp<std::int64_t>(s.w_out - quad * v0, 0, quad * (v1 - v0)) : 0;
    const std::int64_t vector = quad * chunk * width;
    float* const turned = to + quad * (q - q0) * width;
    if (n > 0)
      turn_channels(outs, n, g + (sample * s.c_out + group * outs) * image + u * s.w_out + quad * v0, image, turned,
                    vector);
    for (std::int64_t o = 0; o < line; o += width)
      zero_vectors((quad * (v1 - v0) - n) * width, turned + o / width * vector + n * width);
    q += v1 - v0;
  }
  const std::int64_t step = chunk * line;
  for (std::int64_t o = 0; o < line; o += width) {
    const float* e = to + quad * chunk * o;
    float* out = to + quad * step + chunk * o;
    for (std::int64_t q = 0; q < q1 - q0; ++q, e += quad * width, out += width) {
      const V e0 = load<V>(e), e1 = load<V>(e + width), e2 = load<V>(e + 2 * width), e3 = load<V>(e + 3 * width);
      const V sa = e0 + 0.5f * e2, da = point_a * (e1 + 0.5f * e3), sb = e0 + 2 * e2, db = point_b * (e1 + 2 * e3);
      store(out, sa + da);
      store(out + step, sa - da);
      store(out + 2 * step, sb + db);
      store(out + 3 * step, sb - db);
    }
  }
}

/// The taps of a group from the sums at the points.
void find_taps(const V (&at)[points], V (&tap)[3]) {
  const V sa = at[at_a] + at[at_minus_a], da = at[at_a] - at[at_minus_a];
  const V sb = at[at_b] + at[at_minus_b], db = at[at_b] - at[at_minus_b];
  tap[0] = at[at_zero] + ((1.0f / 6) * sb - (2.0f / 3) * sa);
  tap[1] = (1.0f / 6 * point_b) * db - (2.0f / 3 * point_a) * da;
  tap[2] = (1.0f / 3) * (sb - sa) + at[at_infinity];
}

/// to[i to_line + t] = from[t][i] for i < count, t < kernel.
void store_taps(const float* from, std::int64_t kernel, std::int64_t count, float* to, std::int64_t to_line) {
  if (kernel < 4) {
    for (std::int64_t i = 0; i < count; ++i)
      for (std::int64_t t = 0; t < kernel; ++t) to[i * to_line + t] = from[t * width + i];
    return;
  }
  for (std::int64_t first = 0; first < kernel; first += 4) {  // the last four may overlap those before
    const std::int64_t t = std::min(first, kernel - 4);
    for (std::int64_t i = 0; i < count; i += 4) {
      Vec<float, 4> v[4];
      for (int j = 0; j < 4; ++j) v[j] = load<Vec<float, 4>>(from + (t + j) * width + i);
      turn_within(v, v);
      for (std::int64_t l = 0; l < std::min<std::int64_t>(4, count - i); ++l) store(to + (i + l) * to_line + t, v[l]);
    }
  }
}

}  // namespace

bool conv_weight_grad_winograd(const ConvShape& s, const float* x, const float* g, float* dw) {
  const std::int64_t outs = s.c_out / s.groups;
  std::vector<std::vector<Tap>> taps(1);
  const Planes direct = forward_planes(s, taps[0]);
  WinogradPlanes w;
  if (!winograd_planes(direct, taps, outs, least_positions, w)) return false;
  const Planes& p = w.quads;
  const WinogradPlanes::Part& products = w.parts[0];
  const std::int64_t line = divide_up(outs, width) * width, total = p.n * p.sample_size();
  // Rows of the products: point by point, by group of taps and channel.
  const std::int64_t rows = products.all(), size = s.groups * rows * line;
  const std::int64_t most = std::max(chunk_quads, 3 * p.reach());
  const std::int64_t partials =
      partial_sums(total * size, std::max(total / most, std::min<std::int64_t>(2, total / least_quads)));
  const std::int64_t chunk = even_share(total, most, partials);
  const std::int64_t chunks = divide_up(total, chunk), plane = plane_length<float>(p, chunk);
  std::int64_t* const offsets = scratch<5, std::int64_t>(rows);
  for (std::int64_t point = 0, r = 0; point < points; ++point)
    for (const TapGroup& t : products.groups)
      for (std::int64_t k = 0; k < p.channels && t.has(static_cast<int>(point)); ++k)
        offsets[r++] = w.offset(t, static_cast<int>(point), k, plane);
  float* const sums = scratch<2, float>(partials * size);
  detail::parallel_for(partials, 1, [&](std::int64_t begin, std::int64_t end) {
    float* const planes = scratch<3, float>(p.channels * w.plane_count * plane);
    float* const turned = scratch<4, float>((quad + 4) * chunk * line);
    TurnedLines<float> right[points];
    for (int point = 0; point < points; ++point) {
      const bool end_point = point == at_zero || point == at_infinity;  // there e0 and e3 serve as they are
      right[point] = end_point
                         ? TurnedLines<float>{turned + (point == at_zero ? 0 : quad - 1) * width, quad * width,
                                              quad * chunk * width}
                         : TurnedLines<float>{turned + (quad + point - at_a) * chunk * line, width, chunk * width};
    }
    for (std::int64_t part = begin; part < end; ++part) {
      float* const sum = sums + part * size;
      const std::int64_t first_chunk = part * chunks / partials;
      for (std::int64_t c = first_chunk; c < (part + 1) * chunks / partials; ++c) {
        const std::int64_t q0 = c * chunk, q1 = std::min(total, q0 + chunk);
        const Walk walk{1, 1, q1 - q0, 0, 0, 1};
        for (std::int64_t group = 0; group < s.groups; ++group) {
          fill_winograd(w, x, group, q0, q1 + p.reach(), plane, planes);
          turn_quads(s, p, g, group, q0, q1, chunk, line, turned);
          for (int point = 0; point < points; ++point) {
            const std::int64_t first = point * products.depth;
            weight_tiles(products.at(point), walk, planes, offsets + first, right[point],
                         sum + (group * rows + first) * line, line, c > first_chunk);
          }
        }
      }
    }
  });

  std::atomic<bool> finite{true};
  const std::int64_t kernel = s.kernel_h * s.kernel_w, dw_row = p.channels * kernel;
  // A task takes the vectors of some channels one after the other: what those store of a line of dw are neighbours.
  constexpr std::int64_t band = 16;
  const std::int64_t bands = divide_up(p.channels, band);
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 15) / (band * rows / p.channels * partials * line));
  detail::parallel_for(s.groups * bands, grain, [&](std::int64_t begin, std::int64_t end) {
    float* const found = scratch<4, float>(kernel * width);  // the taps of a vector of channels
    V check{};
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / bands, k0 = task % bands * band, k1 = std::min(k0 + band, p.channels);
      for (std::int64_t o = 0; o < outs; o += width) {
        for (std::int64_t k = k0; k < k1; ++k) {
          const float* from = sums + (group * rows + k) * line + o;
          for (const TapGroup& t : products.groups) {
            V at[points], tap[3];
            unrolled<points>([&](auto point) {
              at[point] = V{};
              if (!t.has(point)) return;
              const float* of_part = from + point * products.depth * line;
              at[point] = load<V>(of_part);
              for (std::int64_t part = 1; part < partials; ++part) at[point] += load<V>(of_part += size);
            });
            from += p.channels * line;
            find_taps(at, tap);
            for (int j = 0; j < 3; ++j)
              if (t.index[j] >= 0) check += tap[j] * 0.0f, store(found + t.index[j] * width, tap[j]);
          }
          store_taps(found, kernel, std::min(width, outs - o), dw + (group * outs + o) * dw_row + k * kernel, dw_row);
        }
      }
    }
    if (lane_sum(check) != 0) finite.store(false, std::memory_order_relaxed);
  });
  if (!finite.load()) conv_weight_grad_direct(s, x, g, dw);
  return true;
}

}  // namespace eg::kernels
