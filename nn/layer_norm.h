#pragma once
#include <eigengrad/nn/module.h>

namespace eg::nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;  ///< learn weight (starts at 1) and bias (starts at 0), of the normalized shape
  bool bias = true;
};

/// Normalizes over the last dimensions, those of `shape`; see layer_norm in <eigengrad/autograd/ops/norm.h>.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(const Shape& shape, LayerNormOptions o = {});
  void visit(Visitor& v) override { v("weight", weight)("bias", bias); }
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  Parameter weight, bias;

 private:
  Shape shape_;
  double eps_;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< learn weight (starts at 1) and bias (starts at 0), one a channel
};

/// Normalizes over groups of channels and the length of each sample; see group_norm in <eigengrad/autograd/ops/norm.h>.
class GroupNorm : public Module {
 public:
  /// Errors: ValueError unless groups divide the channels.
  GroupNorm(std::int64_t groups, std::int64_t channels, GroupNormOptions o = {});
  void visit(Visitor& v) override { v("weight", weight)("bias", bias); }
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  Parameter weight, bias;

 private:
  std::int64_t groups_, channels_;
  double eps_;
};

}  // namespace eg::nn
