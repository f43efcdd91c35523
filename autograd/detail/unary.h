#pragma once
// Functions of one tensor as one or two lines of mathematics each. M gives
//   static constexpr auto label = "exp", kernel = kernels::Unary::exp;
//   static Tensor dx(Tensor g, const Tensor& s);   // g f'(x) by differentiable functions; s: x or y, whichever is saved
// and, where the function has parameters, members p and q, with dx a const member.
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/kernels/elementwise.h>

namespace eg::detail {

template <class M> Array values_of(const M& m, const Tensor& x) {
  if constexpr (requires { m.p; m.q; }) return kernels::unary(M::kernel, x.array(), m.p, m.q);
  else return kernels::unary(M::kernel, x.array());
}

/// y = f(x), dx from x.
template <class M> struct FromInput final : Node {
  Saved x;
  [[no_unique_address]] M m;
  FromInput(const Tensor& in, const M& function) : x(in), m(function) {}
  const char* name() const noexcept override { return M::label; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = m.dx(std::move(g), x.get(*this)); }
};
template <class M> Tensor from_input(const Tensor& x, const M& m = {}) {
  Array out = values_of(m, x);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<FromInput<M>>(std::move(out), {&x}, x, m);
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
  Array out = values_of(M(), x);
  if (!should_record(x)) return Tensor(std::move(out));
  const Array y = out;
  return record<FromOutput<M>>(std::move(out), {&x}, y);
}

/// y = f(x) with a derivative of zero wherever there is one.
template <class M> struct Flat final : Node {
  const char* name() const noexcept override { return M::label; }
  void backward(Tensor g, Grads grads) override { grads[0] = Tensor(kernels::unary(kernels::Unary::zero, g.array())); }
};
template <class M> Tensor flat(const Tensor& x) {
  Array out = kernels::unary(M::kernel, x.array());
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Flat<M>>(std::move(out), {&x});
}

/// Where the elements of an rvalue may be overwritten: recorded nowhere, and nobody else holds tensor or elements.
inline Array* reusable(Tensor& t) {
  return t.impl_ref().unique() && !t.node() && t.is_contiguous() ? &t.impl()->array : nullptr;
}

/// g f'(s) by one kernel where nothing is recorded, by differentiable functions otherwise.
template <class Composed>
Tensor fused(kernels::Binary kernel, Tensor g, const Tensor& s, double p, double q, Composed&& composed) {
  if (should_record(g, s)) return composed(std::move(g));
  return Tensor(kernels::binary(kernel, g.array(), s.array(), p, reusable(g), q));
}

}  // namespace eg::detail
