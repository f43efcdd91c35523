#include <eigengrad/autograd/checkpoint.h>
#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/core/error.h>
#include <eigengrad/nn/running_stats.h>

#include <cmath>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {

ChannelNorm::ChannelNorm(const Config& c) : config_(c), eps_(c.eps) {
  if (!(c.eps > 0) || !std::isfinite(c.eps)) fail<ValueError>(c.name, "expected a positive, finite eps, got {}", c.eps);
  if (c.momentum && !(*c.momentum >= 0 && *c.momentum <= 1))
    fail<ValueError>(c.name, "expected a momentum in [0, 1] or none (cumulative average), got {}", *c.momentum);
}

void ChannelNorm::build(std::int64_t channels) {
  if (channels < 1) fail<ValueError>(config_.name, "expected num_features >= 1, got {}", channels);
  num_features_ = channels;
  if (config_.affine) {
    weight = Parameter(ones({channels}));
    if (config_.bias) bias = Parameter(zeros({channels}));
  }
  if (config_.track_running_stats) {
    running_mean = Buffer(zeros({channels}));
    running_var = Buffer(ones({channels}));
    num_batches_tracked = Buffer(zeros({}, {.dtype = int64}));
  }
}

void ChannelNorm::update(const BatchStats& batch) {
  if (recomputing()) return;  // the first time has counted this batch
  NoGrad guard;
  num_batches_tracked->add_(1);
  const double m = config_.momentum ? *config_.momentum : 1.0 / static_cast<double>(num_batches_tracked->item<std::int64_t>());
  running_mean->mul_(1 - m).add_(batch.mean, m);
  running_var->mul_(1 - m).add_(batch.var, m);
}

std::string ChannelNorm::describe() const {
  std::string text = fmt::format("{}({}", config_.name, num_features_);
  if (eps_ != 1e-5) text += fmt::format(", eps={:g}", eps_);
  if (!config_.momentum) text += ", momentum=none";
  else if (*config_.momentum != 0.1) text += fmt::format(", momentum={:g}", *config_.momentum);
  if (config_.affine != config_.usual_affine) text += fmt::format(", affine={}", config_.affine);
  if (config_.affine && !config_.bias) text += ", bias=false";
  if (config_.track_running_stats != config_.usual_tracking)
    text += fmt::format(", track_running_stats={}", config_.track_running_stats);
  return text + ")";
}

}  // namespace eg::nn
