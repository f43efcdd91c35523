#include "stft.h"

#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/autograd/ops.h>
#include <eigengrad/autograd/random.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace style {
namespace {

// Where the logarithm begins to bend: loud bins of a clip have magnitudes near 50, its noise below 0.1.
constexpr double gain = 10;

}  // namespace

Stft::Stft(std::int64_t n, std::int64_t hop) : n_(n), hop_(hop) {
  const double turn = 2 * std::numbers::pi / static_cast<double>(n);
  std::vector<float> analysis, synthesis, squared_window;
  for (const bool imaginary : {false, true})
    for (std::int64_t k = 0; k < bins(); ++k)
      for (std::int64_t t = 0; t < n; ++t) {
        const double window = 0.5 - 0.5 * std::cos(turn * static_cast<double>(t));
        const double angle = turn * static_cast<double>(k * t % n);
        const double wave = window * (imaginary ? -std::sin(angle) : std::cos(angle));
        // A real signal has bins k and n - k as a mirrored pair: all but the first and the last count twice.
        const double share = (k == 0 || 2 * k == n ? 1.0 : 2.0) / static_cast<double>(n);
        analysis.push_back(static_cast<float>(wave));
        synthesis.push_back(static_cast<float>(wave * share));
        if (!imaginary && k == 0) squared_window.push_back(static_cast<float>(window * window));
      }
  analysis_ = eg::tensor(analysis).reshape({2 * bins(), 1, n});
  synthesis_ = eg::tensor(synthesis).reshape({2 * bins(), 1, n});
  squared_window_ = eg::tensor(squared_window).reshape({1, 1, n});
}

Tensor Stft::forward(const Tensor& signal) const {
  const Tensor padded = eg::pad(signal.reshape({1, 1, -1}), {n_ / 2, n_ / 2}, {.mode = eg::PadMode::reflect});
  return eg::conv1d(padded, analysis_, {}, {.stride = hop_}).reshape({2, bins(), -1});
}

Tensor Stft::inverse(const Tensor& spectrum) const {
  const std::int64_t frames = spectrum.size(2);
  const eg::ConvTranspose1dArgs overlap_add{.stride = hop_, .padding = n_ / 2};
  const Tensor sum = eg::conv_transpose1d(spectrum.reshape({1, 2 * bins(), frames}), synthesis_, {}, overlap_add);
  const Tensor weight = eg::conv_transpose1d(eg::ones({1, 1, frames}), squared_window_, {}, overlap_add);
  return (sum / weight).flatten();
}

Tensor Stft::griffin_lim(const Tensor& wanted, int iterations, eg::Generator& generator) const {
  const eg::NoGrad guard;
  constexpr double momentum = 0.99;
  // Two normal numbers are a random direction in the plane.
  Tensor estimate = eg::randn({2, wanted.size(0), wanted.size(1)}, generator), before;
  for (int i = 0; i < iterations; ++i) {
    const Tensor returned = forward(inverse(estimate * (wanted / magnitude(estimate))));
    estimate = before.defined() ? returned + (returned - before) * momentum : returned;
    before = returned;
  }
  return inverse(estimate * (wanted / magnitude(estimate)));
}

Tensor magnitude(const Tensor& spectrum) { return (spectrum.square().sum({0}) + 1e-16).sqrt(); }
Tensor log_magnitude(const Tensor& spectrum) { return (magnitude(spectrum) * gain + 1).log(); }
Tensor from_log_magnitude(const Tensor& log_magnitude) { return (log_magnitude.relu().exp() - 1) * (1 / gain); }

}  // namespace style
