#pragma once
#include <eigengrad/autograd/ops/pair.h>
#include <eigengrad/autograd/tensor.h>

namespace eg {

struct Conv1dArgs { std::int64_t stride = 1, padding = 0, dilation = 1, groups = 1; };
struct Conv2dArgs { Pair stride = 1, padding = 0, dilation = 1; std::int64_t groups = 1; };
struct ConvTranspose1dArgs { std::int64_t stride = 1, padding = 0, output_padding = 0, dilation = 1, groups = 1; };
struct ConvTranspose2dArgs { Pair stride = 1, padding = 0, output_padding = 0; Pair dilation = 1; std::int64_t groups = 1; };

// Convolutions (cross-correlations, as is the custom of the field), zero-padded.
// Errors    ShapeError, ValueError for a stride, dilation or groups < 1 or a negative padding, DTypeError for integers
// Gradient  x, weight, bias; at every order (a gradient of a convolution is a convolution)
// Cost      2 N C_out L_out (C_in / groups) k operations forward, twice that backward; no unfolded copy of x in memory

/// y[n, o, l] = bias[o] + sum_{c, j} weight[o, c, j] x[n, c, l stride - padding + j dilation]
/// Shapes    x [N, C_in, L] or [C_in, L]; weight [C_out, C_in / groups, k]; bias [C_out] or undefined;
///           result [N, C_out, floor((L + 2 padding - dilation (k - 1) - 1) / stride) + 1]
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv1dArgs& args = {});
/// The same over two dimensions: x [N, C_in, H, W] or [C_in, H, W]; weight [C_out, C_in / groups, kh, kw].
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv2dArgs& args = {});

/// The transpose of conv1d as a linear map: each input sample adds a scaled kernel to the output. `output_padding`
/// (less than stride or dilation) chooses among the lengths that conv1d maps to the same one.
/// Shapes    x [N, C_in, L] or [C_in, L]; weight [C_in, C_out / groups, k]; bias [C_out] or undefined;
///           result [N, C_out, (L - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1]
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvTranspose1dArgs& args = {});
/// The same over two dimensions.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvTranspose2dArgs& args = {});

}  // namespace eg
