#pragma once
#include <eigengrad/nn/module.h>

namespace eg::nn {

struct LinearOptions {
  bool bias = true;
};

/// y = x weight^T + bias over the last dimension.
/// Shapes    x [..., in]; weight [out, in], bias [out]; result [..., out]
/// Errors    ValueError for sizes < 1; ShapeError where x's last size is not `in`
/// Starts    weight and bias uniform in +-1 / sqrt(in), as PyTorch
class Linear : public Module {
 public:
  Linear(std::int64_t in, std::int64_t out, LinearOptions options = {});
  void visit(Visitor& v) override { v("weight", weight)("bias", bias); }
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

  Parameter weight, bias;
};

}  // namespace eg::nn
