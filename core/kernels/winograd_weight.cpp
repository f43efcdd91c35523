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
constexpr std::int64_t least_positions = 512;  // of short lines
constexpr std::int64_t most_whole = 128;       // quads whose sums are taken at once, by bands:
constexpr std::int64_t band_rows = 32, least_bands = 2;
constexpr std::int64_t piece_floats = 1 << 12;  // of g that a task turns
constexpr std::int64_t chunk_quads = 96;        // of a partial sum, at a time: their transformed input fits in cache
constexpr std::int64_t least_quads = 64;        // of a partial sum, where there would be one

/// g of one group of channels at the quads [q0, q1) of a chunk that begins at `first`, turned, by vectors of channels,
/// each with room for `chunk` quads: e0 .. e3 of a quad behind one another, 0 where it has no such output; then the
/// polynomials at a, -a, b, -b.
void turn_quads(const ConvShape& s, const Planes& p, const float* g, std::int64_t group, std::int64_t first,
                std::int64_t q0, std::int64_t q1, std::int64_t chunk, std::int64_t line, float* to) {
  const std::int64_t outs = s.c_out / s.groups, image = s.h_out * s.w_out;
  for (std::int64_t q = q0; q < q1;) {
    const std::int64_t l = q / p.w.line(), v0 = q - l * p.w.line(), v1 = std::min(p.w.line(), v0 + (q1 - q));
    const std::int64_t sample = l / p.h.line(), u = l - sample * p.h.line();
    const std::int64_t n = u < s.h_out ? std::clamp<std::int64_t>(s.w_out - quad * v0, 0, quad * (v1 - v0)) : 0;
    const std::int64_t vector = quad * chunk * width;
    float* const turned = to + quad * (q - first) * width;
    if (n > 0)
      turn_channels(outs, n, g + (sample * s.c_out + group * outs) * image + u * s.w_out + quad * v0, image, turned,
                    vector);
    for (std::int64_t o = 0; o < line; o += width)
      zero_vectors((quad * (v1 - v0) - n) * width, turned + o / width * vector + n * width);
    q += v1 - v0;
  }
  const std::int64_t step = chunk * line;
  for (std::int64_t o = 0; o < line; o += width) {
    const float* e = to + quad * (chunk * o + (q0 - first) * width);
    float* out = to + quad * step + chunk * o + (q0 - first) * width;
    for (std::int64_t q = q0; q < q1; ++q, e += quad * width, out += width) {
      const V e0 = load<V>(e), e1 = load<V>(e + width), e2 = load<V>(e + 2 * width), e3 = load<V>(e + 3 * width);
      const V sa = e0 + 0.5f * e2, da = point_a * (e1 + 0.5f * e3), sb = e0 + 2 * e2, db = point_b * (e1 + 2 * e3);
      store(out, sa + da);
      store(out + step, sa - da);
      store(out + 2 * step, sb + db);
      store(out + 3 * step, sb - db);
    }
  }
}

/// g turned for one chunk, as turn_quads has it, at a point: the vectors from channel o on. At the end points e0 and e3
/// serve as they are.
TurnedLines<float> turned_at(int point, const float* turned, std::int64_t chunk, std::int64_t line, std::int64_t o) {
  if (point == at_zero || point == at_infinity)
    return {turned + quad * chunk * o + (point == at_zero ? 0 : quad - 1) * width, quad * width, quad * chunk * width};
  return {turned + (quad + point - at_a) * chunk * line + chunk * o, width, chunk * width};
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

/// Sums at the points, of `parts` parts `size` apart. A row for each point, group of taps and one of `channels`; rows
/// are `line` apart and hold channels of g.
struct PointSums {
  const float* at;
  std::int64_t line, channels, parts = 1, size = 0;
};

/// The taps of the channels [k0, k1) of x for `count` channels of g, dw_row apart in dw, where that of k0 is first.
/// Adds 0 to the lanes of `check` that are finite, else NaN.
void store_gradient(const WinogradPlanes::Part& products, const PointSums& sums, std::int64_t k0, std::int64_t k1,
                    std::int64_t count, std::int64_t kernel, float* dw, std::int64_t dw_row, V& check) {
  float* const found = scratch<7, float>(kernel * width);  // the taps of a vector of channels
  const std::int64_t of_group = sums.channels * sums.line;
  const std::int64_t of_point = static_cast<std::int64_t>(products.groups.size()) * of_group;
  for (std::int64_t o = 0; o < count; o += width)
    for (std::int64_t k = k0; k < k1; ++k) {
      const float* from = sums.at + k * sums.line + o;
      for (const TapGroup& t : products.groups) {
        V at[points], tap[3];
        unrolled<points>([&](auto point) {
          at[point] = V{};
          if (!t.has(point)) return;
          const float* of_part = from + point * of_point;
          at[point] = load<V>(of_part);
          for (std::int64_t part = 1; part < sums.parts; ++part) at[point] += load<V>(of_part += sums.size);
        });
        from += of_group;
        find_taps(at, tap);
        for (int j = 0; j < 3; ++j)
          if (t.index[j] >= 0) check += tap[j] * 0.0f, store(found + t.index[j] * width, tap[j]);
      }
      store_taps(found, kernel, std::min(width, count - o), dw + o * dw_row + (k - k0) * kernel, dw_row);
    }
}

/// What both ways below share.
struct WeightGrad {
  const ConvShape& s;
  const float *x, *g;
  float* dw;
  WinogradPlanes w;
  std::int64_t outs, vectors, line, total;  // vectors of channels of g, their values; quads
  std::atomic<bool> finite{true};

  const WinogradPlanes::Part& products() const { return w.parts[0]; }
  std::int64_t kernel() const { return s.kernel_h * s.kernel_w; }
  std::int64_t dw_row() const { return w.quads.channels * kernel(); }
  /// Rows of the products of some channels: at each point but infinity, at that, and at all.
  std::int64_t depth(std::int64_t channels) const { return products().depth / w.quads.channels * channels; }
  std::int64_t rows(std::int64_t channels) const { return products().all() / w.quads.channels * channels; }

  /// The sums over n quads of a chunk for channels of x and `count` channels of g from o on; rows of `to` are `count`
  /// long.
  void multiply(std::int64_t channels, const float* planes, const std::int64_t* offsets, const float* turned,
                std::int64_t chunk, std::int64_t n, std::int64_t o, std::int64_t count, float* to,
                bool accumulate) const {
    const Walk walk{1, 1, n, 0, 0, 1};
    for (int point = 0; point < points; ++point) {
      const std::int64_t first = point * depth(channels);
      const std::int64_t here = point == at_infinity ? rows(channels) - first : depth(channels);
      if (here > 0)
        weight_tiles(here, walk, planes, offsets + first, turned_at(point, turned, chunk, line, o), to + first * count,
                     count, accumulate);
    }
  }

  void by_bands(std::int64_t bands);
  void by_partial_sums();
};

/// Few quads, so that the gradient of some channels of x, a band, is found from sums that never leave the cache: g is
/// turned for all, then each band is a task. A band makes about band_rows rows of a product.
void WeightGrad::by_bands(std::int64_t bands) {
  const Planes& p = w.quads;
  const std::int64_t of_group = 2 * quad * total * line, plane = plane_length<float>(p, total);
  float* const turned = scratch<4, float>(s.groups * of_group);
  const std::int64_t piece = divide_up(piece_floats, line), pieces = divide_up(total, piece);
  detail::parallel_for(s.groups * pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / pieces, q0 = task % pieces * piece;
      turn_quads(s, p, g, group, 0, q0, std::min(total, q0 + piece), total, line, turned + group * of_group);
    }
  });
  detail::parallel_for(s.groups * bands, 1, [&](std::int64_t begin, std::int64_t end) {
    V check{};
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / bands, band = task % bands;
      const std::int64_t k0 = p.channels * band / bands, channels = p.channels * (band + 1) / bands - k0;
      std::int64_t* const offsets = scratch<5, std::int64_t>(rows(channels));
      float* const planes = scratch<3, float>(channels * w.plane_count * plane);
      float* const sums = scratch<2, float>(rows(channels) * weight_vecs * width);
      w.find_offsets(products(), channels, plane, offsets);
      fill_winograd(w, x, group, k0, k0 + channels, 0, total + p.reach(), plane, planes);
      const std::int64_t blocks = divide_up(vectors, weight_vecs);
      for (std::int64_t block = 0; block < blocks; ++block) {
        const std::int64_t o = vectors * block / blocks * width, count = vectors * (block + 1) / blocks * width - o;
        multiply(channels, planes, offsets, turned + group * of_group, total, total, o, count, sums, false);
        store_gradient(products(), {sums, count, channels}, 0, channels, std::min(count, outs - o), kernel(),
                       dw + (group * outs + o) * dw_row() + k0 * kernel(), dw_row(), check);
      }
    }
    if (lane_sum(check) != 0) finite.store(false, std::memory_order_relaxed);
  });
}

/// Many quads, in chunks, dealt to partial sums as in Note [Weight gradient].
void WeightGrad::by_partial_sums() {
  const Planes& p = w.quads;
  const std::int64_t size = s.groups * rows(p.channels) * line, most = std::max(chunk_quads, 3 * p.reach());
  const std::int64_t partials =
      partial_sums(total * size, std::max(total / most, std::min<std::int64_t>(2, total / least_quads)));
  const std::int64_t chunk = even_share(total, most, partials);
  const std::int64_t chunks = divide_up(total, chunk), plane = plane_length<float>(p, chunk);
  std::int64_t* const offsets = scratch<5, std::int64_t>(rows(p.channels));
  w.find_offsets(products(), p.channels, plane, offsets);
  float* const sums = scratch<2, float>(partials * size);
  detail::parallel_for(partials, 1, [&](std::int64_t begin, std::int64_t end) {
    float* const planes = scratch<3, float>(p.channels * w.plane_count * plane);
    float* const turned = scratch<4, float>(2 * quad * chunk * line);
    for (std::int64_t part = begin; part < end; ++part) {
      const std::int64_t first = part * chunks / partials;
      for (std::int64_t c = first; c < (part + 1) * chunks / partials; ++c) {
        const std::int64_t q0 = c * chunk, q1 = std::min(total, q0 + chunk);
        for (std::int64_t group = 0; group < s.groups; ++group) {
          fill_winograd(w, x, group, 0, p.channels, q0, q1 + p.reach(), plane, planes);
          turn_quads(s, p, g, group, q0, q0, q1, chunk, line, turned);
          multiply(p.channels, planes, offsets, turned, chunk, q1 - q0, 0, line,
                   sums + part * size + group * rows(p.channels) * line, c > first);
        }
      }
    }
  });
  // A task takes the vectors of some channels one after the other: what those store of a line of dw are neighbours.
  constexpr std::int64_t band = 16;
  const std::int64_t bands = divide_up(p.channels, band);
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 15) / (rows(band) * partials * line));
  detail::parallel_for(s.groups * bands, grain, [&](std::int64_t begin, std::int64_t end) {
    V check{};
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t group = task / bands, k0 = task % bands * band, k1 = std::min(k0 + band, p.channels);
      store_gradient(products(), {sums + group * rows(p.channels) * line, line, p.channels, partials, size}, k0, k1,
                     outs, kernel(), dw + group * outs * dw_row() + k0 * kernel(), dw_row(), check);
    }
    if (lane_sum(check) != 0) finite.store(false, std::memory_order_relaxed);
  });
}

}  // namespace

bool conv_weight_grad_winograd(const ConvShape& s, const float* x, const float* g, float* dw) {
  const std::int64_t outs = s.c_out / s.groups, vectors = divide_up(outs, width);
  std::vector<std::vector<Tap>> taps(1);
  const Planes direct = forward_planes(s, taps[0]);
  WeightGrad grad{s, x, g, dw, {}, outs, vectors, vectors * width, 0};
  if (!winograd_planes(direct, taps, outs, least_positions, grad.w)) return false;
  const Planes& p = grad.w.quads;
  grad.total = p.n * p.sample_size();
  const auto tap_groups = static_cast<std::int64_t>(grad.products().groups.size());
  const std::int64_t bands = divide_up(p.channels, divide_up(band_rows, tap_groups));
  if (grad.total <= most_whole && s.groups * bands >= least_bands)
    grad.by_bands(bands);
  else
    grad.by_partial_sums();
  if (!grad.finite.load()) conv_weight_grad_direct(s, x, g, dw);
  return true;
}

}  // namespace eg::kernels
