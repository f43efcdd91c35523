#pragma once
// The engine of conv_forward and conv_input_grad; see Note [Convolution without im2col] in correlate.cpp.
#include <cstdint>
#include <vector>

#include "planes.h"

namespace eg::kernels {

/// Results lie at u step + start + (0 .. step - 1) in [0, size), u in [0, outputs) of the planes' axis.
struct TargetAxis {
  std::int64_t size, step, start;
};

/// Correlation of the planes with weights. Results of h phase a, w phase b are sums over parts[a w.step + b].
struct Correlation {
  Planes planes;
  std::int64_t rows = 0;                               // channels of the result, per group
  std::int64_t w_group = 0, w_row = 0, w_channel = 0;  // distances in the weights
  TargetAxis h{}, w{};
  std::vector<std::vector<Tap>> parts;

  /// Taps of all parts.
  std::int64_t kernel() const {
    std::int64_t taps = 0;
    for (const std::vector<Tap>& part : parts) taps += static_cast<std::int64_t>(part.size());
    return taps;
  }
};

/// By the fastest way for these sizes.
template <class T>
void correlate(Correlation c, const T* source, const T* weight, const T* bias, T* target);

/// The sum as it is written.
template <class T>
void correlate_direct(const Correlation& c, const T* source, const T* weight, const T* bias, T* target);

/// With fewer multiplications; see winograd.cpp. False, and nothing done, where that does not pay.
bool correlate_winograd(const Correlation& c, const float* source, const float* weight, const float* bias,
                        float* target);

/// The same where a group has one channel and one row, and the target no phases.
template <class T>
void correlate_depthwise(const Correlation& c, const T* source, const T* weight, const T* bias, T* target);

}  // namespace eg::kernels
