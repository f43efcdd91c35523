#include <eigengrad/autograd/anomaly.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/error.h>

#include <algorithm>

#include <eigengrad/autograd/detail/inspect.h>
#include <eigengrad/autograd/detail/leaf.h>
#include <eigengrad/autograd/detail/node_extra.h>
#include <eigengrad/core/detail/format.h>

namespace eg {
namespace {

// Creation counter of this thread. A node is numbered after its inputs even where they were made on another thread.
constinit thread_local std::uint64_t last_sequence = 0;

}  // namespace

std::uint64_t detail::next_sequence(std::uint64_t after) noexcept {
  last_sequence = std::max(last_sequence, after) + 1;
  return last_sequence;
}

Node::~Node() {
  if (many_) {
    std::destroy_n(many_, num_inputs_);
    detail::deallocate(many_, num_inputs_ * sizeof(detail::Ref<Node>));
  }
  if (extra_) [[unlikely]] delete extra_;
}

Tensor Node::recompute() { fail<GradError>(name(), "expected an operation with a backward of its own, got none"); }

void Node::backward_onto(Tensor&, const Tensor&) { fail<GradError>(name(), "expected an operation that adds its gradient to a sum"); }

detail::NodeExtra& Node::extra() {
  if (!extra_) extra_ = new detail::NodeExtra();
  return *extra_;
}

void Node::reserve_inputs(std::size_t n) {
  if (n > inline_inputs) {
    many_ = static_cast<detail::Ref<Node>*>(detail::allocate(n * sizeof(detail::Ref<Node>)));
    std::uninitialized_default_construct_n(many_, n);
  }
  num_inputs_ = static_cast<int>(n);
}

void Node::set_input(std::size_t i, const Tensor& t) {
  if (!detail::wants_grad(t)) return;
  inputs()[i] = t.impl()->node;
  sequence_ = std::max(sequence_, t.impl()->node->sequence_);
}

void Node::set_inputs(std::initializer_list<const Tensor*> in) {
  reserve_inputs(in.size());
  std::size_t i = 0;
  for (const Tensor* t : in) set_input(i++, *t);
  sequence_ = detail::next_sequence(sequence_);
}

void Node::set_inputs(std::span<const Tensor> in) {
  reserve_inputs(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) set_input(i, in[i]);
  sequence_ = detail::next_sequence(sequence_);
}

void Node::set_inputs(std::span<const Tensor* const> in) {
  reserve_inputs(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) set_input(i, *in[i]);
  sequence_ = detail::next_sequence(sequence_);
}

void Node::set_inputs(std::span<const detail::Ref<Node>> nodes) {
  reserve_inputs(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    inputs()[i] = nodes[i];
    if (nodes[i]) sequence_ = std::max(sequence_, nodes[i]->sequence_);
  }
  sequence_ = detail::next_sequence(sequence_);
}

// Note [Release without recursion]
// Dropping the last tensor of a graph drops its node, which drops the nodes of its inputs, and so on: a chain of a
// million operations would need a million stack frames. So a dying node is put on a list, and the outermost call
// deletes the list in a loop.
void detail::destroy_node(Node* n) noexcept {
  constinit static thread_local Node* dead = nullptr;
  constinit static thread_local bool busy = false;
  n->next_dead_ = dead;
  dead = n;
  if (busy) return;
  busy = true;
  while (dead) {
    Node* d = dead;
    dead = d->next_dead_;
    delete d;
  }
  busy = false;
}

Saved Saved::output(const Array& out) {
  Saved s;
  s.tensor_ = Tensor(out);
  s.version_ = out.version();
  return s;
}

Tensor Saved::get_output(Node& self) const {
  get(self);
  if (!grad_enabled()) return tensor_;
  return detail::attach(tensor_.array(), detail::Ref<Node>::share(&self));
}

void Saved::changed(const Node& self) const {
  fail<GradError>(self.name(), "expected a saved tensor of shape {} at version {}, found version {}: it was changed in "
                  "place after the forward pass; change a clone() or make the change after backward",
                  tensor_.shape(), version_, tensor_.version());
}

Tensor detail::attach(Array out, Ref<Node> node) {
  if (anomaly.on) [[unlikely]] inspect_result(*node, out);
  Tensor t(std::move(out));
  t.impl()->node = std::move(node);
  return t;
}

}  // namespace eg
