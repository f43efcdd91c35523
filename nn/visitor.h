#pragma once
#include <eigengrad/nn/parameter.h>

#include <string_view>

namespace eg::nn {

class Module;

/// What Module::visit shows its members to, each with its name, in the order of the state dict:
///   void visit(nn::Visitor& v) override { v("conv", conv)("norm", norm)("out", out); }
/// Undefined parameters and buffers are passed over.
class Visitor {
 public:
  virtual ~Visitor() = default;
  Visitor& operator()(std::string_view name, Parameter& p) {
    if (p.defined()) parameter(name, p);
    return *this;
  }
  Visitor& operator()(std::string_view name, Buffer& b) {
    if (b.defined()) buffer(name, b);
    return *this;
  }
  Visitor& operator()(std::string_view name, Module& m) {
    module(name, m);
    return *this;
  }

 protected:
  virtual void parameter(std::string_view, Parameter&) {}
  virtual void buffer(std::string_view, Buffer&) {}
  virtual void module(std::string_view, Module&) {}
};

}  // namespace eg::nn
