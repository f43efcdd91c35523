#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Losses of predictions x against targets. Both have one shape (nothing is broadcast: a target [N] for a prediction
// [N, 1] is almost always a mistake), and gradients go to both where both require it, at every order.
// Shapes    result: a scalar for mean and sum, as x for none
// Errors    ShapeError where the shapes differ; DTypeError where x holds integers

/// What becomes of the losses of the elements.
enum class Reduction { mean, sum, none };

/// (x - target)^2
/// Cost      mean and sum: one pass forward, one backward
Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean);

/// Options of bce_with_logits. Both are broadcast to x.
struct BCEWithLogitsOptions {
  Tensor weight = {};      ///< factor of an element's loss
  Tensor pos_weight = {};  ///< factor of the positive part, target log s(x)
  Reduction reduction = Reduction::mean;
};
/// Binary cross entropy of logits x, s the logistic function, targets in [0, 1]:
///   -target log s(x) - (1 - target) log(1 - s(x)), computed without overflow for any finite x
/// Cost      without weights, mean and sum: one pass forward, one backward
Tensor bce_with_logits(const Tensor& x, const Tensor& target, const BCEWithLogitsOptions& o = {});
inline Tensor bce_with_logits(const Tensor& x, const Tensor& target, Reduction reduction) {
  return bce_with_logits(x, target, BCEWithLogitsOptions{.reduction = reduction});
}

}  // namespace eg
