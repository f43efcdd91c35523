#include <eigengrad/nn/parameter.h>
#include <eigengrad/autograd/grad_mode.h>

namespace eg::nn {
namespace {

Tensor copy_of(const Tensor& t) {
  if (!t.defined()) return {};
  NoGrad guard;
  Tensor copy = t.clone();
  if (t.requires_grad()) copy.set_requires_grad();
  return copy;
}

}  // namespace

Owned::Owned(const Owned& o) : tensor_(copy_of(o.tensor_)) {}

Owned& Owned::operator=(const Owned& o) {
  if (this != &o) tensor_ = copy_of(o.tensor_);
  return *this;
}

}  // namespace eg::nn
