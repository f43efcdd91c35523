#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/ops/norm.h>
#include <eigengrad/core/error.h>
#include <eigengrad/nn/layer_norm.h>

#include <cmath>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {
namespace {
void check_eps(const char* op, double eps) {
  if (!(eps > 0) || !std::isfinite(eps)) fail<ValueError>(op, "expected a positive, finite eps, got {}", eps);
}
}  // namespace

LayerNorm::LayerNorm(const Shape& shape, LayerNormOptions o) : shape_(shape), eps_(o.eps) {
  check_eps("LayerNorm", o.eps);
  if (shape.empty() || shape.numel() < 1) fail<ValueError>("LayerNorm", "expected a shape of sizes >= 1, got {}", shape);
  if (o.elementwise_affine) {
    weight = Parameter(ones(shape));
    if (o.bias) bias = Parameter(zeros(shape));
  }
}
Tensor LayerNorm::forward(const Tensor& x) { return layer_norm(x, shape_, weight, bias, eps_); }
std::string LayerNorm::describe() const { return fmt::format("LayerNorm({}{})", shape_, weight.defined() ? "" : ", elementwise_affine=false"); }

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, GroupNormOptions o)
    : groups_(groups), channels_(channels), eps_(o.eps) {
  check_eps("GroupNorm", o.eps);
  if (channels < 1 || groups < 1 || channels % groups != 0)
    fail<ValueError>("GroupNorm", "expected groups >= 1 that divide the channels, got groups {} and channels {}", groups, channels);
  if (o.affine) {
    weight = Parameter(ones({channels}));
    bias = Parameter(zeros({channels}));
  }
}
Tensor GroupNorm::forward(const Tensor& x) {
  if (x.dim() < 2 || x.shape()[1] != channels_)
    fail<ShapeError>("group_norm", "expected {} channels at axis 1, got input {}", channels_, x.shape());
  return group_norm(x, groups_, weight, bias, eps_);
}
std::string GroupNorm::describe() const {
  return fmt::format("GroupNorm({}, {}{})", groups_, channels_, weight.defined() ? "" : ", affine=false");
}

}  // namespace eg::nn
