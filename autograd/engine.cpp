// The walk back over the tape.
//
// Note [Order of the walk]
// A node is numbered after all its inputs, so taking the ready node with the largest number first visits every node
// after all who used its output: a heap on the number is a topological sort, without counting users first. A node
// enters the heap when the first gradient reaches it; later ones are added to its pending sum.
//
// A node that stands for a part of the graph has that part recorded again, and the walk goes on through it: its nodes are
// the youngest of all, so they come next, in the order in which they would have come, and every sum of gradients has the
// same terms in the same order.
//
// Note [A walk inside a walk]
// The state of a walk (pending sums, marks) is kept in the nodes, where it costs nothing to find. A hook, a checkpoint or
// a backward written by the user may start a walk of its own, over the same nodes: the walk outside then takes its
// state out of them first, and puts it back when the one inside is over.
#include <eigengrad/autograd/anomaly.h>
#include <eigengrad/autograd/engine.h>
#include <eigengrad/core/error.h>

#include <algorithm>

#include <eigengrad/autograd/detail/expression.h>
#include <eigengrad/autograd/detail/inspect.h>
#include <eigengrad/autograd/detail/leaf.h>
#include <eigengrad/autograd/detail/node_extra.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/core/detail/format.h>

namespace eg {

class Engine {
 public:
  /// own_nodes: the walk meets only nodes made after every walk around it began, which need not step aside.
  Engine(const char* op, bool create_graph, bool retain, bool own_nodes = false)
      : op_(op), retain_(retain), mode_(create_graph), around_(current) {
    if (!own_nodes)
      for (Engine* e = around_; e && !e->aside_for_; e = e->around_) e->step_aside(this);
    current = this;
  }

  // Whatever happens on the way, no node keeps a gradient or a mark.
  ~Engine() {
    for (Node* n : heap_) drop(n);
    for (Node* n : visited_) unmark(n);
    current = around_;
    for (Engine* e = around_; e && e->aside_for_ == this; e = e->around_) e->step_back();
  }

  /// Only what leads to these inputs is computed, and their gradients are kept in `captured`.
  /// stop_at_inputs: the walk ends at the inputs, even where one is computed from another.
  void restrict_to(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs, std::vector<Tensor>& captured,
                   bool stop_at_inputs = false) {
    targets_.reserve(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) targets_.push_back({inputs[i].node().get(), &captured[i]});
    std::sort(targets_.begin(), targets_.end(), [](const Target& a, const Target& b) { return a.node < b.node; });
    restricted_ = true;
    for (const Tensor& o : outputs) visit(o.node().get());
    stop_at_inputs_ = stop_at_inputs;
    mark(0);
  }

  void seed(const Tensor& output, Tensor g) {
    if (anomaly_) [[unlikely]] detail::inspect_upstream(op_, g.array());
    arrive(output.node().get(), std::move(g));
  }

  void run() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), before);
      Node* n = heap_.back();
      heap_.pop_back();
      n->queued_ = false;
      // The caller's tensors, or the nodes still to come, keep n alive: n is an ancestor of an output.
      Tensor g = std::move(n->pending_);
      if (n->extra_) [[unlikely]] g = detail::run_hooks(*n, *n->extra_, std::move(g));
      if (restricted_)
        if (const Target* t = find(n)) capture(t, g);
      if (n->needs_ == 0) continue;
      step(*n, std::move(g));
    }
    for (auto& [leaf, g] : hooked_leaves_) deliver(leaf, detail::run_hooks(*leaf, *leaf->extra_, std::move(g)));
  }

 private:
  struct Target { Node* node; Tensor* gradient; };
  static bool before(const Node* a, const Node* b) { return a->sequence_ < b->sequence_; }

  static void drop(Node* n) {
    n->pending_ = Tensor();
    n->queued_ = false;
  }
  static void unmark(Node* n) {
    n->visited_ = n->wanted_ = false;
    n->needs_ = ~0u;
  }

  // Note [A walk inside a walk]
  void step_aside(const Engine* inner) {
    aside_for_ = inner;
    for (Node* n : heap_) {
      set_aside_.push_back(std::move(n->pending_));
      drop(n);
    }
    for (Node* n : visited_) {
      marks_.push_back({n->needs_, n->wanted_});
      unmark(n);
    }
  }
  void step_back() noexcept {
    for (std::size_t i = 0; i < heap_.size(); ++i) {
      heap_[i]->pending_ = std::move(set_aside_[i]);
      heap_[i]->queued_ = true;
    }
    for (std::size_t i = 0; i < visited_.size(); ++i) {
      visited_[i]->visited_ = true;
      visited_[i]->needs_ = marks_[i].needs, visited_[i]->wanted_ = marks_[i].wanted;
    }
    set_aside_.clear();
    marks_.clear();
    aside_for_ = nullptr;
  }

  void visit(Node* n) {
    if (!n || n->is_leaf() || n->visited_) return;
    n->visited_ = true;
    visited_.push_back(n);
  }
  // What the visited nodes from the first-th on, and all before them in the graph, need.
  void mark(std::size_t first) {
    for (std::size_t i = first; i < visited_.size(); ++i) {
      if (stop_at_inputs_ && find(visited_[i])) continue;
      for (int k = 0; k < visited_[i]->num_inputs(); ++k) visit(visited_[i]->input(k).get());
    }
    const auto begin = visited_.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(begin, visited_.end(), [](Node* a, Node* b) { return a->sequence_ < b->sequence_; });
    for (auto it = begin; it != visited_.end(); ++it) {
      Node* n = *it;
      const bool target = find(n);
      std::uint32_t needs = 0;
      for (int k = 0; k < n->num_inputs() && !(stop_at_inputs_ && target); ++k)
        if (wanted(n->input(k).get())) needs |= 1u << std::min(k, 31);
      n->needs_ = needs;
      n->wanted_ = needs != 0 || target;
    }
  }
  const Target* find(const Node* n) const {
    auto it = std::lower_bound(targets_.begin(), targets_.end(), n, [](const Target& t, const Node* x) { return t.node < x; });
    return it != targets_.end() && it->node == n ? &*it : nullptr;
  }
  bool wanted(const Node* n) const { return n && (n->is_leaf() ? find(n) != nullptr : n->wanted_); }

  // The same input may be asked for more than once: its targets stand side by side.
  void capture(const Target* t, const Tensor& g) {
    const Node* n = t->node;
    for (const Target* end = targets_.data() + targets_.size(); t != end && t->node == n; ++t)
      *t->gradient = t->gradient->defined() ? add(*t->gradient, g) : g;
  }

  // A gradient has reached n.
  void arrive(Node* n, Tensor g) {
    if (n->is_leaf()) {
      if (n->extra_) [[unlikely]] return collect(n, std::move(g));
      return deliver(n, std::move(g));
    }
    if (restricted_ && !n->wanted_) return;
    if (n->queued_) {
      n->pending_ = add(std::move(n->pending_), g);
      return;
    }
    n->pending_ = std::move(g);
    n->queued_ = true;
    heap_.push_back(n);
    std::push_heap(heap_.begin(), heap_.end(), before);
  }

  void deliver(Node* leaf, Tensor g) {
    if (!restricted_) return static_cast<detail::Leaf*>(leaf)->accumulate(std::move(g));
    if (const Target* t = find(leaf)) capture(t, g);
  }

  // Hooks of a leaf see its whole gradient: summed here, since other threads may be at the same leaf.
  void collect(Node* leaf, Tensor g) {
    if (restricted_ && !find(leaf)) return;
    for (auto& [seen, sum] : hooked_leaves_)
      if (seen == leaf) {
        sum = add(std::move(sum), g);
        return;
      }
    hooked_leaves_.emplace_back(leaf, std::move(g));
  }

  // Goes on with g at the output of the part that n stands for.
  void go_through(Node& n, Tensor g) {
    Tensor out;
    {
      GradMode on(true);
      out = n.recompute();
    }
    retire(n);
    if (out.shape() != n.shape() || out.dtype() != n.dtype())
      fail<GradError>(n.name(), "expected the function to give the same result as before, of shape {} and type {}, got {} "
                      "and {}; it must not depend on what changes between forward and backward", n.shape(), n.dtype(),
                      out.shape(), out.dtype());
    if (!out.requires_grad()) return;
    recomputed_.push_back(out.node());
    if (restricted_) {
      const std::size_t first = visited_.size();
      visit(out.node().get());
      mark(first);
    }
    arrive(out.node().get(), std::move(g));
  }

  void retire(Node& n) const {
    if (retain_) return;
    n.release();
    n.released_ = true;
  }

  void step(Node& n, Tensor g) {
    if (n.released_)
      fail<GradError>(op_, "expected a graph that still holds what {} saved, but an earlier backward freed it; pass "
                      "retain_graph = true to that backward", n.name());
    if (n.stands_for_graph_) [[unlikely]] return go_through(n, std::move(g));
    if (n.gives_part_ && n.input(0)->queued_ && !anomaly_) {
      n.backward_onto(n.input(0)->pending_, g);
      return retire(n);
    }
    Tensor few[Node::inline_inputs];
    std::vector<Tensor> many;
    const std::size_t count = static_cast<std::size_t>(n.num_inputs());
    if (count > Node::inline_inputs) many.resize(count);
    const Node::Grads grads = count > Node::inline_inputs ? Node::Grads(many) : Node::Grads(few, count);
    if (anomaly_) [[unlikely]] {
      const detail::Inspecting guard(&n);
      n.backward(std::move(g), grads);
    } else {
      n.backward(std::move(g), grads);
    }
    retire(n);
    for (std::size_t i = 0; i < count; ++i) {
      Node* in = n.input(static_cast<int>(i)).get();
      if (!in || !grads[i].defined()) continue;
      check(n, static_cast<int>(i), grads[i], *in);
      if (anomaly_) [[unlikely]] detail::inspect_gradient(n, static_cast<int>(i), grads[i].array());
      arrive(in, std::move(grads[i]));
    }
  }

  void check(const Node& n, int i, const Tensor& g, const Node& in) const {
    if (g.shape() == in.shape() && g.dtype() == in.dtype()) return;
    fail<GradError>(op_, "expected {} to give its input {} a gradient of shape {} and type {}, got {} and {}; the "
                    "backward of {} is wrong", n.name(), i, in.shape(), in.dtype(), g.shape(), g.dtype(), n.name());
  }

  static constinit thread_local Engine* current;  // the innermost walk of this thread

  struct Marks { std::uint32_t needs; bool wanted; };

  const char* op_;
  bool retain_;
  GradMode mode_;
  Engine* const around_;
  const Engine* aside_for_ = nullptr;
  std::vector<Tensor> set_aside_;  // of heap_
  std::vector<Marks> marks_;       // of visited_
  bool restricted_ = false, stop_at_inputs_ = false;
  const bool anomaly_ = detail::anomaly.on;
  std::vector<Node*> heap_;
  std::vector<Node*> visited_;
  std::vector<Target> targets_;
  std::vector<std::pair<Node*, Tensor>> hooked_leaves_;
  std::vector<detail::Ref<Node>> recomputed_;  // keeps their nodes until the walk is over
};

constinit thread_local Engine* Engine::current = nullptr;

namespace {

Tensor upstream(const char* op, const Tensor& output, const Tensor& given) {
  if (!output.defined() || !output.node())
    fail<GradError>(op, "expected an output that requires grad, got one that was computed without recording or from "
                    "inputs that require none; call set_requires_grad() on the inputs");
  if (!given.defined()) {
    if (output.numel() != 1)
      fail<GradError>(op, "output of shape {} is not a scalar; call sum() or pass a gradient", output.shape());
    Array one(output.shape(), output.dtype());
    if (output.dtype() == DType::float64) *one.data<double>() = 1;
    else *one.data<float>() = 1;
    return Tensor(std::move(one));
  }
  if (given.shape() != output.shape() || given.dtype() != output.dtype())
    fail<GradError>(op, "expected an upstream gradient of shape {} and type {}, got {} and {}", output.shape(),
                    output.dtype(), given.shape(), given.dtype());
  return given;
}

void check_counts(const char* op, std::size_t outputs, std::size_t gradients) {
  if (gradients != 0 && gradients != outputs)
    fail<GradError>(op, "expected one upstream gradient an output or none, got {} for {} outputs", gradients, outputs);
}

}  // namespace

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs, const GradOptions& o) {
  check_counts("grad", outputs.size(), o.grad_outputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].defined() || !inputs[i].node())
      fail<GradError>("grad", "expected inputs that require grad, input {} does not; call set_requires_grad() on it before "
                      "the forward pass", i);
  std::vector<Tensor> seeds;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    seeds.push_back(upstream("grad", outputs[i], o.grad_outputs.empty() ? Tensor() : o.grad_outputs[i]));
  std::vector<Tensor> captured(inputs.size());
  Engine engine("grad", o.create_graph, o.retain_graph.value_or(o.create_graph));
  engine.restrict_to(outputs, inputs, captured);
  for (std::size_t i = 0; i < outputs.size(); ++i) engine.seed(outputs[i], std::move(seeds[i]));
  engine.run();
  for (std::size_t i = 0; i < captured.size(); ++i)
    if (!captured[i].defined() && !o.allow_unused)
      fail<GradError>("grad", "expected every input to be used by the outputs, input {} of shape {} is not; pass "
                      "allow_unused = true to get an undefined gradient for it", i, inputs[i].shape());
  return captured;
}

std::vector<Tensor> detail::grad_within(const Tensor& output, const std::vector<Tensor>& inputs, const Tensor& g) {
  std::vector<Tensor> captured(inputs.size());
  Engine engine("grad", true, true, true);
  engine.restrict_to({output}, inputs, captured, true);
  engine.seed(output, g);
  engine.run();
  return captured;
}

void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& gradients, const BackwardOptions& o) {
  check_counts("backward", outputs.size(), gradients.size());
  Engine engine("backward", o.create_graph, o.retain_graph.value_or(o.create_graph));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    engine.seed(outputs[i], upstream("backward", outputs[i], gradients.empty() ? Tensor() : gradients[i]));
  engine.run();
}

void Tensor::backward(const Tensor& gradient, const BackwardOptions& o) const {
  Engine engine("backward", o.create_graph, o.retain_graph.value_or(o.create_graph));
  engine.seed(*this, upstream("backward", *this, gradient));
  engine.run();
}

}  // namespace eg
