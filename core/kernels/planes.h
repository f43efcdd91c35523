#pragma once
// Zero-padded copies of the input of a convolution, one plane per channel and phase; see Note [Convolution without
// im2col] in correlate.cpp.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "conv.h"
#include "divide_up.h"
#include "lanes.h"

namespace eg::kernels {

/// About `most` of `total`, so that a multiple of `parts` such pieces make up all.
inline std::int64_t even_share(std::int64_t total, std::int64_t most, std::int64_t parts) {
  const std::int64_t rounds = std::max<std::int64_t>(1, (2 * total + most * parts) / (2 * most * parts));
  return divide_up(total, rounds * parts);
}

/// One axis. Element i of phase f is source element i step + f + origin, 0 outside [0, size).
struct PlaneAxis {
  std::int64_t size, step, origin;
  std::int64_t outputs;  // positions at which something is computed
  std::int64_t shifts;   // largest shift of a tap
  std::int64_t line() const { return outputs + shifts; }
  /// The elements [first, last) of a phase are in the source.
  std::int64_t first(std::int64_t phase) const { return divide_up(std::max<std::int64_t>(0, -(phase + origin)), step); }
  std::int64_t last(std::int64_t phase) const {
    return divide_up(std::max<std::int64_t>(0, size - (phase + origin)), step);
  }
};

struct PlanePhase {
  std::int64_t h, w;
};

/// A tap reads the plane of its phase, shifted; `index` is its place in the kernel [KH, KW].
struct Tap {
  std::int64_t phase, shift_h, shift_w, index;
};

struct Planes {
  std::int64_t n, groups, channels;  // channels per group
  PlaneAxis h, w;
  std::vector<PlanePhase> phases;

  std::int64_t phase_count() const { return static_cast<std::int64_t>(phases.size()); }
  /// Positions of a sample; sample n begins at n sample_size().
  std::int64_t sample_size() const { return h.line() * w.line(); }
  /// What a tap reads at most behind a position.
  std::int64_t reach() const { return h.shifts * w.line() + w.shifts; }
  std::int64_t offset(const Tap& tap, std::int64_t channel, std::int64_t plane) const {
    return (channel * phase_count() + tap.phase) * plane + tap.shift_h * w.line() + tap.shift_w;
  }
};

/// The planes of x that conv_forward and conv_weight_grad read, and their taps in the order of the kernel.
Planes forward_planes(const ConvShape& s, std::vector<Tap>& taps);

/// Into how many partial sums so many multiply-adds go, at most `most`: a power of two. See Note [Weight gradient].
inline std::int64_t partial_sums(std::int64_t work, std::int64_t most) {
  constexpr std::int64_t worth_one = 1 << 17, limit = 8;
  return static_cast<std::int64_t>(
      std::bit_floor(static_cast<std::uint64_t>(std::max<std::int64_t>(1, std::min({work / worth_one, most, limit})))));
}

/// conv_weight_grad as the sum is written; see Note [Weight gradient].
template <class T>
void conv_weight_grad_direct(const ConvShape& s, const T* x, const T* g, T* dw);

/// conv_weight_grad for few output channels per group: the lanes of its vectors are positions.
template <class T>
void conv_weight_grad_narrow(const ConvShape& s, const T* x, const T* g, T* dw);

/// Length of a plane with room for `positions`, for what is behind them, and for whole vectors. An odd number of cache
/// lines, so that planes do not fall into the same sets of the cache.
template <class T>
std::int64_t plane_length(const Planes& p, std::int64_t positions) {
  return ((divide_up(positions + p.reach(), lanes<T>) + 4) | 1) * lanes<T>;
}

/// Flat positions [q0, q1) of one group; plane f of channel k starts at (k phases + f) plane and has room for a vector
/// behind q1.
template <class T>
void fill_planes(const Planes& p, const T* source, std::int64_t group, std::int64_t q0, std::int64_t q1,
                 std::int64_t plane, T* to) {
  const std::int64_t line = p.w.line(), lines = p.h.line(), phases = p.phase_count();
  const std::int64_t image = p.h.size * p.w.size;
  const T* const end = source + p.n * p.groups * p.channels * image;
  for (std::int64_t f = 0; f < phases; ++f) {
    const std::int64_t h_origin = p.h.origin + p.phases[f].h, w_origin = p.w.origin + p.phases[f].w;
    const std::int64_t first = p.w.first(p.phases[f].w), last = p.w.last(p.phases[f].w);
    std::int64_t l = q0 / line, v0 = q0 - l * line, sample = l / lines, row = l - sample * lines;
    for (std::int64_t q = q0; q < q1;) {
      const std::int64_t v1 = std::min(line, v0 + (q1 - q));
      const std::int64_t h = row * p.h.step + h_origin;
      T* out = to + f * plane + (q - q0);
      if (sample >= p.n || h < 0 || h >= p.h.size) {
        for (std::int64_t k = 0; k < p.channels; ++k, out += phases * plane) zero_vectors(v1 - v0, out);
      } else {
        const std::int64_t a = std::clamp(first, v0, v1), b = std::clamp(last, a, v1);
        const T* from =
            source + (sample * p.groups + group) * p.channels * image + h * p.w.size + (a * p.w.step + w_origin);
        const std::int64_t read = divide_up(b - a, lanes<T>) * lanes<T> * p.w.step;
        for (std::int64_t k = 0; k < p.channels; ++k, out += phases * plane, from += image) {
          zero_vectors(a - v0, out);
          copy_strided(from, p.w.step, b - a, end - from >= read, out + (a - v0));
          zero_vectors(v1 - b, out + (b - v0));
        }
      }
      q += v1 - v0;
      v0 = 0;
      if (++row == lines) row = 0, ++sample;
    }
  }
}

}  // namespace eg::kernels
