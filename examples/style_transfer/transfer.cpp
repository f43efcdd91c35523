#include "transfer.h"

#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/autograd/random.h>

#include <algorithm>
#include <vector>

namespace style {
namespace {

// The loss net is part of the question, not of the answer: the same for every run.
constexpr std::uint64_t loss_net_seed = 20160722;

double inverse_power(const Tensor& t) { return 1.0 / t.square().mean().item<float>(); }

// A net whose weights are drawn after seeding.
TransformNet seeded_net(std::int64_t bins, std::uint64_t seed) {
  eg::manual_seed(seed);
  return TransformNet(bins);
}

}  // namespace

Transfer::Transfer(const Tensor& content, const Tensor& style, const Options& options)
    : loss_net(content.size(1), options.filters, loss_net_seed),
      net(seeded_net(content.size(1), options.seed)),
      options_(options),
      generator_(options.seed),
      adam_(net.parameters(), {.lr = options.lr}),
      content_(content) {
  const eg::NoGrad guard;
  options_.crop = std::min(options.crop, content.size(2)) / 2 * 2;
  content_scale_ = inverse_power(loss_net.features(content)[1]);
  const Features f = loss_net.features(style);
  for (std::size_t i = 0; i < f.size(); ++i) {
    const Tensor g = gram(f[i]);
    style_scale_[i] = inverse_power(g);
    style_gram_[i] = g.expand({options_.batch, -1, -1}).contiguous();
  }
}

Tensor Transfer::crops() {
  const Tensor start = eg::randint(0, content_.size(2) - options_.crop + 1, {options_.batch}, generator_);
  std::vector<Tensor> list;
  for (const std::int64_t s : start.data<std::int64_t>()) list.push_back(content_.narrow(2, s, options_.crop));
  return eg::cat(list, 0);
}

Losses Transfer::step() {
  const Tensor x = crops();  // [batch, bins, crop]
  Tensor wanted;
  {
    const eg::NoGrad guard;
    wanted = loss_net.features(x)[1];
  }
  const Features f = loss_net.features(net(x));
  const Tensor content = eg::mse_loss(f[1], wanted) * content_scale_;
  const Tensor style = eg::mse_loss(gram(f[0]), style_gram_[0]) * style_scale_[0] +
                       eg::mse_loss(gram(f[1]), style_gram_[1]) * style_scale_[1];
  const Tensor total = content * options_.content_weight + style * options_.style_weight;
  adam_.zero_grad();
  total.backward();
  adam_.step();
  return {total.item<float>(), content.item<float>(), style.item<float>()};
}

Tensor Transfer::restyle(const Tensor& spectrogram) {
  const eg::NoGrad guard;
  const std::int64_t frames = spectrogram.size(2), window = options_.crop;
  if (frames <= window) return net(spectrogram);
  // Windows as long as the crops, so that the norms see pieces as in training; they overlap by half and cross-fade.
  const Tensor fade = (eg::arange(0.5, static_cast<double>(window)) - window / 2.0).abs() * -1 + window / 2.0;
  Tensor sum = eg::zeros(spectrogram.shape()), weight = eg::zeros({frames});
  for (std::int64_t start = 0;; start = std::min(start + window / 2, frames - window)) {
    sum.narrow(2, start, window).add_(net(spectrogram.narrow(2, start, window)) * fade);
    weight.narrow(0, start, window).add_(fade);
    if (start + window == frames) return sum / weight;
  }
}

}  // namespace style
