#include "changes.h"

#include <cmath>

namespace norms {

namespace nn = eg::nn;

std::vector<Layer> make_layers() {
  std::vector<Layer> layers;
  layers.push_back({"BatchNorm1d", std::make_unique<nn::BatchNorm1d>(channels)});
  layers.push_back({"InstanceNorm1d", std::make_unique<nn::InstanceNorm1d>(channels)});
  layers.push_back({"LayerNorm", std::make_unique<nn::LayerNorm>(eg::Shape{channels, length})});
  layers.push_back({"GroupNorm", std::make_unique<nn::GroupNorm>(2, channels)});
  return layers;
}

std::vector<Promise> promises(const Tensor& x) {
  const eg::NoGrad guard;
  const std::int64_t sets[] = {channels, samples * channels, samples, samples * 2};
  std::vector<Promise> out;
  for (std::size_t i = 0; const Layer& layer : make_layers()) {
    Tensor y = (*layer.module)(x);
    if (layer.name == "BatchNorm1d")
      y = y.transpose(0, 1);  // its sets are channels: those first, then all else in a row
    y = y.reshape({sets[i], -1});
    Promise p{layer.name, y.size(0), y.size(1), 0, 0};
    for (std::int64_t k = 0; k < p.sets; ++k) {
      const Stats s = stats(y.select(0, k));
      p.mean = std::max(p.mean, std::abs(s.mean));
      p.std = std::max(p.std, std::abs(s.std - 1));
    }
    out.push_back(p);
    ++i;
  }
  return out;
}

std::vector<NeighbourEffect> change_neighbours(const Batch& batch) {
  const eg::NoGrad guard;
  std::vector<NeighbourEffect> effects;
  for (const Layer& layer : make_layers()) {
    const Tensor a = (*layer.module)(batch.x), b = (*layer.module)(batch.others);
    NeighbourEffect e{layer.name, largest(a.select(0, 0) - b.select(0, 0)), 0, row(a, 0, 0), row(b, 0, 0)};
    const auto va = a.select(0, 0).to_vector<float>(), vb = b.select(0, 0).to_vector<float>();
    for (std::size_t i = 0; i < va.size(); ++i) e.changed += va[i] != vb[i];
    effects.push_back(std::move(e));
  }
  return effects;
}

namespace {

// The batch with gain x + offset in place of sample 0, or of channel 0 of it.
Tensor with_gain(const Tensor& x, double gain, double offset, bool one_channel) {
  Tensor out = x.clone();
  Tensor part = one_channel ? out.select(0, 0).select(0, 0) : out.select(0, 0);  // a view: it changes `out`
  part.mul_(gain).add_(offset);
  return out;
}

}  // namespace

double change_by_gain(nn::Module& layer, const Tensor& x, double gain, double offset, bool one_channel) {
  const eg::NoGrad guard;
  const Tensor before = layer(x).select(0, 0), after = layer(with_gain(x, gain, offset, one_channel)).select(0, 0);
  return one_channel ? largest(after.select(0, 0) - before.select(0, 0)) : largest(after - before);
}

Slider slider(const Tensor& x) {
  const eg::NoGrad guard;
  nn::BatchNorm1d batch(channels);
  nn::InstanceNorm1d instance(channels);
  const auto curve = [](const Tensor& t) { return row(t.slice(2, 0, length, 2), 0, 0); };
  Slider s{.gains = {0.01, 0.03, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10},
           .offsets = {-4, -2, -1, 0, 1, 2, 4},
           .input = curve(x),
           .batch = {},
           .instance = {}};
  for (double gain : s.gains)
    for (double offset : s.offsets) {
      const Tensor changed = with_gain(x, gain, offset, false);
      s.batch.push_back(curve(batch(changed)));
      s.instance.push_back(curve(instance(changed)));
    }
  return s;
}

double output_std(const Tensor& x, double input_std, double eps) {
  const Tensor beat = x.slice(0, 0, 1).slice(1, 0, 1).to(eg::float64);
  const Stats s = stats(beat);
  return stats(nn::InstanceNorm1d(1, {.eps = eps})((beat - s.mean) * (input_std / s.std))).std;
}

}  // namespace norms
