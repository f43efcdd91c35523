#pragma once
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/random.h>

#include <type_traits>
#include <utility>

namespace eg {

namespace detail {

inline constinit thread_local bool recomputing_now = false;

/// Note [Checkpointing]
/// The forward pass records fn as usual, sees which nodes outside it reached (inputs and captured parameters alike),
/// and drops the record with all it saved. A Checkpoint node keeps the inputs, the outside nodes and the state of the
/// default generator. Where backward reaches it, fn is recorded again from the same numbers and the walk goes on through
/// the new record. So every way of asking for a gradient works as without it: backward, grad of parameters, any order.
class CheckpointNode : public Node {
 public:
  const char* name() const noexcept override { return "checkpoint"; }
  void backward(Tensor, Grads) override {}
  void release() noexcept override;
  Tensor recompute() override;

 protected:
  CheckpointNode() noexcept { stands_for_graph(); }
  virtual Tensor call(const std::vector<Tensor>& inputs) = 0;

 private:
  friend Tensor checkpoint(Ref<Node> owner, CheckpointNode& n, std::vector<Tensor> inputs);
  std::vector<Saved> inputs_;
  GeneratorState random_;
};

Tensor checkpoint(Ref<Node> owner, CheckpointNode& n, std::vector<Tensor> inputs);

template <class F, std::size_t... I> Tensor apply_tensors(F& f, const std::vector<Tensor>& in, std::index_sequence<I...>) {
  return f(in[I]...);
}

template <class F, std::size_t count> struct CheckpointOf final : CheckpointNode {
  F f;
  explicit CheckpointOf(F function) : f(std::move(function)) {}
  Tensor call(const std::vector<Tensor>& in) override { return apply_tensors(f, in, std::make_index_sequence<count>()); }
};

}  // namespace detail

/// fn(inputs...), without keeping what it saves for backward: backward computes fn again. Trades time for memory: with
/// every block of a deep net in a checkpoint, one block's values are held at a time.
///   auto y = eg::checkpoint([&](const eg::Tensor& h) { return block(h); }, x);
/// Gradient  the same, bit for bit, of inputs and of everything fn captures; higher orders up to the order of sums. Random
///           numbers of the default generator (dropout) repeat. fn must do the same each time: see recomputing() where it changes something.
/// Errors    GradError in backward where an input was changed in place since, or fn gives another shape
/// Cost      fn once more in backward
template <class F, class... Inputs> Tensor checkpoint(F fn, const Inputs&... inputs) {
  static_assert((std::is_convertible_v<const Inputs&, const Tensor&> && ...), "inputs are tensors; fn captures the rest");
  auto* node = new detail::CheckpointOf<F, sizeof...(Inputs)>(std::move(fn));
  detail::Ref<Node> owner = detail::Ref<Node>::adopt(node);
  return detail::checkpoint(std::move(owner), *node, {inputs...});
}

/// True while a checkpoint computes its function again in this thread: what should happen once a step (running statistics,
/// counters) is then left out.
inline bool recomputing() noexcept { return detail::recomputing_now; }

}  // namespace eg
