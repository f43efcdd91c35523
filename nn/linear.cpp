#include <eigengrad/autograd/ops/matmul.h>
#include <eigengrad/core/error.h>
#include <eigengrad/nn/init.h>
#include <eigengrad/nn/linear.h>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {

Linear::Linear(std::int64_t in, std::int64_t out, LinearOptions o) {
  if (in < 1 || out < 1) fail<ValueError>("Linear", "expected in and out >= 1, got {} and {}", in, out);
  weight = Parameter(init::default_uniform({out, in}, in));
  if (o.bias) bias = Parameter(init::default_uniform({out}, in));
}

Tensor Linear::forward(const Tensor& x) { return linear(x, weight, bias); }

std::string Linear::describe() const {
  return fmt::format("Linear({}, {}{})", weight->size(1), weight->size(0), bias.defined() ? "" : ", bias=false");
}

}  // namespace eg::nn
