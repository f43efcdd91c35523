#include <eigengrad/autograd/ops/dropout.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/element_type.h>
#include <eigengrad/core/kernels/elementwise.h>
#include <eigengrad/core/kernels/random.h>

namespace eg {
namespace {

// y = m x              dx = m g
struct Dropout final : Node {
  Tensor m;  // 0 or 1 / (1 - p)
  explicit Dropout(const Array& mask) : m(mask) {}
  const char* name() const noexcept override { return "dropout"; }
  void release() noexcept override { m = Tensor(); }
  void backward(Tensor g, Grads grads) override { grads[0] = mul(std::move(g), m); }
};

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training) {
  if (!(p >= 0 && p <= 1)) fail<ValueError>("dropout", "expected a probability from 0 to 1, got {}", p);
  if (!is_floating(x.dtype())) fail<DTypeError>("dropout", "expected floating-point numbers, got {}; convert with to()", x.dtype());
  if (!training || p == 0) return x;
  Array m(x.shape(), x.dtype());
  kernels::for_floating(x.dtype(), [&]<class T>(T*) {
    // p = 1 draws zeros only.
    kernels::fill_bernoulli(m.data<T>(), m.numel(), 1 - p, static_cast<T>(p == 1 ? 1 : 1 / (1 - p)), default_generator());
  });
  Array out = kernels::binary(kernels::Binary::mul, x.array(), m);
  if (!detail::should_record(x)) return Tensor(std::move(out));
  return detail::record<Dropout>(std::move(out), {&x}, m);
}

}  // namespace eg
