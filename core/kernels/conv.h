#pragma once
// Convolutions of float or double in one and two dimensions (one dimension: an axis h of size 1).
// Arrays as in PyTorch: x [N, C_in, H_in, W_in], w [C_out, C_in / groups, KH, KW], y and g [N, C_out, H_out, W_out].
#include <cstdint>

namespace eg::kernels {

struct ConvShape {
  std::int64_t n = 1, c_in = 1, c_out = 1;
  std::int64_t h_in = 1, w_in = 1, h_out = 1, w_out = 1;
  std::int64_t kernel_h = 1, kernel_w = 1;
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t padding_h = 0, padding_w = 0;
  std::int64_t dilation_h = 1, dilation_w = 1;
  std::int64_t groups = 1;
};

/// y[n, o, h, w] = bias[o] + sum_{c, a, b} w[o, c, a, b] x[n, c, h stride - padding + a dilation, ...].
/// bias may be null. A sample's bits depend neither on the other samples nor on the number of threads; with lines of less
/// than 48 outputs, on whether all samples together have enough of them, see Note [Winograd] in winograd.h.
template <class T>
void conv_forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* y);

/// dx, the gradient of x. With g as its input and a bias (of c_in values; may be null) it is the transposed
/// convolution of c_out channels into c_in. h_in, w_in need not be the least sizes that give h_out, w_out: what no
/// window reaches is 0 (plus bias). Bits as in conv_forward.
template <class T>
void conv_input_grad(const ConvShape& s, const T* g, const T* w, const T* bias, T* dx);

/// dw, the gradient of w. For a transposed convolution x is the incoming gradient and g the input.
template <class T>
void conv_weight_grad(const ConvShape& s, const T* x, const T* g, T* dw);

}  // namespace eg::kernels
