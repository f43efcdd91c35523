#pragma once
#include <eigengrad/autograd/tensor.h>

#include <memory>
#include <type_traits>
#include <utility>

namespace eg {

namespace detail {

/// A function of a gradient: the replacement, or undefined for none.
struct AnyTensorHook {
  virtual ~AnyTensorHook() = default;
  virtual Tensor call(const Tensor& g) = 0;
};
/// Where a node and a TensorHook meet; empty once removed.
struct HookSlot {
  std::shared_ptr<AnyTensorHook> hook;
};
std::shared_ptr<HookSlot> add_hook(const Tensor& t, std::shared_ptr<AnyTensorHook> hook);

}  // namespace detail

/// Takes a hook away again; letting it go out of scope leaves the hook in place.
class TensorHook {
 public:
  TensorHook() = default;
  explicit TensorHook(std::shared_ptr<detail::HookSlot> slot) : slot_(std::move(slot)) {}
  /// May be called any number of times, also from inside the hook.
  void remove() {
    if (slot_) slot_->hook.reset();
    slot_.reset();
  }

 private:
  std::shared_ptr<detail::HookSlot> slot_;
};

template <class F> TensorHook Tensor::register_hook(F f) const {
  struct Hook final : detail::AnyTensorHook {
    F f;
    explicit Hook(F&& function) : f(std::move(function)) {}
    Tensor call(const Tensor& g) override {
      if constexpr (std::is_void_v<std::invoke_result_t<F&, const Tensor&>>) {
        f(g);
        return {};
      } else {
        return f(g);
      }
    }
  };
  return TensorHook(detail::add_hook(*this, std::make_shared<Hook>(std::move(f))));
}

}  // namespace eg
