#pragma once
#include <eigengrad/autograd/ops/conv.h>
#include <eigengrad/nn/module.h>

namespace eg::nn {

struct Conv1dOptions {
  std::int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
  bool bias = true;
};
struct Conv2dOptions {
  Pair stride = 1, padding = 0, dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
};
struct ConvTranspose1dOptions {
  std::int64_t stride = 1, padding = 0, output_padding = 0, dilation = 1, groups = 1;
  bool bias = true;
};
struct ConvTranspose2dOptions {
  Pair stride = 1, padding = 0, output_padding = 0, dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
};

// Layers over the functions of <eigengrad/autograd/ops/conv.h>, which give formulas, shapes and costs.
// Errors    ValueError for sizes, strides, dilations or groups < 1, groups that do not divide the channels; ShapeError
//           for an input of other channels
// Starts    weight and bias uniform in +-1 / sqrt(fan_in), as PyTorch

/// x [N, in, L] or [in, L] to [N, out, L'].
class Conv1d : public Module {
 public:
  Conv1d(std::int64_t in, std::int64_t out, std::int64_t kernel, Conv1dOptions options = {});
  void visit(Visitor& v) override { v("weight", weight)("bias", bias); }
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

  Parameter weight, bias;  ///< [out, in / groups, kernel], [out]
  Conv1dOptions options;
};

/// x [N, in, H, W] or [in, H, W] to [N, out, H', W'].
class Conv2d : public Module {
 public:
  Conv2d(std::int64_t in, std::int64_t out, Pair kernel, Conv2dOptions options = {});
  void visit(Visitor& v) override { v("weight", weight)("bias", bias); }
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

  Parameter weight, bias;  ///< [out, in / groups, kh, kw], [out]
  Conv2dOptions options;
};

/// x [N, in, L] or [in, L] to [N, out, L'], the transpose of a Conv1d from out to in channels.
class ConvTranspose1d : public Module {
 public:
  ConvTranspose1d(std::int64_t in, std::int64_t out, std::int64_t kernel, ConvTranspose1dOptions options = {});
  void visit(Visitor& v) override { v("weight", weight)("bias", bias); }
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

  Parameter weight, bias;  ///< [in, out / groups, kernel], [out]
  ConvTranspose1dOptions options;
};

/// The same over two dimensions.
class ConvTranspose2d : public Module {
 public:
  ConvTranspose2d(std::int64_t in, std::int64_t out, Pair kernel, ConvTranspose2dOptions options = {});
  void visit(Visitor& v) override { v("weight", weight)("bias", bias); }
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

  Parameter weight, bias;  ///< [in, out / groups, kh, kw], [out]
  ConvTranspose2dOptions options;
};

}  // namespace eg::nn
