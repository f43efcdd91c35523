#include <eigengrad/autograd/ops/dropout.h>
#include <eigengrad/core/error.h>
#include <eigengrad/nn/dropout.h>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {

Dropout::Dropout(double probability) : p(probability) {
  if (!(p >= 0 && p <= 1)) fail<ValueError>("Dropout", "expected a probability from 0 to 1, got {}", p);
}
Tensor Dropout::forward(const Tensor& x) { return dropout(x, p, is_training()); }
std::string Dropout::describe() const { return fmt::format("Dropout({:g})", p); }

}  // namespace eg::nn
