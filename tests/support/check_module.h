#pragma once
// The contract every module keeps, proved in one line a layer: check_module(nn::Linear(3, 4), randn({2, 3})).
#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace check_module_detail {

/// Copy and move of the module's class.
struct ModuleType {
  std::unique_ptr<eg::nn::Module> (*copy)(const eg::nn::Module&);
  std::unique_ptr<eg::nn::Module> (*move)(eg::nn::Module&);
};
std::string module_fault(eg::nn::Module& module, const ModuleType& type, const eg::Tensor& input);

}  // namespace check_module_detail

/// "" where all of this holds, else what does not:
///   names of parameters, buffers and modules are unique;
///   every leaf that the tape reaches from the output is a parameter or the input;
///   the state dict of a trained module, loaded into an untrained one, gives output of equal bits;
///   training a copy leaves the original as it was: state, output, gradients;
///   a moved-to module has the parameters, the output and the state of the one it was moved from;
///   train and eval reach every module inside.
/// A member forgotten in visit() fails one of these.
template <class M> std::string module_fault(M module, const eg::Tensor& input) {
  static_assert(std::is_nothrow_move_constructible_v<M>);
  using eg::nn::Module;
  return check_module_detail::module_fault(module, {[](const Module& m) -> std::unique_ptr<Module> { return std::make_unique<M>(static_cast<const M&>(m)); },
                                       [](Module& m) -> std::unique_ptr<Module> { return std::make_unique<M>(std::move(static_cast<M&>(m))); }},
                              input);
}

template <class M> void check_module(M module, const eg::Tensor& input) {
  const std::string name = module.describe();
  INFO("module " << name);
  const std::string fault = module_fault(std::move(module), input);
  CHECK(fault == "");
}
