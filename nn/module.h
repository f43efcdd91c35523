#pragma once
#include <eigengrad/autograd/named.h>
#include <eigengrad/core/error.h>
#include <eigengrad/nn/visitor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace eg::nn {

using eg::NamedTensors;

struct LoadOptions {
  bool strict = true;  ///< false: missing and unexpected keys are reported, not an error
};
/// What load_state_dict passed over.
struct LoadReport {
  std::vector<std::string> missing, unexpected;
};

class Module;

namespace detail {

/// One registered function; `call` returns the replacement, undefined for none.
struct AnyHook {
  enum Kind { pre, forward, backward };
  Kind kind = pre;
  std::size_t id = 0;
  virtual ~AnyHook() = default;
  virtual Tensor call(Module& m, const Tensor& input, const Tensor& output) = 0;
};
struct ModuleHooks {
  Module* owner = nullptr;  // follows a module that is moved; a backward hook may run long after forward
  std::vector<std::shared_ptr<AnyHook>> list;
  std::size_t next_id = 0;
};

}  // namespace detail

/// Takes a registered hook away again; letting it go out of scope leaves the hook in place.
class ModuleHook {
 public:
  ModuleHook() = default;
  ModuleHook(std::weak_ptr<detail::ModuleHooks> hooks, std::size_t id) : hooks_(std::move(hooks)), id_(id) {}
  void remove();

 private:
  std::weak_ptr<detail::ModuleHooks> hooks_;
  std::size_t id_ = 0;
};

/// Base of layers and models. A module holds parameters, buffers and other modules as plain members, names them once in
/// `visit`, and computes in `forward`. Everything else - the lists, the state dict, train and eval - is written here
/// over `visit`. Copying a module copies its weights; moving it keeps them.
class Module {
 public:
  Module() = default;
  Module(const Module& o) : training_(o.training_) {}
  Module& operator=(const Module& o) {
    training_ = o.training_;
    return *this;
  }
  Module(Module&& o) noexcept;
  Module& operator=(Module&& o) noexcept;
  virtual ~Module() = default;

  /// Shows every parameter, buffer and child with its name.
  virtual void visit(Visitor&) {}
  /// The computation. Call the module itself, `m(x)`: that runs hooks and gives errors the module's path.
  virtual Tensor forward(const Tensor& x);
  /// The class and its options, as an error or a summary names it: "InstanceNorm1d(64, affine=true)".
  virtual std::string describe() const;

  /// forward(x), with hooks; an error from inside says the path of the innermost module, as in
  /// `Generator.norm (InstanceNorm1d(64)): expected 64 channels ...`.
  Tensor operator()(const Tensor& x);

  /// Name of this module as the root of paths; the class's name where none is given.
  void set_name(std::string name) { name_ = std::move(name); }

  /// Training mode (the default): this module and all inside. eval() is train(false).
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const noexcept { return training_; }

  /// Handles to the parameters, in order; changes through them reach the module.
  std::vector<Tensor> parameters();
  NamedTensors named_parameters();
  std::vector<Tensor> buffers();
  NamedTensors named_buffers();
  /// This module ("" first) and all inside, with dotted names.
  std::vector<std::pair<std::string, Module*>> named_modules();

  /// Parameters and buffers by dotted name, PyTorch's names and order. Handles, not copies.
  NamedTensors state_dict();
  /// Copies the elements of `dict` into the tensors of the same names, converting types. Nothing is changed on error.
  /// Errors: ValueError that lists every missing, unexpected or misshapen key.
  LoadReport load_state_dict(const NamedTensors& dict, const LoadOptions& options = {});

  /// Drops the gradients of all parameters.
  void zero_grad();
  /// Whether the parameters collect gradients; false freezes the module.
  void set_requires_grad(bool on);
  /// Converts floating-point parameters and buffers in place; handles held elsewhere, such as an optimizer's, follow.
  void to(DType dtype);
  /// Number of parameter elements.
  std::int64_t num_parameters();
  /// A table of the modules inside with their parameter counts.
  std::string summary();

  /// f(module, input) before forward; a returned Tensor replaces the input. f may return void.
  template <class F> ModuleHook register_forward_pre_hook(F f);
  /// f(module, input, output) after forward; a returned Tensor replaces the output. f may return void.
  template <class F> ModuleHook register_forward_hook(F f);
  /// f(module, gradient of the output) when backward reaches the module's output; a returned Tensor replaces it. Works
  /// on forward passes made after the first such hook was registered, while the module lives.
  template <class F> ModuleHook register_backward_hook(F f);

 private:
  friend class Path;
  Tensor call_with_hooks(const Tensor& x);
  Tensor watched(const Tensor& output);
  ModuleHook add_hook(detail::AnyHook::Kind kind, std::shared_ptr<detail::AnyHook> hook);
  template <class F> ModuleHook add_hook_of(detail::AnyHook::Kind kind, F f);
  bool training_ = true;
  std::string name_;
  std::shared_ptr<detail::ModuleHooks> hooks_;  // not copied with the module
};

/// While it lives, errors and anomaly reports name `m` as the innermost module. Module::operator() uses it; a module
/// whose forward takes other arguments than one tensor opens one in its own operator().
class Path {
 public:
  explicit Path(Module& m) noexcept : module_(&m), outer_(current_) { current_ = this; }
  ~Path() { current_ = outer_; }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

  /// "generator.block2.norm (InstanceNorm1d(64))", for the innermost module of this thread; "" outside modules.
  static std::string current();
  /// Puts the current path in front of e's text; called in a catch block that rethrows.
  static void annotate(Error& e);

 private:
  Module* module_;
  Path* outer_;
  static constinit thread_local Path* current_;
};

template <class F> ModuleHook Module::add_hook_of(detail::AnyHook::Kind kind, F f) {
  struct Hook final : detail::AnyHook {
    F f;
    explicit Hook(F g) : f(std::move(g)) {}
    Tensor call(Module& m, const Tensor& input, const Tensor& output) override {
      auto run = [&](const auto&... args) {
        if constexpr (std::is_void_v<decltype(f(m, args...))>) {
          f(m, args...);
          return Tensor();
        } else {
          return Tensor(f(m, args...));
        }
      };
      if constexpr (std::is_invocable_v<F&, Module&, const Tensor&, const Tensor&>) return run(input, output);
      else return run(kind == pre ? input : output);
    }
  };
  return add_hook(kind, std::make_shared<Hook>(std::move(f)));
}
template <class F> ModuleHook Module::register_forward_pre_hook(F f) {
  return add_hook_of(detail::AnyHook::pre, std::move(f));
}
template <class F> ModuleHook Module::register_forward_hook(F f) {
  return add_hook_of(detail::AnyHook::forward, std::move(f));
}
template <class F> ModuleHook Module::register_backward_hook(F f) {
  return add_hook_of(detail::AnyHook::backward, std::move(f));
}

}  // namespace eg::nn
