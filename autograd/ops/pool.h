#pragma once
#include <eigengrad/autograd/ops/pair.h>
#include <eigengrad/autograd/ops/results.h>
#include <eigengrad/autograd/tensor.h>

namespace eg {

// A stride of 0 stands for the kernel: windows side by side. ceil_mode: a last window may stick out behind the input and
// its padding, as long as it begins inside.
struct MaxPool1dArgs { std::int64_t stride = 0, padding = 0, dilation = 1; bool ceil_mode = false; };
struct MaxPool2dArgs { Pair stride = 0, padding = 0, dilation = 1; bool ceil_mode = false; };
struct AvgPool1dArgs { std::int64_t stride = 0, padding = 0; bool ceil_mode = false, count_include_pad = true; };
struct AvgPool2dArgs { Pair stride = 0, padding = 0; bool ceil_mode = false, count_include_pad = true; };

// Windows over the last one or two dimensions, a result for each; channels and samples by themselves.
// Shapes    x [N, C, L] or [C, L], for 2d [N, C, H, W] or [C, H, W]; result the same but for the pooled sizes, which are
//           floor((L + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, with ceil_mode ceil
// Errors    ShapeError for another rank, a size too small for the kernel, or a window with padding only (a dilation can make
//           one); ValueError for a kernel, stride, dilation or output size < 1 or a padding that is negative or more than
//           half the kernel; DTypeError for integers
// Gradient  x, at every order
// Cost      one read of each window

/// y[l] = max_j x[l stride - padding + j dilation]; padding never wins, NaN does. Of equal ones the first gets the gradient.
Tensor max_pool1d(const Tensor& x, std::int64_t kernel, const MaxPool1dArgs& args = {});
Tensor max_pool2d(const Tensor& x, Pair kernel, const MaxPool2dArgs& args = {});
/// The same with the places, which count from the beginning of the last dimension, for 2d of the last two as one.
ValuesIndices max_pool1d_with_indices(const Tensor& x, std::int64_t kernel, const MaxPool1dArgs& args = {});
ValuesIndices max_pool2d_with_indices(const Tensor& x, Pair kernel, const MaxPool2dArgs& args = {});

/// y[l] = mean_j x[l stride - padding + j], with zeros as padding. count_include_pad = false: of the places inside only.
Tensor avg_pool1d(const Tensor& x, std::int64_t kernel, const AvgPool1dArgs& args = {});
Tensor avg_pool2d(const Tensor& x, Pair kernel, const AvgPool2dArgs& args = {});

/// Windows chosen so that the result has `size` places: number o from floor(o L / size) up to ceil((o + 1) L / size).
Tensor adaptive_avg_pool1d(const Tensor& x, std::int64_t size);
Tensor adaptive_avg_pool2d(const Tensor& x, Pair size);
Tensor adaptive_max_pool1d(const Tensor& x, std::int64_t size);

}  // namespace eg
