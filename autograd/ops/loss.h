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

/// |x - target|; gradient 0 where they are equal
Tensor l1_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean);

/// With d = x - target:  d^2 / 2 where |d| < delta, else delta (|d| - delta / 2)
/// Errors    ValueError where delta <= 0
Tensor huber_loss(const Tensor& x, const Tensor& target, double delta = 1, Reduction reduction = Reduction::mean);

/// huber_loss / beta: its slope is 1 beyond beta. beta 0 is l1_loss.
/// Errors    ValueError where beta < 0
Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, double beta = 1, Reduction reduction = Reduction::mean);

/// Binary cross entropy of probabilities: -target log x - (1 - target) log(1 - x), logarithms no less than -100.
/// Prefer bce_with_logits, which keeps its digits at both ends.
Tensor bce_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean);

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

/// Kullback-Leibler divergence of log probabilities x from probabilities target: target (log target - x), 0 where target
/// is 0. With log_target, target holds logarithms too. Mean is over all elements; the divergence of a batch of N is the
/// sum / N.
Tensor kl_div(const Tensor& x, const Tensor& target, bool log_target = false, Reduction reduction = Reduction::mean);

/// Options of cross_entropy and nll_loss.
struct CrossEntropyOptions {
  Tensor weight = {};               ///< [C], factor of a class
  std::int64_t ignore_index = -100; ///< targets of this class do not count
  double label_smoothing = 0;       ///< share of the target spread evenly over all classes, in [0, 1]; not in nll_loss
  Reduction reduction = Reduction::mean;
};
/// Cross entropy of logits x against classes or probabilities, by the logarithm of softmax over dimension 1.
///   classes          -w[t] log softmax(x)[t]; mean divides by the sum of w[t]
///   probabilities    -sum_c w[c] target[c] log softmax(x)[c]; mean divides by the number of sums
/// Shapes    x [N, C, ...] or [C]; target int64 [N, ...] or a scalar, or floating-point as x; result a scalar, or for
///           none [N, ...]
/// Errors    ShapeError; IndexError for a class outside [0, C); ValueError for label_smoothing outside [0, 1]
/// Gradient  x (and probabilities), at every order      Cost  classes: one pass forward, one backward
Tensor cross_entropy(const Tensor& x, const Tensor& target, const CrossEntropyOptions& o = {});
inline Tensor cross_entropy(const Tensor& x, const Tensor& target, Reduction reduction) {
  return cross_entropy(x, target, CrossEntropyOptions{.reduction = reduction});
}

/// Negative log likelihood: -w[t] x[t] of log probabilities x. Shapes and errors as cross_entropy with classes.
/// Gradient  x, at every order
Tensor nll_loss(const Tensor& x, const Tensor& target, const CrossEntropyOptions& o = {});

/// sum a b / (max(|a|, eps) max(|b|, eps)) along dim: the cosine of the angle between a and b. a and b broadcast.
/// Gradient  a, b, at every order
Tensor cosine_similarity(const Tensor& a, const Tensor& b, std::int64_t dim = 1, double eps = 1e-8);

}  // namespace eg
