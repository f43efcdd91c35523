#include "quality.h"

#include <algorithm>
#include <cmath>

using eg::Tensor;

std::vector<double> qrs_widths(const Tensor& beats) {
  const std::vector<float> all = beats.to_vector<float>();
  const std::int64_t length = beats.size(1), middle = length / 2;
  std::vector<double> widths;
  for (std::int64_t n = 0; n < beats.size(0); ++n) {
    const float* x = all.data() + n * length;
    const std::int64_t top = std::max_element(x + middle - 20, x + middle + 21) - x;
    const double half = x[top] / 2;
    std::int64_t left = top, right = top;
    while (left > 0 && x[left - 1] >= half) --left;
    while (right < length - 1 && x[right + 1] >= half) ++right;
    // Between the last sample above and the first below, along the straight line.
    const double before = left > 0 ? (x[left] - half) / (x[left] - x[left - 1]) : 0;
    const double after = right < length - 1 ? (x[right] - half) / (x[right] - x[right + 1]) : 0;
    widths.push_back((static_cast<double>(right - left) + before + after) * 1000 / 360);
  }
  return widths;
}

Curves curves(const Tensor& beats) {
  const Tensor x = beats.to(eg::float64);
  return {x.mean({0}).to_vector<double>(), x.std({0}, false).to_vector<double>()};
}

namespace {

double wide_share(const Tensor& beats) {
  const std::vector<double> widths = qrs_widths(beats);
  const auto wide = std::count_if(widths.begin(), widths.end(), [](double w) { return w >= wide_ms; });
  return static_cast<double>(wide) / static_cast<double>(widths.size());
}

/// Mean distance of a beat to its nearest neighbour in the same set: |a - b|^2 = |a|^2 + |b|^2 - 2 a b.
double nearest(const Tensor& beats) {
  const Tensor x = beats.to(eg::float64), square = (x * x).sum({1}, true);
  const std::vector<double> d = (square + square.t() - x.matmul(x.t()) * 2).to_vector<double>();
  const std::size_t n = static_cast<std::size_t>(x.size(0));
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double best = INFINITY;
    for (std::size_t j = 0; j < n; ++j)
      if (j != i) best = std::min(best, d[i * n + j]);
    sum += std::sqrt(std::max(best, 0.0));
  }
  return sum / static_cast<double>(n);
}

struct Difference { double rms, largest; };
Difference difference(const std::vector<double>& a, const std::vector<double>& b) {
  Difference d{0, 0};
  for (std::size_t i = 0; i < a.size(); ++i) {
    d.rms += (a[i] - b[i]) * (a[i] - b[i]);
    d.largest = std::max(d.largest, std::abs(a[i] - b[i]));
  }
  d.rms = std::sqrt(d.rms / static_cast<double>(a.size()));
  return d;
}

}  // namespace

Quality measure(const Tensor& real, const Tensor& fake) {
  const Curves r = curves(real), f = curves(fake);
  const double unit = real.to(eg::float64).std({}, false).item<double>();
  const Difference mean = difference(r.mean, f.mean), std = difference(r.std, f.std);
  return {wide_share(real), wide_share(fake), mean.rms / unit, std.rms / unit, mean.largest / unit, std.largest / unit,
          nearest(fake) / nearest(real)};
}

bool Quality::good() const {
  return std::abs(wide_real - wide_fake) <= 0.15 && mean_error <= 0.15 && std_error <= 0.15 && spread >= 0.5;
}
