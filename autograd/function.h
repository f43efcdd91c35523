#pragma once
#include <eigengrad/autograd/node.h>

namespace eg {

/// What forward of a custom operation leaves for its backward.
class Context {
 public:
  /// Keeps inputs or the output of forward. Anything else that was computed from the inputs must be computed again in
  /// backward: it is off the tape, and a second derivative through it would be wrong (saved() reports that).
  template <class... T> void save_for_backward(const T&... tensors) { (saved_.push_back({tensors}), ...); }
  /// Keeps tensors that do not depend on the inputs: masks, random numbers, tables.
  template <class... T> void save_constants(const T&... tensors) { (saved_.push_back({tensors, Kind::constant}), ...); }
  /// The i-th saved tensor. Errors: GradError where it was changed in place since; IndexError.
  Tensor saved(std::size_t i) const;
  /// Whether the gradient of the i-th tensor argument is wanted.
  bool needs_input_grad(int i) const { return !node_ || node_->needs(i); }

  /// For the library: tells inputs and output from the rest once forward is done.
  void settle(std::span<const Tensor* const> inputs, const Tensor& output, Node* self);
  void reset() noexcept { saved_.clear(); }

 private:
  enum class Kind { other, input, output, constant };
  struct Item {
    Tensor tensor;
    Kind kind = Kind::other;
    Saved saved = {};
  };
  std::vector<Item> saved_;
  Node* node_ = nullptr;
};

namespace detail {

/// Base of the nodes of custom operations.
class FunctionNode : public Node {
 public:
  Context context;
  std::size_t tensors = 0;  // tensor arguments
  void release() noexcept override { context.reset(); }

 protected:
  void give(std::span<const Tensor> from, Grads to) const;
};

/// Record the result of forward.
Tensor record_function(Ref<Node> node, FunctionNode& self, std::span<const Tensor* const> inputs, Tensor output);

}  // namespace detail

/// A differentiable operation of your own:
///
///     struct Cube : eg::Function<Cube> {
///       static constexpr const char* name = "cube";
///       eg::Tensor forward(eg::Context& ctx, const eg::Tensor& x) {
///         ctx.save_for_backward(x);
///         return x * x * x;
///       }
///       eg::Tensor backward(eg::Context& ctx, const eg::Tensor& g) { return g * ctx.saved(0).square() * 3; }
///     };
///     eg::Tensor y = Cube::apply(x);
///
/// forward runs off the tape and may do anything with the elements; its arguments are tensors and whatever else apply is
/// given. backward returns the gradient of each tensor argument: a Tensor where there is one, else a
/// std::vector<eg::Tensor> in their order; undefined means zero. Options are kept as members of the struct, of which each
/// call of apply makes one. Without `name` errors call it "custom function".
/// Gradient  backward written with differentiable functions of g and the saved tensors is differentiable again, at any
///           order. Prove it with gradcheck and gradgradcheck.
template <class Derived> class Function {
 public:
  template <class... Args> static Tensor apply(const Args&... args);
};

namespace detail {

template <class Derived> struct CustomNode final : FunctionNode {
  Derived op;
  const char* name() const noexcept override {
    if constexpr (requires { Derived::name; }) return Derived::name;
    else return "custom function";
  }
  void backward(Tensor g, Grads grads) override {
    if constexpr (std::is_convertible_v<decltype(op.backward(context, g)), Tensor>) {
      const Tensor one = op.backward(context, g);
      give({&one, 1}, grads);
    } else {
      const std::vector<Tensor> all = op.backward(context, g);
      give(all, grads);
    }
  }
};

}  // namespace detail

template <class Derived> template <class... Args> Tensor Function<Derived>::apply(const Args&... args) {
  constexpr std::size_t count = (std::size_t{std::is_convertible_v<const Args&, const Tensor&>} + ... + 0);
  static_assert(count > 0, "a custom operation takes at least one tensor");
  const Tensor* inputs[count];
  std::size_t at = 0;
  auto collect = [&](const auto& a) {
    if constexpr (std::is_convertible_v<decltype(a), const Tensor&>) inputs[at++] = &a;
  };
  (collect(args), ...);
  auto* node = new detail::CustomNode<Derived>();
  detail::Ref<Node> owner = detail::Ref<Node>::adopt(node);
  node->tensors = count;
  Tensor out;
  {
    NoGrad guard;
    out = node->op.forward(node->context, args...);
  }
  return detail::record_function(std::move(owner), *node, inputs, std::move(out));
}

}  // namespace eg
