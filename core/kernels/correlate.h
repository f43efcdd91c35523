#pragma once
// The engine of conv_forward and conv_input_grad; see Note [Convolution without im2col] in correlate.cpp.
#include <cstdint>
#include <vector>

namespace eg::kernels {

/// One axis of a correlation. Plane element i of phase f is source element i step + f + origin, 0 outside [0, size).
struct CorrelateAxis {
  std::int64_t size, step, origin;
  std::int64_t outputs;  // values of u
  std::int64_t shifts;   // largest shift of a tap
  std::int64_t target;   // size of the result; u lies at u target_step + part's start
  std::int64_t target_step;
  std::int64_t line() const { return outputs + shifts; }
};

/// A tap reads plane `phase`, shifted; `index` is its place in the kernel [KH, KW].
struct CorrelateTap {
  std::int64_t phase, shift_h, shift_w, index;
};

/// A set of taps whose sum fills the results at start_h + u target_step, start_w + v target_step.
struct CorrelatePart {
  std::int64_t start_h, start_w;
  std::vector<CorrelateTap> taps;
};

struct CorrelatePhase {
  std::int64_t h, w;
};

struct Correlation {
  std::int64_t n, groups;
  std::int64_t channels, rows;             // of the source and of the result, per group
  std::int64_t w_group, w_row, w_channel;  // distances in the weights
  CorrelateAxis h, w;
  std::vector<CorrelatePhase> phases;
  std::vector<CorrelatePart> parts;
};

template <class T>
void correlate(const Correlation& c, const T* source, const T* weight, const T* bias, T* target);

}  // namespace eg::kernels
