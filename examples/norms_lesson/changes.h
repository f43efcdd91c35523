#pragma once
// Sections 2 to 4: what the layers make of the batch, and what they make of it when something changes.
#include <memory>

#include "batch.h"

namespace norms {

struct Layer {
  std::string name;
  std::unique_ptr<eg::nn::Module> module;
};
/// BatchNorm1d, InstanceNorm1d, LayerNorm({4, 256}) and GroupNorm(2, 4) with their defaults, in training mode.
std::vector<Layer> make_layers();

// ---- 2: what each layer promises about the cells that share statistics
// -----------------------------------------------
struct Promise {
  std::string layer;
  std::int64_t sets, cells;  ///< how many sets of cells, and cells in each
  double mean, std;          ///< furthest from 0 and from 1 among the sets of the output
};
std::vector<Promise> promises(const Tensor& x);

// ---- 3: sample 0 stays, its neighbours change
// ------------------------------------------------------------------------
struct NeighbourEffect {
  std::string layer;
  double worst;                       ///< largest change of an output of sample 0
  std::int64_t changed;               ///< how many of its outputs are other bits
  std::vector<double> before, after;  ///< channel 0
};
std::vector<NeighbourEffect> change_neighbours(const Batch& batch);

// ---- 4: sample 0 becomes gain x + offset
// -------------------------------------------------------------------------------
/// The largest change of an output of sample 0 (its channel 0 alone with `one_channel`).
double change_by_gain(eg::nn::Module& layer, const Tensor& x, double gain, double offset, bool one_channel);

/// What the slider of the page shows: channel 0 of sample 0, every second place, for each gain and offset.
struct Slider {
  std::vector<double> gains, offsets, input;
  std::vector<std::vector<double>> batch, instance;  ///< [gain * offsets + offset]
};
Slider slider(const Tensor& x);

/// Output std of InstanceNorm1d for a beat scaled to the given std, in double.
double output_std(const Tensor& x, double input_std, double eps);

}  // namespace norms
