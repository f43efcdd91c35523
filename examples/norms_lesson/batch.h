#pragma once
// The batch of the lesson: real heartbeats, each as four channels.
#include <eigengrad/eigengrad.h>

#include <string>
#include <vector>

namespace norms {

using eg::Tensor;

inline constexpr std::int64_t samples = 6, channels = 4, length = 256;
inline constexpr const char* channel_names[channels] = {"beat (mV)", "trend (mV)", "slope (mV/s)", "energy (mV²)"};

/// Every beat of data/ecg, [498, 4, 256], and its shape: 0 narrow, 1 wide, 2 between (a rule's, not a physician's).
struct Beats {
  Tensor x;
  std::vector<std::int64_t> narrow, wide;  ///< places in x
};
Beats load_beats();

/// Some of them as a batch [places, 4, 256].
Tensor take(const Beats& beats, const std::vector<std::int64_t>& places);

/// The batch of the whole page: sample 1 is a wide beat, the others are narrow. Which ones, the generator decides.
/// `others` has the same sample 0 among five wide beats.
struct Batch {
  Tensor x, others;
};
Batch choose(const Beats& beats, eg::Generator& g);

/// Mean and (biased) standard deviation over all elements, in double.
struct Stats {
  double mean, std;
};
Stats stats(const Tensor& x);
/// One row x[n, c, :] as numbers.
std::vector<double> row(const Tensor& x, std::int64_t n, std::int64_t c);
double largest(const Tensor& x);  ///< max |x|; NaN where any element is

}  // namespace norms
