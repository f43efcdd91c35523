#include <eigengrad/autograd/detail/leaf.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/elementwise.h>

namespace eg::detail {

void Leaf::accumulate(Tensor g) {
  Lock lock(*this);
  if (!grad_.defined()) {
    // Kept as it is where nobody else holds it; a copy otherwise, since gradients are changed in place later.
    const bool free = g.impl_ref().unique() && g.array().unique() && g.is_contiguous();
    grad_ = grad_enabled() || free ? std::move(g) : Tensor(kernels::copy(g.array()));
    return;
  }
  const bool ours = grad_.impl_ref().unique() && grad_.array().unique() && !grad_.node();
  if (ours && !grad_enabled()) kernels::binary_into(kernels::Binary::add, grad_.impl()->array, g.array());
  else grad_ = add(grad_, g);
}

Tensor Leaf::grad() const {
  Lock lock(*this);
  return grad_;
}

void Leaf::set_grad(Tensor g) {
  Lock lock(*this);
  std::swap(grad_, g);
}

}  // namespace eg::detail
