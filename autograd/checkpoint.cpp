#include <eigengrad/autograd/checkpoint.h>
#include <eigengrad/core/error.h>

#include <algorithm>
#include <unordered_set>

#include <eigengrad/autograd/detail/leaf.h>
#include <eigengrad/core/detail/format.h>

namespace eg::detail {
namespace {

// The nodes outside the part of the graph that was recorded after `start`: leaves, and results made before.
std::vector<Ref<Node>> outside(const Ref<Node>& output, std::uint64_t start) {
  std::vector<Ref<Node>> result;
  std::unordered_set<Node*> seen;
  std::vector<Node*> walk{output.get()};
  while (!walk.empty()) {
    Node* n = walk.back();
    walk.pop_back();
    for (int i = 0; i < n->num_inputs(); ++i) {
      const Ref<Node>& in = n->input(i);
      if (!in || !seen.insert(in.get()).second) continue;
      if (in->is_leaf() || in->sequence() <= start) result.push_back(in);
      else walk.push_back(in.get());
    }
  }
  return result;
}

struct Recomputing {
  bool before = recomputing_now;
  GeneratorState random;
  explicit Recomputing(GeneratorState then) : random(default_generator().state()) {
    recomputing_now = true;
    default_generator().set_state(then);
  }
  ~Recomputing() {
    recomputing_now = before;
    default_generator().set_state(random);
  }
};

}  // namespace

Tensor checkpoint(Ref<Node> owner, CheckpointNode& n, std::vector<Tensor> inputs) {
  if (!recording) return n.call(inputs);
  n.random_ = default_generator().state();
  std::uint64_t start = 0;
  for (const Tensor& t : inputs)
    if (wants_grad(t)) start = std::max(start, t.node()->sequence());
  start = next_sequence(start);
  const Tensor out = n.call(inputs);
  if (!out.defined()) fail<ValueError>("checkpoint", "expected the function to return a tensor, got an undefined one");
  if (!out.requires_grad()) return out;
  if (out.is_leaf() || out.node()->sequence() <= start) return out;  // handed through: there is nothing to compute again
  n.inputs_.assign(inputs.begin(), inputs.end());
  n.set_inputs(outside(out.node(), start));
  n.set_output(out.array());
  return attach(out.array(), std::move(owner));
}

Tensor CheckpointNode::recompute() {
  std::vector<Tensor> inputs;
  for (const Saved& s : inputs_) inputs.push_back(s.defined() ? s.get(*this) : Tensor());
  Recomputing guard(random_);
  return call(inputs);
}

void CheckpointNode::release() noexcept { inputs_.clear(); }

}  // namespace eg::detail
