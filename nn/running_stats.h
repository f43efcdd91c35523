#pragma once
#include <eigengrad/autograd/ops/norm.h>
#include <eigengrad/nn/module.h>

#include <optional>

namespace eg::nn {

/// What layers that can track running statistics share: the options, the parameters and buffers in PyTorch's order, and
/// the update. Base of InstanceNorm and BatchNorm.
class ChannelNorm : public Module {
 public:
  void visit(Visitor& v) override {
    v("weight", weight)("bias", bias)("running_mean", running_mean)("running_var", running_var)(
        "num_batches_tracked", num_batches_tracked);
  }
  std::string describe() const override;

  Parameter weight, bias;            ///< [C]; undefined where not affine
  Buffer running_mean, running_var;  ///< [C]; undefined where not tracked
  Buffer num_batches_tracked;        ///< int64 scalar, counted up at each training forward

  std::int64_t num_features() const noexcept { return num_features_; }
  double eps() const noexcept { return eps_; }

 protected:
  struct Config {
    const char* name;
    std::int64_t num_features;
    double eps;
    std::optional<double> momentum;
    bool affine, track_running_stats, bias;
    bool usual_affine, usual_tracking;  // the class's defaults, left out of describe()
  };
  /// Errors: ValueError unless num_features > 0, eps > 0 and finite, 0 <= momentum <= 1.
  explicit ChannelNorm(const Config& config);
  /// Makes parameters and buffers for `channels`.
  void build(std::int64_t channels);
  bool tracked() const noexcept { return running_mean.defined(); }
  /// running = (1 - momentum) running + momentum batch; momentum 1 / count where none was given. Counts.
  /// Does nothing while a checkpoint computes its function again.
  void update(const BatchStats& batch);

  Config config_;
  std::int64_t num_features_ = 0;
  double eps_;
};

}  // namespace eg::nn
