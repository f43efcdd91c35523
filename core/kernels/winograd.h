#pragma once
// Four outputs at a time with fewer multiplications: what correlate_winograd and conv_weight_grad_winograd share.
//
// Note [Winograd]
// Four neighbouring outputs of three taps g need the inputs d0 .. d5 and, as written, 12 multiplications; 6 are enough
// (Winograd 1980; for convolutional nets Lavin & Gray 2015, arXiv 1509.09308: F(4,3)): of the polynomials with these
// coefficients at six points. At 0, +-a, +-b with a = sqrt(1/2), b = sqrt(2), and infinity:
//   point   input, v                                     taps, u                         output
//   0       d0 - 5/2 d2 + d4                             g0                              y0 = m(0)   + sa   +    sb
//   +-a     (d4 - 2 d2) +- a (d3 - 2 d1)                 -(2 g0 +- 2 a g1 + g2) / 3      y1 =          a da +  b db
//   +-b     (d4 - d2 / 2) +- b (d3 - d1 / 2)             (g0 +- b g1 + 2 g2) / 6         y2 =         sa / 2 + 2 sb
//   inf     d1 - 5/2 d3 + d5                             g2                y3 = a^3 da + b^3 db + m(inf)
// where m = u v, sa = m(a) + m(-a), da = m(a) - m(-a), and sb, db likewise. These points, symmetric and with a b = 1,
// keep the factors small. Everything is linear, so sums over channels and over groups of taps run before the outputs:
// a convolution is six products, of transformed weights with transformed input, over positions of four outputs, quads.
// A kernel is cut into groups of three taps of one phase. What is left of it is filled with zeros; without g2 there is
// no product at infinity: F(4,2), 5 instead of 8. A group that does not begin at a multiple of four reads the input
// transformed from where it begins.
// The gradient of the weights is the transpose: sums over quads of v times the polynomial of the incoming gradient,
// e0 + p e1 + p^2 e2 + p^3 e3, then from the points to the taps by the transpose of the column u.
// Lines as short as two quads serve, since the quads of all samples follow one another in the columns of a product;
// what bounds short lines are the transformed weights, which enough samples must share.
//   Accuracy  Errors stay of the order of the direct sum's, see docs/numerics.md: the factors cost what the shorter
//             sums gain. Only for float; double stays direct.
//   NaN, inf  One of either makes all outputs of its quads not finite, and so does an overflow of a sum. Samples that
//             end so are computed again directly, and what no NaN or infinity reaches stays finite.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "planes.h"

namespace eg::kernels {

enum Point : int { at_zero, at_a, at_minus_a, at_b, at_minus_b, at_infinity, points };
inline constexpr float point_a = 0.70710678118654752F, point_b = 1.41421356237309505F;
inline constexpr int quad = 4;

// The transforms take four quads at a time, a unit: two of them to a vector where registers hold two.
inline constexpr int unit_quads = 4;
using UnitVector = Vec<float, std::min(2 * unit_quads, register_lanes<float>)>;
inline constexpr int vector_units = lanes_of<UnitVector> / unit_quads;

/// Three taps that follow one another in one line of a phase.
struct TapGroup {
  std::int64_t phase, start;    // begins at element quad t + start of the phase, t the quad of outputs,
  std::int64_t shift_h, shift;  // shifted by lines and by quads
  std::int64_t index[3];        // in the kernel; -1: none
  std::int64_t plane;           // of the transformed input, at the first point
  bool has(int point) const { return point != at_infinity || index[2] >= 0; }
};

struct WinogradPlanes {
  Planes quads;  // as the planes of a direct convolution, but a position is a quad of outputs
  struct Part {
    std::vector<TapGroup> groups;  // those of three taps first
    std::int64_t depth = 0;        // of its products: groups of taps times channels
    std::int64_t infinity = 0;     // of the one at infinity
    std::int64_t at(int point) const { return point == at_infinity ? infinity : depth; }
    std::int64_t all() const { return (points - 1) * depth + infinity; }
  };
  std::vector<Part> parts;
  // By quad phase + start: the first plane and the number of points.
  struct Set {
    std::int64_t first = 0, count = 0;
  };
  std::vector<Set> sets;
  std::int64_t plane_count = 0;

  /// In what fill_winograd makes of `channels` channels.
  std::int64_t offset(const TapGroup& g, int point, std::int64_t channel, std::int64_t channels,
                      std::int64_t plane) const {
    return ((g.plane + point) * channels + channel) * plane + g.shift_h * quads.w.line() + g.shift;
  }
  /// Those of the rows of a part's products: point by point, by group of taps and channel. Returns where they end.
  std::int64_t* find_offsets(const Part& part, std::int64_t channels, std::int64_t plane, std::int64_t* to) const {
    for (int point = 0; point < points; ++point)
      for (const TapGroup& g : part.groups)
        for (std::int64_t k = 0; k < channels && g.has(point); ++k) *to++ = offset(g, point, k, channels, plane);
    return to;
  }
};

/// For `rows` channels of the result. False where it does not pay: few multiplications saved (a dilation, single taps,
/// few channels), too few rows to share the transformed input, too little depth to share the outputs, lines of less
/// than 8 outputs, or, of less than 48, fewer than least_positions outputs of all samples to share the transformed
/// weights. That last rule alone looks at the number of samples: with short lines a small batch has the rounding of the
/// direct sum.
bool winograd_planes(const Planes& p, const std::vector<std::vector<Tap>>& parts, std::int64_t rows,
                     std::int64_t least_positions, WinogradPlanes& w);

/// Transformed input for the quads [q0, q1) of the channels [k0, k1) of a group; plane f of channel k starts at
/// (f (k1 - k0) + k - k0) plane and has room for a vector behind q1.
void fill_winograd(const WinogradPlanes& w, const float* source, std::int64_t group, std::int64_t k0, std::int64_t k1,
                   std::int64_t q0, std::int64_t q1, std::int64_t plane, float* to);

/// conv_weight_grad. False, and nothing done, where it does not pay.
bool conv_weight_grad_winograd(const ConvShape& s, const float* x, const float* g, float* dw);

}  // namespace eg::kernels
