#include <eigengrad/core/error.h>
#include <eigengrad/nn/batch_norm.h>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {

BatchNorm::BatchNorm(const char* name, int spatial, std::int64_t num_features, BatchNormOptions o)
    : ChannelNorm({.name = name, .num_features = num_features, .eps = o.eps, .momentum = o.momentum, .affine = o.affine,
                   .track_running_stats = o.track_running_stats, .bias = true, .usual_affine = true, .usual_tracking = true}),
      spatial_(spatial) {
  build(num_features);
}

Tensor BatchNorm::forward(const Tensor& x) {
  const int rank = x.dim();
  if (rank != spatial_ + 2 && !(spatial_ == 1 && rank == 2))
    fail<ShapeError>("batch_norm", "expected {}, got input {}", spatial_ == 1 ? "[N, C] or [N, C, L]" : "[N, C, H, W]", x.shape());
  if (x.shape()[1] != num_features())
    fail<ShapeError>("batch_norm", "expected {} channels at axis 1, got input {}", num_features(), x.shape());
  if (tracked() && !is_training()) return normalize_by(x, running_mean, running_var, weight, bias, eps());
  BatchStats stats;
  const bool track = tracked() && is_training() && x.numel() > 0;
  const Tensor y = batch_norm(x, weight, bias, eps(), track ? &stats : nullptr);
  if (track) update(stats);
  return y;
}

}  // namespace eg::nn
