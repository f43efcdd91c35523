#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/reduce.h>

#include <eigengrad/autograd/detail/sum_to.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

// y = sum_dims x       dx = g, repeated over dims
struct Sum final : Node {
  Shape x, kept;
  Sum(const Shape& in, const Shape& k) : x(in), kept(k) {}
  const char* name() const noexcept override { return "sum"; }
  void backward(Tensor g, Grads grads) override { grads[0] = expand(reshape(g, kept), x); }
};

}  // namespace

Tensor sum(const Tensor& x, const Dims& dims, bool keepdim) {
  const Dims over = wrap_dims("sum", dims, x.dim());
  Array out = kernels::sum(x.array(), over, keepdim);
  if (!should_record(x)) return Tensor(std::move(out));
  Shape kept = x.shape();
  for (std::int64_t d : over) kept[static_cast<int>(d)] = 1;
  return record<Sum>(std::move(out), {&x}, x.shape(), kept);
}

Tensor detail::sum_to(Tensor g, const Shape& shape, DType dtype) {
  if (!(g.shape() == shape)) {
    Dims dims;
    const int shift = g.dim() - shape.rank();
    for (int i = 0; i < g.dim(); ++i)
      if (i < shift || (shape[i - shift] == 1 && g.shape()[i] != 1)) dims.push_back(i);
    if (!dims.empty()) g = sum(g, dims, true);
    if (!(g.shape() == shape)) g = reshape(g, shape);
  }
  return g.dtype() == dtype ? std::move(g) : g.to(dtype);
}

Tensor Tensor::sum() const { return eg::sum(*this); }
Tensor Tensor::sum(const Dims& dims, bool keepdim) const { return eg::sum(*this, dims, keepdim); }

}  // namespace eg
