#pragma once
// Numbers that say how good a set of generated heartbeats is. Beats are [N, 256], in millivolts.
#include <eigengrad/eigengrad.h>

#include <vector>

/// Width of a beat's main wave (QRS) in ms: around the highest sample within 20 samples of the middle, the time between
/// the two points where the signal falls to half that height, at 360 samples a second.
std::vector<double> qrs_widths(const eg::Tensor& beats);

/// A beat is wide (it looks like a premature ventricular beat) from this width on; the data's two shapes part here.
inline constexpr double wide_ms = 45;

struct Curves { std::vector<double> mean, std; };
/// Mean and standard deviation over the beats, at each of the 256 samples.
Curves curves(const eg::Tensor& beats);

struct Quality {
  double wide_real, wide_fake;      // shares of wide beats
  double mean_error, std_error;     // root mean square over time of the curves' difference, in the data's standard deviation
  double mean_largest, std_largest; // the largest difference at one time, in the same unit
  double spread;                    // mean distance to the nearest other beat, generated over real

  /// Shares within 15 points, curves within 0.15, spread at least 0.5.
  bool good() const;
};
/// Both sets of the same number of beats.
Quality measure(const eg::Tensor& real, const eg::Tensor& fake);
