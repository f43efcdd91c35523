#pragma once
#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/autograd/tensor.h>

namespace eg {

namespace detail {
struct NodeExtra;
}

/// One recorded operation: who its inputs were, and how to turn the gradient of its output into theirs.
///
/// Every node has exactly one output; an operation with several differentiable results packs them into one and hands
/// out views. A node keeps the nodes of its inputs (not the inputs) alive, and what it saves with Saved.
/// To write one, derive from Node, save what backward needs, and give `backward`; Note [Writing a node] in
/// docs/autograd.md shows how, autograd/ops/elementwise.cpp has the short ones.
///
/// Note [Versions]: Storage counts in-place changes. A Saved remembers the count; at backward a different count means
/// the gradient would be computed from changed values, which is an error, never a wrong number.
class Node {
 public:
  using Grads = std::span<Tensor>;

  Node() noexcept = default;
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// The function's name as the user called it.
  virtual const char* name() const noexcept = 0;
  /// Writes grads[i], of input i's shape and type, for every i with needs(i); leaving one undefined means zero.
  /// `g` has the output's shape and type. Differentiable functions of g and the saved tensors are recorded where the
  /// caller asked for create_graph, which makes this gradient differentiable again.
  virtual void backward(Tensor g, Grads grads) = 0;
  /// For a node of one input whose gradient is zero but for a part, and that has said so with gives_part(): adds that part
  /// to `sum`, the gradient of the input so far. Called instead of backward where there is a sum; Note [Gradients of parts]
  /// in autograd/ops/index.cpp.
  virtual void backward_onto(Tensor& sum, const Tensor& g);
  /// Drops what was saved; called after backward unless the graph is retained.
  virtual void release() noexcept {}
  /// For a node that stands for a part of the graph (Note [Checkpointing] in autograd/checkpoint.h) and has said so with
  /// stands_for_graph(): records that part again and returns its output. Called with recording on, instead of backward.
  virtual Tensor recompute();
  /// True for the node of a leaf tensor.
  virtual bool is_leaf() const noexcept { return false; }

  int num_inputs() const noexcept { return num_inputs_; }
  /// The node of input i; null where that input requires no gradient.
  const detail::Ref<Node>& input(int i) const noexcept { return inputs()[i]; }
  /// Whether the gradient of input i is wanted in the backward under way.
  bool needs(int i) const noexcept { return (needs_ >> (i < 31 ? i : 31)) & 1u && inputs()[i]; }
  const Shape& shape() const noexcept { return shape_; }
  DType dtype() const noexcept { return dtype_; }
  /// Order of creation: larger than that of every input.
  std::uint64_t sequence() const noexcept { return sequence_; }

  /// For the library: sets the inputs; count known first.
  void set_inputs(std::initializer_list<const Tensor*> inputs);
  void set_inputs(std::span<const Tensor> inputs);
  void set_inputs(std::span<const Tensor* const> inputs);
  void set_inputs(std::span<const detail::Ref<Node>> nodes);
  /// For the library: describes the output.
  void set_output(const Array& out) noexcept {
    shape_ = out.shape();
    dtype_ = out.dtype();
  }

  /// For the library: hooks and the like; made on first use.
  detail::NodeExtra& extra();
  const detail::NodeExtra* find_extra() const noexcept { return extra_; }

  static void* operator new(std::size_t bytes) { return detail::allocate(bytes); }
  static void operator delete(void* p, std::size_t bytes) noexcept { detail::deallocate(p, bytes); }
  static void destroy(Node* n) noexcept { detail::destroy_node(n); }
  detail::RefCount refs;

 protected:
  void stands_for_graph() noexcept { stands_for_graph_ = true; }
  void gives_part() noexcept { gives_part_ = true; }

 private:
  friend class Engine;
  friend void detail::destroy_node(Node* n) noexcept;
  static constexpr int inline_inputs = 3;
  detail::Ref<Node>* inputs() noexcept { return many_ ? many_ : few_; }
  const detail::Ref<Node>* inputs() const noexcept { return many_ ? many_ : few_; }
  void reserve_inputs(std::size_t n);
  void set_input(std::size_t i, const Tensor& t);

  // Scratch of the engine, for one backward at a time.
  Tensor pending_;            // sum of the gradients that arrived so far
  Node* next_dead_ = nullptr; // Note [Release without recursion] in node.cpp
  std::uint32_t needs_ = ~0u;
  bool queued_ = false, released_ = false, visited_ = false, wanted_ = false;
  bool stands_for_graph_ = false, gives_part_ = false;

  DType dtype_ = DType::float32;
  int num_inputs_ = 0;
  std::uint64_t sequence_ = 0;
  detail::NodeExtra* extra_ = nullptr;  // owned
  detail::Ref<Node>* many_ = nullptr;
  detail::Ref<Node> few_[inline_inputs];
  Shape shape_;
};

/// A tensor that a node keeps for its backward.
class Saved {
 public:
  Saved() noexcept = default;
  /// An input: kept with its place on the tape.
  Saved(const Tensor& t) : tensor_(t), version_(t.defined() ? t.version() : 0) {}
  /// The node's own output: kept off the tape, since a node that held its output would keep itself alive.
  static Saved output(const Array& out);
  /// The tensor, checked against in-place change. `self`: the node that saved it. Errors: GradError.
  const Tensor& get(const Node& self) const {
    if (tensor_.impl()->array.version() != version_) changed(self);
    return tensor_;
  }
  /// The same for an output: in a backward that is recorded, it is `self`'s output again.
  Tensor get_output(Node& self) const;
  bool defined() const noexcept { return tensor_.defined(); }
  void reset() noexcept { tensor_ = Tensor(); }

 private:
  [[noreturn]] void changed(const Node& self) const;
  Tensor tensor_;
  std::uint32_t version_ = 0;
};

namespace detail {

inline bool wants_grad(const Tensor& t) noexcept { return t.impl() && t.impl()->node; }
/// True where recording is on and one of the inputs requires grad.
template <class... Inputs> bool should_record(const Inputs&... inputs) noexcept {
  return recording && (wants_grad(inputs) || ...);
}
/// `out` as the output of `node`.
Tensor attach(Array out, Ref<Node> node);

/// Records N(args...) with these inputs as the maker of `out`.
template <class N, class... Args>
Tensor record(Array out, std::initializer_list<const Tensor*> inputs, Args&&... args) {
  N* node = new N(std::forward<Args>(args)...);
  Ref<Node> owner = Ref<Node>::adopt(node);
  node->set_inputs(inputs);
  node->set_output(out);
  return attach(std::move(out), std::move(owner));
}

}  // namespace detail
}  // namespace eg
