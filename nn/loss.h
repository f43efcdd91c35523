#pragma once
#include <eigengrad/autograd/ops/loss.h>

namespace eg::nn {

// The losses of <eigengrad/autograd/ops/loss.h> under the names used beside modules.
using eg::Reduction;
using eg::mse_loss;
using eg::BCEWithLogitsOptions;
using eg::bce_loss;
using eg::bce_with_logits;
using eg::cosine_similarity;
using eg::CrossEntropyOptions;
using eg::cross_entropy;
using eg::huber_loss;
using eg::kl_div;
using eg::l1_loss;
using eg::nll_loss;
using eg::smooth_l1_loss;

/// mse_loss as an object.
struct MSELoss {
  Reduction reduction = Reduction::mean;
  Tensor operator()(const Tensor& x, const Tensor& target) const { return mse_loss(x, target, reduction); }
};

/// l1_loss as an object.
struct L1Loss {
  Reduction reduction = Reduction::mean;
  Tensor operator()(const Tensor& x, const Tensor& target) const { return l1_loss(x, target, reduction); }
};

/// cross_entropy as an object.
struct CrossEntropyLoss {
  CrossEntropyOptions options = {};
  Tensor operator()(const Tensor& x, const Tensor& target) const { return cross_entropy(x, target, options); }
};

/// bce_with_logits as an object.
struct BCEWithLogitsLoss {
  BCEWithLogitsOptions options = {};
  Tensor operator()(const Tensor& x, const Tensor& target) const { return bce_with_logits(x, target, options); }
};

}  // namespace eg::nn
