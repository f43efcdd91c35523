#include "training.h"

#include <cmath>

namespace norms {

namespace nn = eg::nn;

namespace {

template <class Norm>
void step(Norm& norm, RunningCurve& curve, const Tensor& x, const Tensor& probe) {
  norm.train();
  norm(x);
  curve.mean.push_back(norm.running_mean->template to_vector<double>()[0]);
  curve.var.push_back(norm.running_var->template to_vector<double>()[0]);
  norm.eval();
  curve.eval_std.push_back(stats(norm(probe).select(1, 2)).std);
}

}  // namespace

Training train(const Beats& beats, const Batch& batch, std::int64_t steps, eg::Generator& g) {
  const eg::NoGrad guard;
  Training t{};
  nn::BatchNorm1d quick(channels), slow(channels, {.momentum = 0.01}), average(channels, {.momentum = std::nullopt});
  nn::InstanceNorm1d instance(channels, {.track_running_stats = true});
  t.batch = {{"momentum 0.1", {}, {}, {}}, {"momentum 0.01", {}, {}, {}}, {"momentum none", {}, {}, {}}};
  for (std::int64_t i = 0; i < steps; ++i) {
    const Tensor x = beats.x.index_select(0, eg::randint(0, beats.x.size(0), {samples}, g));
    step(quick, t.batch[0], x, batch.x);
    step(slow, t.batch[1], x, batch.x);
    step(average, t.batch[2], x, batch.x);
    step(instance, t.instance, x, batch.x);
  }

  const Tensor beat = beats.x.select(1, 0);
  const Stats all = stats(beat);
  t.mean = all.mean;
  t.var = all.std * all.std;
  for (std::int64_t n = 0; n < beat.size(0); ++n) {
    const double s = stats(beat.select(0, n)).std;
    t.inside_var += s * s / static_cast<double>(beat.size(0));
  }

  // In eval mode a tracked layer is y = slope x + intercept with numbers that no longer depend on x.
  const auto mean = instance.running_mean->to_vector<double>(), var = instance.running_var->to_vector<double>();
  const auto bits = [&] {
    std::vector<double> b;
    for (const auto& [name, tensor] : instance.named_buffers())
      for (double v : tensor.to_vector<double>()) b.push_back(v);
    return b;
  };
  const auto before = bits();
  const Tensor eval = instance(batch.x);  // step() left it in eval mode
  t.eval_wrote = bits() != before;
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto k = static_cast<std::size_t>(c);
    t.slope.push_back(1 / std::sqrt(var[k] + instance.eps()));
    t.intercept.push_back(-mean[k] * t.slope[k]);
    const Tensor expected = batch.x.select(1, c).to(eg::float64) * t.slope[k] + t.intercept[k];
    t.map_error = std::max(t.map_error, largest(eval.select(1, c).to(eg::float64) - expected));
  }

  const Tensor loud = batch.x * 3 + 2;
  const Tensor eval_loud = instance(loud);
  nn::InstanceNorm1d fresh = instance;  // a copy, so that looking at training mode moves nothing in the original
  fresh.train();
  const Tensor train = fresh(batch.x), train_loud = fresh(loud);
  const auto cell = [](const Tensor& x, std::int64_t n) { return stats(x.select(0, n).select(0, 0)); };
  t.modes = {{"0, narrow", cell(batch.x, 0), cell(train, 0), cell(eval, 0)},
             {"1, wide", cell(batch.x, 1), cell(train, 1), cell(eval, 1)},
             {"0 times 3, plus 2 mV", cell(loud, 0), cell(train_loud, 0), cell(eval_loud, 0)}};
  for (std::int64_t n = 0; n < 2; ++n) {
    t.x[n] = row(batch.x, n, 0);
    t.train[n] = row(train, n, 0);
    t.eval[n] = row(eval, n, 0);
  }
  return t;
}

}  // namespace norms
