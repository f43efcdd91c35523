// Groups b and c: normalization layers on [N, C, L], convolutions with bias.
#include "layer.h"

namespace bench {

void add_norms() {
  using namespace torch::nn;
  for (const auto& s : norm_shapes) {
    const Sizes shape{s[0], s[1], s[2]};
    const std::int64_t c = s[1], l = s[2];
    const std::string d = "/" + text(s);
    for (const bool affine : {false, true}) {
      const std::string name = "b/instancenorm1d" + d + (affine ? "/affine" : "/plain");
      const auto tracking = InstanceNorm1dOptions(c).affine(affine).track_running_stats(true);
      layer(name + "/train", shape, [=] { return InstanceNorm1d(InstanceNorm1dOptions(c).affine(affine)); });
      if (affine) layer(name + "/train_trs", shape, [=] { return InstanceNorm1d(tracking); }, false);
      layer(name + "/eval_trs", shape, [=] {
        InstanceNorm1d m(tracking);
        m->eval();
        return m;
      });
    }
    layer("b/batchnorm1d" + d + "/affine/train", shape, [=] { return BatchNorm1d(c); });
    layer("b/layernorm_L" + d + "/affine", shape, [=] { return LayerNorm(LayerNormOptions({l})); });
    layer("b/groupnorm8" + d + "/affine", shape, [=] { return GroupNorm(GroupNormOptions(8, c)); });
    layer("b/groupnormC" + d + "/affine", shape, [=] { return GroupNorm(GroupNormOptions(c, c)); });
  }
}

void add_convolutions() {
  using namespace torch::nn;
  const auto conv = [](std::int64_t in, std::int64_t out, std::int64_t k) { return Conv1dOptions(in, out, k); };
  const auto one_dim = [](const std::string& name, const Sizes& shape, const Conv1dOptions& o) {
    layer("c/conv1d/" + name, shape, [=] { return Conv1d(o); });
  };
  one_dim("32x64x100/64-64k3p1", {32, 64, 100}, conv(64, 64, 3).padding(1));
  one_dim("16x128x1024/128-128k9p4", {16, 128, 1024}, conv(128, 128, 9).padding(4));
  one_dim("8x1x16000/1-64k80s4", {8, 1, 16000}, conv(1, 64, 80).stride(4));
  one_dim("32x32x128/32-64k4s2p1", {32, 32, 128}, conv(32, 64, 4).stride(2).padding(1));
  one_dim("32x64x256/64-64k7p3g64", {32, 64, 256}, conv(64, 64, 7).padding(3).groups(64));
  layer("c/convt1d/32x64x64/64-32k4s2p1", {32, 64, 64},
        [] { return ConvTranspose1d(ConvTranspose1dOptions(64, 32, 4).stride(2).padding(1)); });
  layer("c/conv2d/8x16x64x64/16-32k3p1", {8, 16, 64, 64}, [] { return Conv2d(Conv2dOptions(16, 32, 3).padding(1)); });
}

}  // namespace bench
