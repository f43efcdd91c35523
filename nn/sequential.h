#pragma once
#include <eigengrad/nn/module.h>

namespace eg::nn {

/// Owns a module of any class, by value: copying copies the module.
class AnyModule {
 public:
  template <class M>
    requires(std::is_base_of_v<Module, std::remove_cvref_t<M>>)
  AnyModule(M&& m)
      : module_(std::make_unique<std::remove_cvref_t<M>>(std::forward<M>(m))),
        copy_([](const Module& o) -> std::unique_ptr<Module> {
          return std::make_unique<std::remove_cvref_t<M>>(static_cast<const std::remove_cvref_t<M>&>(o));
        }) {}
  AnyModule(const AnyModule& o) : module_(o.copy_(*o.module_)), copy_(o.copy_) {}
  AnyModule(AnyModule&&) noexcept = default;
  AnyModule& operator=(AnyModule o) noexcept {
    std::swap(module_, o.module_);
    std::swap(copy_, o.copy_);
    return *this;
  }
  Module& operator*() const noexcept { return *module_; }
  Module* operator->() const noexcept { return module_.get(); }

 private:
  std::unique_ptr<Module> module_;
  std::unique_ptr<Module> (*copy_)(const Module&);
};

/// Modules applied one after the other: `nn::Sequential net{nn::Linear(2, 64), nn::ReLU(), nn::Linear(64, 1)}`.
/// Children are named "0", "1", ...
class Sequential : public Module {
 public:
  Sequential() = default;
  /// Takes the modules given, by value. One Sequential alone is copied or moved as such.
  template <class... M>
    requires(sizeof...(M) > 0 && (std::is_base_of_v<Module, std::remove_cvref_t<M>> && ...) &&
             !(sizeof...(M) == 1 && (std::is_same_v<std::remove_cvref_t<M>, Sequential> && ...)))
  Sequential(M&&... modules) {
    children_.reserve(sizeof...(M));
    (children_.emplace_back(std::forward<M>(modules)), ...);
  }
  void push_back(AnyModule m) { children_.push_back(std::move(m)); }
  std::size_t size() const noexcept { return children_.size(); }
  /// Errors: IndexError.
  Module& operator[](std::size_t i);

  void visit(Visitor& v) override;
  Tensor forward(const Tensor& x) override;

 private:
  std::vector<AnyModule> children_;
};

}  // namespace eg::nn
