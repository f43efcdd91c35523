#include "networks.h"

#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/core/random.h>

#include <cmath>

namespace style {
namespace {

double relative_distance(const Tensor& a, const Tensor& b) {
  return std::sqrt((a - b).square().sum().item<float>() / b.square().sum().item<float>());
}

}  // namespace

LossNet::LossNet(std::int64_t bins, std::int64_t filters, std::uint64_t seed)
    : wide(bins, filters, 11, {.padding = 5, .bias = false}),
      deep(filters, 64, 11, {.stride = 2, .padding = 5, .bias = false}) {
  eg::Generator generator(seed);
  set_requires_grad(false);
  // He's scale, 2 / (inputs of a filter): features are about as large as the spectrogram's values.
  for (nn::Conv1d* conv : {&wide, &deep})
    conv->weight->normal_(0, std::sqrt(2.0 / static_cast<double>(conv->weight->size(1) * 11)), generator);
}

Features LossNet::features(const Tensor& x) {
  const Tensor f = eg::relu(wide(x));
  return {f, eg::relu(deep(f))};
}

Tensor gram(const Tensor& f) {
  return eg::bmm(f, f.transpose(1, 2)) * (1.0 / static_cast<double>(f.size(1) * f.size(2)));
}

double gram_distance(LossNet& net, const Tensor& a, const Tensor& b) {
  const eg::NoGrad guard;
  const Features fa = net.features(a), fb = net.features(b);
  return (relative_distance(gram(fa[0]), gram(fb[0])) + relative_distance(gram(fa[1]), gram(fb[1]))) / 2;
}

double content_distance(LossNet& net, const Tensor& a, const Tensor& b) {
  const eg::NoGrad guard;
  return relative_distance(net.features(a)[1], net.features(b)[1]);
}

}  // namespace style
