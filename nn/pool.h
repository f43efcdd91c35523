#pragma once
#include <eigengrad/autograd/ops/pool.h>
#include <eigengrad/nn/module.h>

namespace eg::nn {

// The functions of <eigengrad/autograd/ops/pool.h>, which give shapes and formulas, as layers. No parameters.
// Errors    ValueError for kernels, strides, dilations or output sizes < 1, and paddings negative or more than half the
//           kernel; ShapeError as the functions

class MaxPool1d : public Module {
 public:
  explicit MaxPool1d(std::int64_t kernel, MaxPool1dArgs options = {});
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  std::int64_t kernel;
  MaxPool1dArgs options;
};

class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(Pair kernel, MaxPool2dArgs options = {});
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  Pair kernel;
  MaxPool2dArgs options;
};

class AvgPool1d : public Module {
 public:
  explicit AvgPool1d(std::int64_t kernel, AvgPool1dArgs options = {});
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  std::int64_t kernel;
  AvgPool1dArgs options;
};

class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(Pair kernel, AvgPool2dArgs options = {});
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  Pair kernel;
  AvgPool2dArgs options;
};

/// AdaptiveAvgPool1d(1) is the mean over the length, kept as a dimension.
class AdaptiveAvgPool1d : public Module {
 public:
  explicit AdaptiveAvgPool1d(std::int64_t output_size);
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  std::int64_t output_size;
};

class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(Pair output_size);
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  Pair output_size;
};

class AdaptiveMaxPool1d : public Module {
 public:
  explicit AdaptiveMaxPool1d(std::int64_t output_size);
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  std::int64_t output_size;
};

}  // namespace eg::nn
