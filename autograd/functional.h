#pragma once
#include <eigengrad/autograd/gradcheck.h>
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Derivatives of functions, in the words and shapes of torch.autograd.functional. f takes the vector of inputs, or one to
// four tensors, and returns a tensor. The inputs need not require grad, and nobody's .grad() is touched. A result that
// does not depend on an input has derivative zero there.
// Errors    DTypeError for an input that is no floating-point tensor; ShapeError, ValueError for directions or results
//           that do not fit; ShapeError where a result would have more than 8 dimensions

struct FunctionalOptions {
  bool create_graph = false;  ///< record the computation: the result can be differentiated by what f and inputs came from
};

/// f(inputs) and a derivative of it.
struct ValueAndGrads {
  Tensor value;
  std::vector<Tensor> grads;
};
struct ValueAndGrad {
  Tensor value;
  Tensor grad;
};

namespace detail {
using ScalarFunction = FunctionRef<Tensor(const std::vector<Tensor>&)>;
std::vector<Tensor> jacobian(ScalarFunction f, const std::vector<Tensor>& inputs, const FunctionalOptions& o);
std::vector<std::vector<Tensor>> hessian(ScalarFunction f, const std::vector<Tensor>& inputs, const FunctionalOptions& o);
ValueAndGrads vjp(ScalarFunction f, const std::vector<Tensor>& inputs, const Tensor& v, const FunctionalOptions& o);
ValueAndGrad jvp(ScalarFunction f, const std::vector<Tensor>& inputs, const std::vector<Tensor>& v, const FunctionalOptions& o);
ValueAndGrads hvp(ScalarFunction f, const std::vector<Tensor>& inputs, const std::vector<Tensor>& v, const FunctionalOptions& o);

template <class F> auto as_function(F& f) {
  return [&f](const std::vector<Tensor>& in) { return call_with_tensors(f, in).at(0); };
}
}  // namespace detail

/// All derivatives of all elements of y = f(x): result[i][a..., b...] = d y[a...] / d x_i[b...].
/// Shapes    result i: shape of y followed by the shape of x_i          Cost      one walk back an element of y
template <class F> std::vector<Tensor> jacobian(F&& f, const std::vector<Tensor>& inputs, const FunctionalOptions& o = {}) {
  auto g = detail::as_function(f);
  return detail::jacobian(g, inputs, o);
}
template <class F> Tensor jacobian(F&& f, const Tensor& x, const FunctionalOptions& o = {}) {
  return jacobian(f, std::vector<Tensor>{x}, o)[0];
}

/// Second derivatives of a one-element y = f(x): result[i][j][a..., b...] = d^2 y / d x_i[a...] d x_j[b...].
/// Shapes    result i j: shape of x_i followed by the shape of x_j      Cost      one walk back an element of x
template <class F>
std::vector<std::vector<Tensor>> hessian(F&& f, const std::vector<Tensor>& inputs, const FunctionalOptions& o = {}) {
  auto g = detail::as_function(f);
  return detail::hessian(g, inputs, o);
}
template <class F> Tensor hessian(F&& f, const Tensor& x, const FunctionalOptions& o = {}) {
  return hessian(f, std::vector<Tensor>{x}, o)[0][0];
}

/// f(x) and v^T J: the gradient with upstream v.
/// Shapes    v as f(x), may be left out for one element; result i as x_i              Cost      one walk back
template <class F>
ValueAndGrads vjp(F&& f, const std::vector<Tensor>& inputs, const Tensor& v = {}, const FunctionalOptions& o = {}) {
  auto g = detail::as_function(f);
  return detail::vjp(g, inputs, v, o);
}
template <class F> ValueAndGrad vjp(F&& f, const Tensor& x, const Tensor& v = {}, const FunctionalOptions& o = {}) {
  ValueAndGrads r = vjp(f, std::vector<Tensor>{x}, v, o);
  return {r.value, r.grads[0]};
}

/// f(x) and J v: the derivative of f along v. Computed by walking back twice: u^T J is linear in u, and its gradient by
/// u along v is J v.
/// Shapes    v_i as x_i; result as f(x)                                               Cost      two walks back
template <class F>
ValueAndGrad jvp(F&& f, const std::vector<Tensor>& inputs, const std::vector<Tensor>& v, const FunctionalOptions& o = {}) {
  auto g = detail::as_function(f);
  return detail::jvp(g, inputs, v, o);
}
template <class F> ValueAndGrad jvp(F&& f, const Tensor& x, const Tensor& v, const FunctionalOptions& o = {}) {
  return jvp(f, std::vector<Tensor>{x}, std::vector<Tensor>{v}, o);
}

/// f(x) and H v for a one-element f(x), without making the Hessian H.
/// Shapes    v_i as x_i; result i as x_i                                              Cost      two walks back
template <class F>
ValueAndGrads hvp(F&& f, const std::vector<Tensor>& inputs, const std::vector<Tensor>& v, const FunctionalOptions& o = {}) {
  auto g = detail::as_function(f);
  return detail::hvp(g, inputs, v, o);
}
template <class F> ValueAndGrad hvp(F&& f, const Tensor& x, const Tensor& v, const FunctionalOptions& o = {}) {
  ValueAndGrads r = hvp(f, std::vector<Tensor>{x}, std::vector<Tensor>{v}, o);
  return {r.value, r.grads[0]};
}

}  // namespace eg
