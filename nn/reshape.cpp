#include <eigengrad/autograd/ops/resize.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/error.h>
#include <eigengrad/nn/reshape.h>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {

std::string Flatten::describe() const {
  return start == 1 && end == -1 ? "Flatten" : fmt::format("Flatten({}, {})", start, end);
}

Tensor Unflatten::forward(const Tensor& x) { return unflatten(x, dim, sizes); }
std::string Unflatten::describe() const { return fmt::format("Unflatten({}, {})", dim, sizes); }

Upsample::Upsample(std::int64_t s) : scale(s) {
  if (s < 1) fail<ValueError>("Upsample", "expected a scale >= 1, got {}", s);
}
Tensor Upsample::forward(const Tensor& x) {
  if (x.dim() < 3) fail<ShapeError>("upsample", "expected [N, C, L...], got {}", x.shape());
  return upsample_nearest(x, Shape::filled(x.dim() - 2, scale));
}
std::string Upsample::describe() const { return fmt::format("Upsample({})", scale); }

}  // namespace eg::nn
