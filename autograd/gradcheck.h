#pragma once
#include <eigengrad/autograd/tensor.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/function_ref.h>

namespace eg {

/// A gradient that differs from finite differences; the text names the input, the element and both numbers.
class GradcheckError : public GradError { using GradError::GradError; };

struct GradcheckOptions {
  double eps = 1e-4;   ///< step of the finite differences; keep kinks further away than 2 eps
  double atol = 1e-7;  ///< |backward - finite difference| <= atol + rtol |finite difference|
  double rtol = 1e-6;
};

namespace detail {

using TensorFunction = FunctionRef<std::vector<Tensor>(const std::vector<Tensor>&)>;
double gradcheck(TensorFunction f, const std::vector<Tensor>& inputs, const GradcheckOptions& o);
double gradgradcheck(TensorFunction f, const std::vector<Tensor>& inputs, const GradcheckOptions& o);

/// f(inputs) for an f that takes the vector, or one to four tensors, and returns a tensor or a vector of them.
template <class F> std::vector<Tensor> call_with_tensors(F& f, const std::vector<Tensor>& in) {
  using T = const Tensor&;
  auto wrapped = [](auto&& y) {
    if constexpr (std::is_convertible_v<decltype(y), Tensor>) return std::vector<Tensor>{y};
    else return std::vector<Tensor>(y);
  };
  if constexpr (std::is_invocable_v<F&, const std::vector<Tensor>&>) return wrapped(f(in));
  else if constexpr (std::is_invocable_v<F&, T>) return wrapped(f(in.at(0)));
  else if constexpr (std::is_invocable_v<F&, T, T>) return wrapped(f(in.at(0), in.at(1)));
  else if constexpr (std::is_invocable_v<F&, T, T, T>) return wrapped(f(in.at(0), in.at(1), in.at(2)));
  else return wrapped(f(in.at(0), in.at(1), in.at(2), in.at(3)));
}

}  // namespace detail

/// Compares backward with finite differences: every element of the Jacobian of f, for every input that requires grad.
///   numeric = (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h       (error of order h^4)
/// f takes a vector of tensors, or one to four tensors, and returns a tensor or a vector of them. A result that requires
/// no grad counts as having gradient zero; one of integers is passed over.
/// Result    the largest |backward - numeric|
/// Errors    GradcheckError; DTypeError where an input that requires grad is not float64; GradError where none does
/// Cost      4 numel(inputs) evaluations and numel(outputs) walks back
template <class F> double gradcheck(F&& f, const std::vector<Tensor>& inputs, const GradcheckOptions& o = {}) {
  return detail::gradcheck([&](const std::vector<Tensor>& in) { return detail::call_with_tensors(f, in); }, inputs, o);
}

/// The same for the second order: gradcheck of the gradient by create_graph, as a function of the inputs and of the
/// upstream gradient (fixed random numbers).
template <class F> double gradgradcheck(F&& f, const std::vector<Tensor>& inputs, const GradcheckOptions& o = {}) {
  return detail::gradgradcheck([&](const std::vector<Tensor>& in) { return detail::call_with_tensors(f, in); }, inputs, o);
}

}  // namespace eg
