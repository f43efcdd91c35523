#pragma once
#include <eigengrad/nn/running_stats.h>

namespace eg::nn {

struct BatchNormOptions {
  double eps = 1e-5;                     ///< added to the variance; has the unit of x squared
  std::optional<double> momentum = 0.1;  ///< weight of the newest batch in the running statistics; none: their plain average
  bool affine = true;                    ///< learn weight (starts at 1) and bias (starts at 0)
  bool track_running_stats = true;       ///< keep running statistics and use them in eval mode
};

/// Base of the BatchNorm layers; `spatial` is their number of spatial dimensions.
class BatchNorm : public ChannelNorm {
 public:
  Tensor forward(const Tensor& x) override;

 protected:
  BatchNorm(const char* name, int spatial, std::int64_t num_features, BatchNormOptions o);
  const int spatial_;
};

/// Normalizes each channel over the batch and the length, then scales and shifts.
///   y[n,c,l] = weight[c] (x[n,c,l] - mean[c]) / sqrt(var[c] + eps) + bias[c]     (var: biased)
/// Shapes    x [N, C] or [N, C, L]; weight, bias [C]; result as x
/// Modes     training uses the batch's statistics and updates the running ones (unbiased variance); eval applies the
///           running ones as a fixed map and never writes. Without tracking always the batch's
/// Errors    ShapeError for another rank or channel count; ValueError where a channel has fewer than 2 values in training
/// Gradient  x, weight, bias; exact at every order          Cost  two reads and one write of x forward
/// Source    Ioffe, Szegedy 2015, arXiv:1502.03167
class BatchNorm1d : public BatchNorm {
 public:
  explicit BatchNorm1d(std::int64_t num_features, BatchNormOptions o = {}) : BatchNorm("BatchNorm1d", 1, num_features, o) {}
  BatchNorm1d(std::int64_t num_features, double eps, double momentum = 0.1, bool affine = true, bool track_running_stats = true)
      : BatchNorm1d(num_features, {eps, momentum, affine, track_running_stats}) {}
};

/// BatchNorm1d over two spatial dimensions: x [N, C, H, W].
class BatchNorm2d : public BatchNorm {
 public:
  explicit BatchNorm2d(std::int64_t num_features, BatchNormOptions o = {}) : BatchNorm("BatchNorm2d", 2, num_features, o) {}
};

}  // namespace eg::nn
