#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

/// Statistics of a batch for running averages, of shape [C]: the mean, and the unbiased variance.
struct BatchStats { Tensor mean, var; };

// Normalizations: y = (x - mean) / sqrt(var + eps) * weight + bias with mean and biased variance over a set of elements
// that share them. weight and bias may be undefined (1 and 0).
// Units     eps has the unit of x squared
// Errors    ShapeError where sizes do not fit; ValueError where a mean would be taken over fewer than two values, or
//           eps is not positive and finite; DTypeError for integers
// Gradient  x, weight, bias; exact at every order. The first is a fused kernel; with create_graph it is an expression
// Cost      one read and one write of x forward; statistics are computed to the accuracy of double
// Numerics  a constant row gives exactly bias; large offsets (1e7) and scales (1e19, 1e-30) are normalized; NaN and
//           infinity stay among the elements that share their statistics

/// Over the length, for each sample and channel alone. x [N, C, L...] or, with one spatial dimension, [C, L].
/// `stats` receives the average over n of mean and unbiased variance.
/// Source    Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022
Tensor instance_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {}, double eps = 1e-5,
                     BatchStats* stats = nullptr);
/// Over the length and C / groups channels, for each sample. x [N, C, L...].
/// Source    Wu, He 2018, arXiv:1803.08494
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight = {}, const Tensor& bias = {}, double eps = 1e-5);
/// Over the batch and the length, for each channel. x [N, C] or [N, C, L...]. `stats` receives mean and unbiased variance.
/// Source    Ioffe, Szegedy 2015, arXiv:1502.03167
Tensor batch_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {}, double eps = 1e-5,
                  BatchStats* stats = nullptr);
/// Over the last dimensions, those of `shape`; weight and bias have that shape.
/// Source    Ba, Kiros, Hinton 2016, arXiv:1607.06450
Tensor layer_norm(const Tensor& x, const Shape& shape, const Tensor& weight = {}, const Tensor& bias = {}, double eps = 1e-5);
/// y = x / sqrt(mean(x^2) + eps) * weight over the last dimensions, those of `shape`.
/// Source    Zhang, Sennrich 2019, arXiv:1910.07467
Tensor rms_norm(const Tensor& x, const Shape& shape, const Tensor& weight = {}, double eps = 1e-5);
/// The fixed map by given statistics of shape [C], as norms with running statistics apply it in eval mode. mean and var
/// are constants here. x [N, C] or [N, C, L...] or, with `unbatched`, [C, L].
Tensor normalize_by(const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& weight = {}, const Tensor& bias = {},
                    double eps = 1e-5, bool unbatched = false);

}  // namespace eg
