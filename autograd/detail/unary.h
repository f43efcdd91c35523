#pragma once
// Functions of one tensor as one or two lines of mathematics each. M gives
//   static constexpr const char* label;  static constexpr kernels::Unary kernel;
//   static Tensor dx(Tensor g, const Tensor& s);   // g f'(x) by differentiable functions; s: x or y, whichever is saved
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/kernels/elementwise.h>

namespace eg::detail {

/// y = f(x), dx from x.
template <class M> struct FromInput final : Node {
  Saved x;
  explicit FromInput(const Tensor& in) : x(in) {}
  const char* name() const noexcept override { return M::label; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = M::dx(std::move(g), x.get(*this)); }
};
template <class M> Tensor from_input(const Tensor& x) {
  Array out = kernels::unary(M::kernel, x.array());
  if (!should_record(x)) return Tensor(std::move(out));
  return record<FromInput<M>>(std::move(out), {&x}, x);
}

/// y = f(x), dx from y.
template <class M> struct FromOutput final : Node {
  Saved y;
  explicit FromOutput(const Array& out) : y(Saved::output(out)) {}
  const char* name() const noexcept override { return M::label; }
  void release() noexcept override { y.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = M::dx(std::move(g), y.get_output(*this)); }
};
template <class M> Tensor from_output(const Tensor& x) {
  Array out = kernels::unary(M::kernel, x.array());
  if (!should_record(x)) return Tensor(std::move(out));
  const Array y = out;
  return record<FromOutput<M>>(std::move(out), {&x}, y);
}

/// Where the elements of an rvalue may be overwritten: recorded nowhere, and nobody else holds tensor or elements.
inline Array* reusable(Tensor& t) {
  return t.impl_ref().unique() && !t.node() && t.is_contiguous() ? &t.impl()->array : nullptr;
}

}  // namespace eg::detail
