#pragma once
// Pairs of outputs with fewer multiplications: what correlate_winograd and conv_weight_grad_winograd share.
//
// Note [Winograd]
// Two neighbouring outputs of three taps g need the inputs d0 .. d3 and, as written, 6 multiplications; 4 are enough
// (Winograd 1980; for convolutional nets Lavin & Gray 2015, arXiv 1509.09308: F(2,3)), of two taps 3 instead of 4:
//                              taps g0 g1 g2                        taps g0 g1
//   point  0, first output     (d0 - d2) g0                         (d0 - d1) g0
//          1, both             (d1 + d2) (g0 + g1 + g2) / 2         d1 (g0 + g1)
//         -1, both, with sign  (d2 - d1) (g0 - g1 + g2) / 2
//          inf, second output  (d3 - d1) g2                         (d2 - d1) g1
//   y0 = p(0) + p(1) + p(-1),  y1 = p(1) - p(-1) + p(inf)
// Everything is linear, so sums over channels and over groups of taps run before the last line: a convolution is four
// products, of transformed weights with transformed input, over pairs of positions. A kernel is cut into groups of
// three and two taps of one phase; a group that starts at an odd position reads the input transformed from there on.
// The gradient of the weights is the transpose: with e0 = g[2 t], e1 = g[2 t + 1] the products at the points are sums
// over t of the same transformed inputs with e0, e0 + e1, e0 - e1, e1.
//   Accuracy  The factors are 1 and 1/2, so errors stay of the order of the direct sum's; see docs/numerics.md. Only
//             for float; double stays direct.
//   NaN, inf  One of either makes a pair of outputs not finite, both of them, and so does an overflow of a sum.
//             Samples that end so are computed again directly, and what no NaN or infinity reaches stays finite.
#include <cstdint>
#include <vector>

#include "planes.h"

namespace eg::kernels {

enum Point : int { at_zero, at_one, at_minus_one, at_infinity, points };

/// Two or three taps that follow one another in one line of a phase.
struct TapGroup {
  std::int64_t taps, phase, parity;  // begins at element 2 t + parity of the phase, t the pair of outputs,
  std::int64_t shift_h, shift;       // shifted by lines and by pairs
  std::int64_t index[3];             // in the kernel
  std::int64_t plane[points];        // which transformed input it multiplies
  bool has(int point) const { return taps == 3 || point != at_minus_one; }
};

struct WinogradPlanes {
  Planes pairs;  // as the planes of a direct convolution, but a position is a pair of outputs
  std::vector<std::vector<TapGroup>> parts;
  // By 2 phase + parity: whether groups of 3 and of 2 taps begin there, and the first of their planes.
  struct Set {
    bool three = false, two = false;
    std::int64_t first = 0;
    std::int64_t count() const { return (three ? 4 : 0) + (two ? (three ? 2 : 3) : 0); }
  };
  std::vector<Set> sets;
  std::int64_t plane_count = 0;

  std::int64_t offset(const TapGroup& g, int point, std::int64_t channel, std::int64_t plane) const {
    return (g.plane[point] * pairs.channels + channel) * plane + g.shift_h * pairs.w.line() + g.shift;
  }
};

/// For `rows` channels of the result. False where the taps do not come in groups (a dilation, single taps, none), and
/// where it does not pay: too few rows to share the transformed input, too little depth to share the last line of the
/// note, too few pairs in a line. Never a matter of the number of samples: that would show in the bits of a sample.
bool winograd_planes(const Planes& p, const std::vector<std::vector<Tap>>& parts, std::int64_t rows, WinogradPlanes& w);

/// Transformed input for the pairs [q0, q1) of one group of channels; plane f of channel k starts at
/// (f channels + k) plane and has room for a vector behind q1.
void fill_winograd(const WinogradPlanes& w, const float* source, std::int64_t group, std::int64_t q0, std::int64_t q1,
                   std::int64_t plane, float* to);

/// conv_weight_grad. False, and nothing done, where it does not pay.
bool conv_weight_grad_winograd(const ConvShape& s, const float* x, const float* g, float* dw);

}  // namespace eg::kernels
