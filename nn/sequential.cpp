#include <eigengrad/core/error.h>
#include <eigengrad/nn/sequential.h>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {

Module& Sequential::operator[](std::size_t i) {
  if (i >= children_.size()) fail<IndexError>("Sequential", "expected an index below {}, got {}", children_.size(), i);
  return *children_[i];
}

void Sequential::visit(Visitor& v) {
  for (std::size_t i = 0; i < children_.size(); ++i) v(std::to_string(i), *children_[i]);
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor h = x;
  for (const AnyModule& m : children_) h = (*m)(h);
  return h;
}

}  // namespace eg::nn
