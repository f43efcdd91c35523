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
constexpr std::int64_t chunk_pairs = 192;       // pairs of positions at a time: their transformed input fits in cache
constexpr std::int64_t most_partials = 8;       // as in Note [Weight gradient]
constexpr std::int64_t partial_work = 1 << 20;  // multiply-adds worth a partial sum

/// g of one group of channels at the pairs [q0, q1), turned: e0 and e1 of a pair in lines of channels behind one
/// another, then e0 + e1 and, if `minus`, e0 - e1. 0 where a pair or its second half is no output.
void turn_pairs(const ConvShape& s, const Planes& p, const float* g, std::int64_t group, std::int64_t q0,
                std::int64_t q1, std::int64_t line, bool minus, float* turned, float* sums, float* differences) {
  const std::int64_t outs = s.c_out / s.groups, image = s.h_out * s.w_out;
  for (std::int64_t q = q0; q < q1;) {
    const std::int64_t l = q / p.w.line(), v0 = q - l * p.w.line(), v1 = std::min(p.w.line(), v0 + (q1 - q));
    const std::int64_t sample = l / p.h.line(), u = l - sample * p.h.line();
    const std::int64_t n = u < s.h_out ? std::clamp<std::int64_t>(s.w_out - 2 * v0, 0, 2 * (v1 - v0)) : 0;
    float* const to = turned + 2 * (q - q0) * line;
    if (n > 0)
      transpose(outs, n, g + (sample * s.c_out + group * outs) * image + u * s.w_out + 2 * v0, image, to, line, line);
    std::fill_n(to + n * line, (2 * (v1 - v0) - n) * line, 0.0f);
    q += v1 - v0;
  }
  for (std::int64_t q = 0; q < q1 - q0; ++q)
    for (std::int64_t o = 0; o < line; o += width) {
      const V e0 = load<V>(turned + 2 * q * line + o), e1 = load<V>(turned + (2 * q + 1) * line + o);
      store(sums + q * line + o, e0 + e1);
      if (minus) store(differences + q * line + o, e0 - e1);
    }
}

}  // namespace

bool conv_weight_grad_winograd(const ConvShape& s, const float* x, const float* g, float* dw) {
  const std::int64_t outs = s.c_out / s.groups;
  std::vector<std::vector<Tap>> taps(1);
  const Planes direct = forward_planes(s, taps[0]);
  WinogradPlanes w;
  if (!winograd_planes(direct, taps, outs, w)) return false;
  const Planes& p = w.pairs;
  const std::vector<TapGroup>& tap_groups = w.parts[0];
  const std::int64_t line = divide_up(outs, width) * width, total = p.n * p.sample_size();
  const std::int64_t chunk = std::min(total, std::max(chunk_pairs, 3 * p.reach()));
  const std::int64_t chunks = divide_up(total, chunk), plane = plane_length<float>(p, chunk);

  // Rows of the products: point by point, by group of taps and channel.
  std::int64_t first[points + 1] = {};
  for (int point = 0; point < points; ++point) {
    first[point + 1] = first[point];
    for (const TapGroup& t : tap_groups) first[point + 1] += t.has(point) ? p.channels : 0;
  }
  const std::int64_t depth = first[points], size = s.groups * depth * line;
  const bool minus = first[at_minus_one + 1] > first[at_minus_one];
  std::int64_t* const offsets = scratch<5, std::int64_t>(depth);
  for (int point = 0; point < points; ++point) {
    std::int64_t r = first[point];
    for (const TapGroup& t : tap_groups)
      for (std::int64_t k = 0; k < p.channels && t.has(point); ++k) offsets[r++] = w.offset(t, point, k, plane);
  }
  const std::int64_t partials =
      std::clamp<std::int64_t>(total * size / partial_work, 1, std::min(most_partials, chunks));
  float* const sums = scratch<2, float>(partials * size);
  detail::parallel_for(partials, 1, [&](std::int64_t begin, std::int64_t end) {
    float* const planes = scratch<3, float>(p.channels * w.plane_count * plane);
    float* const turned = scratch<4, float>(points * chunk * line);
    float* const at_sum = turned + 2 * chunk * line;
    float* const at_difference = turned + 3 * chunk * line;
    const float* const right[points] = {turned, at_sum, at_difference, turned + line};
    const std::int64_t right_line[points] = {2 * line, line, line, 2 * line};
    for (std::int64_t part = begin; part < end; ++part) {
      float* const sum = sums + part * size;
      std::fill_n(sum, size, 0.0f);
      for (std::int64_t c = part * chunks / partials; c < (part + 1) * chunks / partials; ++c) {
        const std::int64_t q0 = c * chunk, q1 = std::min(total, q0 + chunk);
        const Walk walk{1, 1, q1 - q0, 0, 0, 1};
        for (std::int64_t group = 0; group < s.groups; ++group) {
          fill_winograd(w, x, group, q0, q1 + p.reach(), plane, planes);
          turn_pairs(s, p, g, group, q0, q1, line, minus, turned, at_sum, at_difference);
          const std::int64_t blocks = divide_up(line, weight_vecs * width);
          for (int point = 0; point < points; ++point)
            for (std::int64_t block = 0; block < blocks; ++block) {
              const std::int64_t o = line / width * block / blocks, vecs = line / width * (block + 1) / blocks - o;
              const std::int64_t most = rows_for(static_cast<int>(vecs));
              for (std::int64_t r = first[point]; r < first[point + 1]; r += most)
                run_weight_tile(static_cast<int>(std::min(most, first[point + 1] - r)), static_cast<int>(vecs), walk,
                                planes, offsets + r, right[point] + o * width, right_line[point],
                                sum + (group * depth + r) * line + o * width, line);
            }
        }
      }
    }
  });

  // The last step of the note, transposed: from the points to the taps.
  std::atomic<bool> finite{true};
  const std::int64_t kernel = s.kernel_h * s.kernel_w, row = p.channels * kernel;
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 15) / (depth / p.channels * partials * line));
  detail::parallel_for(s.groups * p.channels, grain, [&](std::int64_t begin, std::int64_t end) {
    V check{};
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / p.channels, k = task % p.channels;
      for (std::int64_t o = 0; o < outs; o += width) {
        std::int64_t r[points];
        for (int point = 0; point < points; ++point) r[point] = group * depth + first[point] + k;
        for (const TapGroup& t : tap_groups) {
          V at[points] = {};
          for (int point = 0; point < points; ++point)
            if (t.has(point)) {
              for (std::int64_t part = 0; part < partials; ++part)
                at[point] += load<V>(sums + part * size + r[point] * line + o);
              r[point] += p.channels;
            }
          V tap[3];
          if (t.taps == 3) {
            const V both = 0.5f * (at[at_one] + at[at_minus_one]);
            tap[0] = at[at_zero] + both;
            tap[1] = 0.5f * (at[at_one] - at[at_minus_one]);
            tap[2] = both + at[at_infinity];
          } else {
            tap[0] = at[at_zero] + at[at_one];
            tap[1] = at[at_one] + at[at_infinity];
          }
          for (std::int64_t j = 0; j < t.taps; ++j) {
            check += tap[j] * 0.0f;
            float* const to = dw + (group * outs + o) * row + k * kernel + t.index[j];
            for (std::int64_t i = 0; i < std::min(width, outs - o); ++i) to[i * row] = tap[j][i];
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
