#include "numerics.h"

#include <cmath>
#include <limits>

namespace norms {

namespace nn = eg::nn;

namespace {

constexpr double eps = 1e-5;

// One running sum in x's own type, as a plain loop takes it; x.mean() would add in double.
Tensor row_mean(const Tensor& x) {
  Tensor sum = x.narrow(-1, 0, 1);
  for (std::int64_t l = 1; l < x.size(-1); ++l) sum = sum + x.narrow(-1, l, 1);
  return sum / static_cast<double>(x.size(-1));
}

// The two textbook formulas, in whatever type x has.
Tensor two_passes(const Tensor& x) {
  const Tensor d = x - row_mean(x);
  return d / (row_mean(d * d) + eps).sqrt();
}
Tensor one_pass(const Tensor& x) {
  const Tensor m = row_mean(x);
  return (x - m) / (row_mean(x * x) - m * m + eps).sqrt();
}

// A beat with mean 0 and std 1, [1, 1, 256] in double.
Tensor unit_beat(const Tensor& batch) {
  const Tensor beat = batch.slice(0, 0, 1).slice(1, 0, 1).to(eg::float64);
  const Stats s = stats(beat);
  return (beat - s.mean) / s.std;
}

}  // namespace

std::vector<OffsetError> offset_errors(const Tensor& batch) {
  const eg::NoGrad guard;
  std::vector<OffsetError> errors;
  for (int power = 0; power <= 7; ++power) {
    const double offset = std::pow(10.0, power);
    const Tensor x = (unit_beat(batch) + offset).to(eg::float32);  // from here on, this rounded x is the question
    const Tensor exact = two_passes(x.to(eg::float64));
    const auto error = [&](const Tensor& y) {
      const double e = largest(y.to(eg::float64) - exact);
      return std::isfinite(e) ? e : std::numeric_limits<double>::quiet_NaN();
    };
    errors.push_back({offset, error(nn::InstanceNorm1d(1)(x)), error(two_passes(x)), error(one_pass(x))});
  }
  return errors;
}

ConstantRow constant_row() {
  const Tensor x = eg::full({1, 1, length}, 1e4 / 3, {.requires_grad = true});
  const Tensor y = nn::InstanceNorm1d(1)(x);
  (y * eg::linspace(-1, 1, length)).sum().backward();
  return {largest(y), largest(one_pass(x.detach())), largest(x.grad()), std::isfinite(largest(x.grad()))};
}

std::vector<Scale> extreme_scales(const Tensor& batch) {
  const eg::NoGrad guard;
  std::vector<Scale> scales;
  for (double scale : {1.0, 1e10, 1e19, 1e30, 1e37}) {
    const Tensor x = (unit_beat(batch) * scale).to(eg::float32);
    scales.push_back({scale, stats(nn::InstanceNorm1d(1)(x)).std, stats(one_pass(x)).std});
  }
  return scales;
}

Gradients gradients(const Tensor& batch) {
  Gradients r{};
  // The gradient that comes in from above: any numbers will do. Here, the same beats in another order.
  const Tensor g = eg::roll(batch, {1}, {0});
  const auto sums = [&](const std::string& what, nn::Module& norm, eg::DType dtype, bool whole_channel) {
    Tensor x = batch.to(dtype).clone();
    x.set_requires_grad();
    const Tensor y = norm(x), dx = eg::grad({y}, {x}, {.grad_outputs = {g.to(dtype)}})[0];
    const auto cells = [&](const Tensor& t) {  // those of one set, in double, so that the sums add no error of theirs
      const Tensor channel = t.detach().to(eg::float64).select(1, 0);
      return whole_channel ? channel : channel.select(0, 0);
    };
    const Tensor d = cells(dx), along = d * cells(y);
    r.sums.push_back({what, d.sum().item<double>(), d.abs().sum().item<double>(), along.sum().item<double>(),
                      along.abs().sum().item<double>()});
    if (r.dx.empty()) r.dx = row(dx, 0, 0);
  };
  nn::InstanceNorm1d instance(channels), tiny(channels, {.eps = 1e-12});
  nn::BatchNorm1d one(channels), all(channels);
  sums("InstanceNorm1d, one row", instance, eg::float32, false);
  sums("the same in double", instance, eg::float64, false);
  sums("the same, eps 1e-12, in double", tiny, eg::float64, false);
  sums("BatchNorm1d, one row of its set", one, eg::float32, false);
  sums("BatchNorm1d, its whole set", all, eg::float32, true);
  r.g = row(g, 0, 0);

  // A bias before the layer moves a whole row by a constant, which the layer takes away: no gradient is left for it.
  nn::Conv1d conv(channels, channels, 5, {.padding = 2});
  (instance(conv(batch)) * g).sum().backward();
  r.bias_with = largest(conv.bias->grad());
  r.weight_with = largest(conv.weight->grad());
  conv.zero_grad();
  (conv(batch) * g).sum().backward();
  r.bias_without = largest(conv.bias->grad());
  return r;
}

}  // namespace norms
