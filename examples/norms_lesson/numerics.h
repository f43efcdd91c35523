#pragma once
// Sections 6 and 7: rounding, and gradients.
#include "batch.h"

namespace norms {

/// Largest errors of three float32 ways to normalize a beat of std 1 at an offset, against double on the same input.
struct OffsetError {
  double offset, layer;  ///< InstanceNorm1d
  double two_passes;     ///< x - mean first, then the mean of its squares; sums run in float32
  double one_pass;       ///< variance as mean of squares minus square of the mean
};
std::vector<OffsetError> offset_errors(const Tensor& batch);

/// A row that is constant: 10000 / 3 in float32.
struct ConstantRow {
  double layer, one_pass;  ///< largest |output|; exact: 0
  double gradient;         ///< largest |gradient| through the layer
  bool finite;
};
ConstantRow constant_row();

/// A beat of std `scale`: output std, which should be 1, of the layer and of the one-pass formula.
struct Scale {
  double scale, layer, one_pass;
};
std::vector<Scale> extreme_scales(const Tensor& batch);

/// One set of cells that share statistics: sums of the gradient dx over it, which the exact formula makes 0.
struct GradientSums {
  std::string what;
  double sum, sum_abs;      ///< sum of dx, and of |dx| for comparison
  double along, along_abs;  ///< sum of dx xh, and of |dx xh|; xh is the normalized x
};
struct Gradients {
  std::vector<GradientSums> sums;
  std::vector<double> g, dx;  ///< sample 0, channel 0: what comes in, what goes out
  double bias_with, bias_without,
      weight_with;  ///< largest gradients of a convolution before InstanceNorm1d, and without it
};
Gradients gradients(const Tensor& batch);

}  // namespace norms
