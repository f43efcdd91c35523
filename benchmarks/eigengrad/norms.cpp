// Group b: normalization layers on [N, C, L].
#include "layer.h"

namespace bench {

void add_norms() {
  namespace nn = eg::nn;
  for (const auto& s : norm_shapes) {
    const eg::Shape shape{s[0], s[1], s[2]};
    const std::int64_t c = s[1], l = s[2];
    const std::string d = "/" + text(s), moves = "moves" + d;  // evaluation reads a tensor once
    for (const bool affine : {false, true}) {
      const std::string name = "b/instancenorm1d" + d + (affine ? "/affine" : "/plain");
      const nn::InstanceNormOptions tracking{.affine = affine, .track_running_stats = true};
      layer(name + "/train", shape, [=] { return nn::InstanceNorm1d(c, {.affine = affine}); }, "sweeps/channels" + d);
      if (affine) layer_forward(name + "/train_trs", shape, [=] { return nn::InstanceNorm1d(c, tracking); }, "sweeps/channels" + d + "/fwd");
      const auto eval = [=] {
        nn::InstanceNorm1d m(c, tracking);
        m.eval();
        return m;
      };
      layer_forward(name + "/eval_trs", shape, eval, moves + "/fwd");
      // The weight's gradient needs x, the input's does not.
      layer_both(name + "/eval_trs", shape, eval, moves + (affine ? "/fwdbwd" : "/fwdbwd_without_x"));
    }
    layer("b/batchnorm1d" + d + "/affine/train", shape, [=] { return nn::BatchNorm1d(c); }, "sweeps/batch" + d);
    layer("b/layernorm_L" + d + "/affine", shape, [=] { return nn::LayerNorm(eg::Shape{l}); }, "sweeps/elements" + d);
    layer("b/groupnorm8" + d + "/affine", shape, [=] { return nn::GroupNorm(8, c); }, "sweeps/groups" + d);
    // InstanceNorm here, the peer's GroupNorm of C groups there: its fast path to the same numbers.
    layer("b/groupnormC" + d + "/affine", shape, [=] { return nn::InstanceNorm1d(c, {.affine = true}); }, "sweeps/channels" + d);
  }
}

}  // namespace bench
