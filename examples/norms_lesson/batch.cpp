#include "batch.h"

#include <eigengrad/io/csv.h>
#include <eigengrad/io/npy.h>

#include <cmath>

namespace norms {

Beats load_beats() {
  const std::string folder = EIGENGRAD_DATA_DIR "/ecg/";
  const auto microvolts = eg::io::read_npy(folder + "ecg_beats_i16.npy").to_float();
  const Tensor beat = eg::tensor(microvolts).reshape({-1, 1, length}) / 1000;  // mV

  // The trend is a moving average over 33 samples (92 ms), the slope a central difference at 360 samples a second.
  const eg::PadOptions edge{.mode = eg::PadMode::replicate};
  const Tensor trend = eg::conv1d(eg::pad(beat, {16, 16}, edge), eg::full({1, 1, 33}, 1.0 / 33));
  const Tensor wider = eg::pad(beat, {1, 1}, edge);
  const Tensor slope = (wider.slice(2, 2, length + 2) - wider.slice(2, 0, length)) * 180;

  Beats beats{eg::cat({beat, trend, slope, beat * beat}, 1), {}, {}};
  const auto shape = eg::io::read_csv(folder + "ecg_beats.csv").column("shape");
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) beats.narrow.push_back(static_cast<std::int64_t>(i));
    if (shape[i] == 1) beats.wide.push_back(static_cast<std::int64_t>(i));
  }
  return beats;
}

Tensor take(const Beats& beats, const std::vector<std::int64_t>& places) {
  return beats.x.index_select(0, eg::tensor(places));
}

Batch choose(const Beats& beats, eg::Generator& g) {
  const auto some = [&](const std::vector<std::int64_t>& from, std::size_t count) {
    std::vector<std::int64_t> out;
    const auto order = eg::randperm(static_cast<std::int64_t>(from.size()), g).to_vector<std::int64_t>();
    for (std::size_t i = 0; i < count; ++i) out.push_back(from[static_cast<std::size_t>(order[i])]);
    return out;
  };
  const auto narrow = some(beats.narrow, 5), wide = some(beats.wide, 6);
  return {take(beats, {narrow[0], wide[0], narrow[1], narrow[2], narrow[3], narrow[4]}),
          take(beats, {narrow[0], wide[1], wide[2], wide[3], wide[4], wide[5]})};
}

Stats stats(const Tensor& x) {
  const Tensor d = x.to(eg::float64);
  const double n = static_cast<double>(d.numel()), mean = d.sum().item<double>() / n;
  return {mean, std::sqrt((d - mean).square().sum().item<double>() / n)};
}

std::vector<double> row(const Tensor& x, std::int64_t n, std::int64_t c) {
  return x.select(0, n).select(0, c).to_vector<double>();
}

double largest(const Tensor& x) {
  double most = 0;
  for (double v : x.to_vector<double>())
    if (!(std::abs(v) <= most)) most = std::abs(v);
  return most;
}

}  // namespace norms
