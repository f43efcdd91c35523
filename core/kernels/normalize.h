#pragma once
// Normalization on raw memory, for T = float and double. Everything contiguous; statistics are doubles.
//
// Pointers named weight, bias, dx, dweight, dbias and var may be null (weight 1, bias 0, result not wanted). Gradients
// are written, not added. An output may be the very array of an input of its shape (y = x, dx = g), not overlap it.
// Sums over n run in a fixed order, so nothing depends on the number of threads.
//
//   family          rows              a row's values   weight, bias     row_stats of each row: mean, rstd (and var)
//   instance norm   N C  (G = C)      L                a channel
//   group norm      N G               (C / G) L        a channel
//   batch norm      C                 N L              a channel
//   layer, RMS      R                 M                an element
#include <cstdint>

namespace eg::kernels {

/// x [N, C, L] as N G rows of C / G channels each.
struct GroupShape {
  std::int64_t N, C, L, G;
  std::int64_t rows() const { return N * G; }
  std::int64_t channels() const { return C / G; }  // of a row
  std::int64_t values() const { return C / G * L; }
};

/// y = (x - mean) rstd weight[c] + bias[c]. mean, rstd, var: [N G].
template <class T>
void group_norm(const GroupShape& s, const T* x, const T* weight, const T* bias, double eps, T* y, double* mean,
                double* rstd, double* var);

/// The gradients of group_norm for the incoming gradient g.
template <class T>
void group_norm_backward(const GroupShape& s, const T* g, const T* x, const double* mean, const double* rstd,
                         const T* weight, T* dx, T* dweight, T* dbias);

/// The same with G = C: instance norm. group_norm calls these itself.
template <class T>
void instance_norm(std::int64_t N, std::int64_t C, std::int64_t L, const T* x, const T* weight, const T* bias,
                   double eps, T* y, double* mean, double* rstd, double* var);
template <class T>
void instance_norm_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x, const double* mean,
                            const double* rstd, const T* weight, T* dx, T* dweight, T* dbias);

/// The gradients of instance_norm's backward : for phi = <v, dx> + <u, dweight> + <t, dbias> with
/// dx, dweight, dbias as it gives them, d phi / d x, d g, d weight. v, u, t may be null (zero).
/// Here no output may be an input.
template <class T>
void instance_norm_double_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* v, const T* u, const T* t,
                                   const T* g, const T* x, const double* mean, const double* rstd, const T* weight,
                                   T* dx, T* dg, T* dweight);

/// Batch norm in training: statistics of each channel over (n, l). mean, rstd, var: [C]. x [N, C, L].
template <class T>
void batch_norm(std::int64_t N, std::int64_t C, std::int64_t L, const T* x, const T* weight, const T* bias, double eps,
                T* y, double* mean, double* rstd, double* var);
template <class T>
void batch_norm_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x, const double* mean,
                         const double* rstd, const T* weight, T* dx, T* dweight, T* dbias);

/// A fixed affine map per channel, as norms with running statistics have: y = (x - mean) rstd weight + bias;
/// mean, rstd: [C].
template <class T>
void channel_affine(std::int64_t N, std::int64_t C, std::int64_t L, const T* x, const double* mean, const double* rstd,
                    const T* weight, const T* bias, T* y);
template <class T>
void channel_affine_backward(std::int64_t N, std::int64_t C, std::int64_t L, const T* g, const T* x, const double* mean,
                             const double* rstd, const T* weight, T* dx, T* dweight, T* dbias);

/// Layer norm of R rows of M values; weight, bias: [M]. centered = false: RMS norm, y = x / sqrt(mean(x^2) + eps).
/// mean, rstd: [R].
template <class T>
void layer_norm(std::int64_t R, std::int64_t M, const T* x, const T* weight, const T* bias, double eps, bool centered,
                T* y, double* mean, double* rstd);
template <class T>
void layer_norm_backward(std::int64_t R, std::int64_t M, const T* g, const T* x, const double* mean, const double* rstd,
                         const T* weight, bool centered, T* dx, T* dweight, T* dbias);

/// The statistics a running average takes in: over n, the averages of mean[n, c] and of the unbiased variance
/// var[n, c] values / (values - 1). All doubles; outputs [C]. Needs N >= 1, values >= 2.
void average_stats(std::int64_t N, std::int64_t C, std::int64_t values, const double* mean, const double* var,
                   double* mean_out, double* unbiased_out);

}  // namespace eg::kernels
