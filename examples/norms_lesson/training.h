#pragma once
// Section 5: running statistics, and what eval mode does with them.
#include <optional>

#include "batch.h"

namespace norms {

/// Running statistics of channel 0 after each training step, and the std of what eval mode would give for the slope
/// channel of the page's batch at that moment.
struct RunningCurve {
  std::string name;
  std::vector<double> mean, var, eval_std;
};

/// A sample through a tracked InstanceNorm1d: mean and std of its channel 0 in each mode.
struct ModeRow {
  std::string sample;
  Stats input, train, eval;
};

struct Training {
  std::vector<RunningCurve> batch;       ///< BatchNorm1d with momentum 0.1, 0.01 and none
  RunningCurve instance;                 ///< InstanceNorm1d, tracked, momentum 0.1
  double mean, var, inside_var;          ///< of channel 0 over all beats; mean over beats of the variance inside each
  std::vector<double> slope, intercept;  ///< of the fixed map of eval mode, from the running statistics, each channel
  double map_error;                      ///< largest |eval(x) - (slope x + intercept)|
  bool eval_wrote;                       ///< whether a buffer changed in eval mode
  std::vector<ModeRow> modes;
  std::vector<double> x[2], train[2], eval[2];  ///< channel 0 of samples 0 and 1 through the tracked InstanceNorm1d
};
Training train(const Beats& beats, const Batch& batch, std::int64_t steps, eg::Generator& g);

}  // namespace norms
