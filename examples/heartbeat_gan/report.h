#pragma once
// What the program leaves for a person: the page, its pictures, and the numbers on the terminal.
#include <string>
#include <vector>

#include "quality.h"

/// One training run: its seed and the beats its generator makes, [N, 256] in millivolts.
struct Run {
  std::int64_t seed;
  eg::Tensor beats;
};

/// Measures every run against `real`, prints the result, and writes report.html, beats.svg, curves.svg, widths.svg and
/// losses.svg into `folder`, which holds the metrics.csv of these runs. Returns whether all runs are good
/// (Quality::good).
bool report(const std::string& folder, const eg::Tensor& real, const std::vector<Run>& runs, std::int64_t steps);
