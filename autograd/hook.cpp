#include <eigengrad/autograd/hook.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/error.h>

#include <eigengrad/autograd/detail/node_extra.h>
#include <eigengrad/core/detail/format.h>

namespace eg {

std::shared_ptr<detail::HookSlot> detail::add_hook(const Tensor& t, std::shared_ptr<AnyTensorHook> hook) {
  if (!t.requires_grad())
    fail<GradError>("register_hook", "expected a tensor that requires grad, got one that never sees a gradient; call "
                    "set_requires_grad() first");
  auto slot = std::make_shared<HookSlot>(HookSlot{std::move(hook)});
  auto& hooks = t.node()->extra().hooks;
  std::erase_if(hooks, [](const auto& s) { return !s->hook; });
  hooks.push_back(slot);
  return slot;
}

Tensor detail::run_hooks(const Node& n, const NodeExtra& extra, Tensor g) {
  const auto hooks = extra.hooks;  // a hook may add others
  for (const auto& slot : hooks) {
    const std::shared_ptr<AnyTensorHook> hook = slot->hook;  // a hook may remove itself
    if (!hook) continue;
    Tensor r = hook->call(g);
    if (!r.defined()) continue;
    if (r.shape() != n.shape() || r.dtype() != n.dtype())
      fail<GradError>("register_hook", "expected the hook to return a gradient of shape {} and type {}, got {} and {}",
                      n.shape(), n.dtype(), r.shape(), r.dtype());
    g = std::move(r);
  }
  return g;
}

}  // namespace eg
