#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <atomic>

#include "kernels/scratch.h"
#include "kernels/weight_tile.h"
#include "kernels/winograd.h"

namespace eg::kernels {
namespace {

using V = Simd<float>;
constexpr std::int64_t width = lanes<float>;
constexpr std::int64_t chunk_quads = 96;        // at a time: their transformed input fits in cache
constexpr std::int64_t most_partials = 8;       // as in Note [Weight gradient]
constexpr std::int64_t partial_work = 1 << 20;  // multiply-adds worth a partial sum

/// g of one group of channels at the quads [q0, q1), turned: e0 .. e3 of a quad in lines of channels behind one
/// another, 0 where it has no such output; then, each with room for `chunk` quads, the polynomials at a, -a, b, -b.
void turn_quads(const ConvShape& s, const Planes& p, const float* g, std::int64_t group, std::int64_t q0,
                std::int64_t q1, std::int64_t chunk, std::int64_t line, float* to) {
  const std::int64_t outs = s.c_out / s.groups, image = s.h_out * s.w_out;
  for (std::int64_t q = q0; q < q1;) {
    const std::int64_t l = q / p.w.line(), v0 = q - l * p.w.line(), v1 = std::min(p.w.line(), v0 + (q1 - q));
    const std::int64_t sample = l / p.h.line(), u = l - sample * p.h.line();
    const std::int64_t n = u < s.h_out ? std::clamp<std::int64_t>(s.w_out - quad * v0, 0, quad * (v1 - v0)) : 0;
    float* const turned = to + quad * (q - q0) * line;
    if (n > 0)
      transpose(outs, n, g + (sample * s.c_out + group * outs) * image + u * s.w_out + quad * v0, image, turned, line,
                line);
    std::fill_n(turned + n * line, (quad * (v1 - v0) - n) * line, 0.0f);
    q += v1 - v0;
  }
  const float* e = to;
  float* out = to + quad * chunk * line;
  const std::int64_t step = chunk * line;
  for (std::int64_t q = 0; q < q1 - q0; ++q, e += quad * line, out += line)
    for (std::int64_t o = 0; o < line; o += width) {
      const V e0 = load<V>(e + o), e1 = load<V>(e + line + o);
      const V e2 = load<V>(e + 2 * line + o), e3 = load<V>(e + 3 * line + o);
      const V sa = e0 + 0.5f * e2, da = point_a * (e1 + 0.5f * e3), sb = e0 + 2 * e2, db = point_b * (e1 + 2 * e3);
      store(out + o, sa + da);
      store(out + step + o, sa - da);
      store(out + 2 * step + o, sb + db);
      store(out + 3 * step + o, sb - db);
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

}  // namespace

bool conv_weight_grad_winograd(const ConvShape& s, const float* x, const float* g, float* dw) {
  const std::int64_t outs = s.c_out / s.groups;
  std::vector<std::vector<Tap>> taps(1);
  const Planes direct = forward_planes(s, taps[0]);
  WinogradPlanes w;
  if (!winograd_planes(direct, taps, outs, w)) return false;
  const Planes& p = w.quads;
  const WinogradPlanes::Part& products = w.parts[0];
  const std::int64_t line = divide_up(outs, width) * width, total = p.n * p.sample_size();
  const std::int64_t chunk = std::min(total, std::max(chunk_quads, 3 * p.reach()));
  const std::int64_t chunks = divide_up(total, chunk), plane = plane_length<float>(p, chunk);

  // Rows of the products: point by point, by group of taps and channel.
  const std::int64_t rows = products.all(), size = s.groups * rows * line;
  std::int64_t* const offsets = scratch<5, std::int64_t>(rows);
  for (std::int64_t point = 0, r = 0; point < points; ++point)
    for (const TapGroup& t : products.groups)
      for (std::int64_t k = 0; k < p.channels && t.has(static_cast<int>(point)); ++k)
        offsets[r++] = w.offset(t, static_cast<int>(point), k, plane);
  const std::int64_t partials =
      std::clamp<std::int64_t>(total * size / partial_work, 1, std::min(most_partials, chunks));
  float* const sums = scratch<2, float>(partials * size);
  detail::parallel_for(partials, 1, [&](std::int64_t begin, std::int64_t end) {
    float* const planes = scratch<3, float>(p.channels * w.plane_count * plane);
    float* const turned = scratch<4, float>((quad + 4) * chunk * line);
    const float* right[points];
    std::int64_t right_line[points];
    for (int point = 0; point < points; ++point) {
      const bool end_point = point == at_zero || point == at_infinity;  // there e0 and e3 serve as they are
      right[point] = point == at_zero       ? turned
                     : point == at_infinity ? turned + (quad - 1) * line
                                            : turned + (quad + point - at_a) * chunk * line;
      right_line[point] = end_point ? quad * line : line;
    }
    for (std::int64_t part = begin; part < end; ++part) {
      float* const sum = sums + part * size;
      std::fill_n(sum, size, 0.0f);
      for (std::int64_t c = part * chunks / partials; c < (part + 1) * chunks / partials; ++c) {
        const std::int64_t q0 = c * chunk, q1 = std::min(total, q0 + chunk);
        const Walk walk{1, 1, q1 - q0, 0, 0, 1};
        for (std::int64_t group = 0; group < s.groups; ++group) {
          fill_winograd(w, x, group, q0, q1 + p.reach(), plane, planes);
          turn_quads(s, p, g, group, q0, q1, chunk, line, turned);
          const std::int64_t blocks = divide_up(line, weight_vecs * width);
          for (int point = 0; point < points; ++point)
            for (std::int64_t block = 0; block < blocks; ++block) {
              const std::int64_t o = line / width * block / blocks, vecs = line / width * (block + 1) / blocks - o;
              const std::int64_t most = rows_for(static_cast<int>(vecs)), first_row = point * products.depth,
                                 end_row = first_row + products.at(point);
              for (std::int64_t r = first_row; r < end_row; r += most)
                run_weight_tile(static_cast<int>(std::min(most, end_row - r)), static_cast<int>(vecs), walk, planes,
                                offsets + r, right[point] + o * width, right_line[point],
                                sum + (group * rows + r) * line + o * width, line);
            }
        }
      }
    }
  });

  std::atomic<bool> finite{true};
  const std::int64_t kernel = s.kernel_h * s.kernel_w, dw_row = p.channels * kernel;
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 15) / (rows / p.channels * partials * line));
  detail::parallel_for(s.groups * p.channels, grain, [&](std::int64_t begin, std::int64_t end) {
    V check{};
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / p.channels, k = task % p.channels;
      for (std::int64_t o = 0; o < outs; o += width) {
        const float* from = sums + (group * rows + k) * line + o;
        float* const to = dw + (group * outs + o) * dw_row + k * kernel;
        for (const TapGroup& t : products.groups) {
          V at[points] = {}, tap[3];
          for (int point = 0; point < points; ++point)
            for (std::int64_t part = 0; part < partials && t.has(point); ++part)
              at[point] += load<V>(from + part * size + point * products.depth * line);
          from += p.channels * line;
          find_taps(at, tap);
          for (int j = 0; j < 3; ++j) {
            if (t.index[j] < 0) continue;
            check += tap[j] * 0.0f;
            float lane[width];
            store(lane, tap[j]);
            for (std::int64_t i = 0; i < std::min(width, outs - o); ++i) to[i * dw_row + t.index[j]] = lane[i];
          }
        }
      }
    }
    if (lane_sum(check) != 0) finite.store(false, std::memory_order_relaxed);
  });
  if (!finite.load()) conv_weight_grad_direct(s, x, g, dw);
  return true;
}

}  // namespace eg::kernels
