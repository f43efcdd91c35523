#pragma once
// Optimizer steps on raw memory: one pass over a parameter and its state, in place.
#include <cstdint>

namespace eg::kernels {

/// Adam, AdamW, AMSGrad in PyTorch's form, for step number t = 1, 2, ...:
///   g <- g + weight_decay p  (Adam)   or   p <- (1 - lr weight_decay) p  (AdamW, decoupled)
///   m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2;   vm <- max(vm, v) (amsgrad, else vm = v)
///   p <- p - lr / bias_correction1 m / (sqrt(vm) / sqrt(bias_correction2) + eps),  bias_correction = 1 - beta^t
/// max_exp_avg_sq: amsgrad's vm, or null. Sources: Kingma, Ba 2014 (1412.6980); Loshchilov, Hutter 2017 (1711.05101);
/// Reddi, Kale, Kumar 2018.
struct AdamStep {
  double lr, beta1, beta2, eps, weight_decay, bias_correction1, bias_correction2;
  bool decoupled = false, maximize = false;
};
template <class T>
void adam_step(const AdamStep& step, std::int64_t n, T* param, const T* grad, T* exp_avg, T* exp_avg_sq,
               T* max_exp_avg_sq);

/// SGD in PyTorch's form:
///   g <- g + weight_decay p;   b <- g on the first step, else momentum b + (1 - dampening) g
///   p <- p - lr (g + momentum b  if nesterov, else b);  without momentum p <- p - lr g, and momentum_buffer is null
struct SgdStep {
  double lr, momentum, dampening, weight_decay;
  bool nesterov = false, first = false, maximize = false;
};
template <class T>
void sgd_step(const SgdStep& step, std::int64_t n, T* param, const T* grad, T* momentum_buffer);

}  // namespace eg::kernels
