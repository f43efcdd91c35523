#pragma once
#include <eigengrad/nn/module.h>

namespace eg::nn {

/// Dimensions start..end as one: [N, C, L] to [N, C L] by default.
class Flatten : public Module {
 public:
  explicit Flatten(std::int64_t first = 1, std::int64_t last = -1) : start(first), end(last) {}
  Tensor forward(const Tensor& x) override { return x.flatten(start, end); }
  std::string describe() const override;
  std::int64_t start, end;
};

/// Dimension `dim` as several: [N, C L] to [N, C, L] by Unflatten(1, {C, L}).
class Unflatten : public Module {
 public:
  Unflatten(std::int64_t at, const Shape& into) : dim(at), sizes(into) {}
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  std::int64_t dim;
  Shape sizes;
};

/// Repeats every element `scale` times along each spatial dimension (nearest neighbour): [N, C, L] to [N, C, scale L].
class Upsample : public Module {
 public:
  explicit Upsample(std::int64_t factor);
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  std::int64_t scale;
};

}  // namespace eg::nn
