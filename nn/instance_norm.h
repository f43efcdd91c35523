#pragma once
#include <eigengrad/nn/running_stats.h>

namespace eg::nn {

struct InstanceNormOptions {
  double eps = 1e-5;                     ///< added to the variance; has the unit of x squared
  std::optional<double> momentum = 0.1;  ///< weight of the newest batch in the running statistics; none: their plain average
  bool affine = false;                   ///< learn weight (starts at 1) and bias (starts at 0)
  bool track_running_stats = false;      ///< keep running statistics and use them in eval mode
  bool bias = true;                      ///< false with affine: weight only
};

/// Base of the InstanceNorm layers; `spatial` is their number of spatial dimensions.
class InstanceNorm : public ChannelNorm {
 public:
  Tensor forward(const Tensor& x) override;

 protected:
  InstanceNorm(const char* name, int spatial, std::int64_t num_features, InstanceNormOptions o);
  InstanceNorm(const char* name, int spatial, InstanceNormOptions o);  // channels from the first input
  const int spatial_;
  bool lazy_ = false;
};

/// Normalizes each channel of each sample over its length, then scales and shifts.
///   y[n,c,l] = weight[c] (x[n,c,l] - mean[n,c]) / sqrt(var[n,c] + eps) + bias[c]     (var: biased)
/// Shapes    x [N, C, L], or [C, L] as a batch of one; weight, bias [C]; result as x
/// Modes     without tracking: the same in training and eval. With tracking: training updates running_mean and running_var
///           (average over n of the mean and of the unbiased variance); eval applies them as a fixed map and never writes
/// Errors    ShapeError for another rank or channel count; ValueError where L < 2 and statistics come from x, and in the
///           constructor unless num_features >= 1, eps > 0 and finite, 0 <= momentum <= 1
/// Gradient  x, weight, bias; exact at every order          Cost  one read and one write of x forward
/// State     weight, bias, running_mean, running_var, num_batches_tracked, as PyTorch; docs/instance_norm.md lists the
///           deliberate differences
/// Source    Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022
class InstanceNorm1d : public InstanceNorm {
 public:
  explicit InstanceNorm1d(std::int64_t num_features, InstanceNormOptions o = {})
      : InstanceNorm("InstanceNorm1d", 1, num_features, o) {}
  /// The positional form of other libraries.
  InstanceNorm1d(std::int64_t num_features, double eps, double momentum = 0.1, bool affine = false, bool track_running_stats = false)
      : InstanceNorm1d(num_features, {.eps = eps, .momentum = momentum, .affine = affine, .track_running_stats = track_running_stats}) {}
};

/// InstanceNorm1d over two spatial dimensions: x [N, C, H, W] or [C, H, W].
class InstanceNorm2d : public InstanceNorm {
 public:
  explicit InstanceNorm2d(std::int64_t num_features, InstanceNormOptions o = {})
      : InstanceNorm("InstanceNorm2d", 2, num_features, o) {}
};

/// InstanceNorm1d over three spatial dimensions: x [N, C, D, H, W] or [C, D, H, W].
class InstanceNorm3d : public InstanceNorm {
 public:
  explicit InstanceNorm3d(std::int64_t num_features, InstanceNormOptions o = {})
      : InstanceNorm("InstanceNorm3d", 3, num_features, o) {}
};

/// InstanceNorm1d that takes the number of channels from the channel axis of its first input; the same defaults. Give
/// its parameters to an optimizer after that.
class LazyInstanceNorm1d : public InstanceNorm {
 public:
  explicit LazyInstanceNorm1d(InstanceNormOptions o = {}) : InstanceNorm("LazyInstanceNorm1d", 1, o) {}
};

}  // namespace eg::nn
