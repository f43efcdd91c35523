#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

/// In training every element is 0 with probability p, else x / (1 - p), so that its mean stays. Otherwise x itself.
///   y = x m / (1 - p),  m from default_generator(): by place, whatever the memory layout and the number of threads
/// Errors    ValueError for p outside [0, 1]; DTypeError for integers
/// Gradient  x, at every order, with the same m; inside a checkpoint the second run draws the same m
/// Source    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting"
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true);

}  // namespace eg
