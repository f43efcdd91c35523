#include <eigengrad/core/error.h>
#include <eigengrad/nn/instance_norm.h>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {

InstanceNorm::InstanceNorm(const char* name, int spatial, InstanceNormOptions o)
    : ChannelNorm({.name = name, .num_features = 0, .eps = o.eps, .momentum = o.momentum, .affine = o.affine,
                   .track_running_stats = o.track_running_stats, .bias = o.bias, .usual_affine = false, .usual_tracking = false}),
      spatial_(spatial),
      lazy_(true) {}

InstanceNorm::InstanceNorm(const char* name, int spatial, std::int64_t num_features, InstanceNormOptions o)
    : InstanceNorm(name, spatial, o) {
  lazy_ = false;
  build(num_features);
}

Tensor InstanceNorm::forward(const Tensor& x) {
  const int rank = x.dim();
  const bool unbatched = rank == spatial_ + 1;
  constexpr const char* layouts[] = {"[N, C, L] or [C, L]", "[N, C, H, W] or [C, H, W]", "[N, C, D, H, W] or [C, D, H, W]"};
  if (!unbatched && rank != spatial_ + 2)
    fail<ShapeError>("instance_norm", "expected {}, got input {}", layouts[spatial_ - 1], x.shape());
  const std::int64_t channels = x.shape()[unbatched ? 0 : 1];
  if (lazy_ && num_features() == 0) build(channels);
  if (channels != num_features()) {
    if (unbatched && spatial_ == 1)
      fail<ShapeError>("instance_norm", "expected {} channels, got input ({}, {}), which is read as C={}, L={}; for a batch of {} "
                       "vectors use BatchNorm1d or LayerNorm", num_features(), x.shape()[0], x.shape()[1], x.shape()[0], x.shape()[1],
                       x.shape()[0]);
    fail<ShapeError>("instance_norm", "expected {} channels at axis {} of {}, got input {}", num_features(), unbatched ? 0 : 1,
                     unbatched ? "[C, ...]" : spatial_ == 1 ? "[N, C, L]" : "[N, C, ...]", x.shape());
  }
  if (tracked() && !is_training()) return normalize_by(x, running_mean, running_var, weight, bias, eps(), unbatched);
  const Tensor batched = unbatched && spatial_ > 1 ? x.unsqueeze(0) : x;
  BatchStats stats;
  const bool track = tracked() && is_training() && x.numel() > 0;
  const Tensor y = instance_norm(batched, weight, bias, eps(), track ? &stats : nullptr);
  if (track) update(stats);
  return unbatched && spatial_ > 1 ? y.squeeze({0}) : y;
}

}  // namespace eg::nn
