#pragma once
#include <eigengrad/nn/module.h>

namespace eg::nn {

/// In training sets elements to 0 with probability p and divides the others by 1 - p; in eval mode hands its input through.
/// See <eigengrad/autograd/ops/dropout.h>. Errors: ValueError for p outside [0, 1].
class Dropout : public Module {
 public:
  explicit Dropout(double probability = 0.5);
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  double p;
};

}  // namespace eg::nn
