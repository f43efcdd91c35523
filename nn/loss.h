#pragma once
#include <eigengrad/autograd/ops/loss.h>

namespace eg::nn {

// The losses of <eigengrad/autograd/ops/loss.h> under the names used beside modules.
using eg::Reduction;
using eg::mse_loss;
using eg::BCEWithLogitsOptions;
using eg::bce_with_logits;

/// mse_loss as an object.
struct MSELoss {
  Reduction reduction = Reduction::mean;
  Tensor operator()(const Tensor& x, const Tensor& target) const { return mse_loss(x, target, reduction); }
};

/// bce_with_logits as an object.
struct BCEWithLogitsLoss {
  BCEWithLogitsOptions options = {};
  Tensor operator()(const Tensor& x, const Tensor& target) const { return bce_with_logits(x, target, options); }
};

}  // namespace eg::nn
