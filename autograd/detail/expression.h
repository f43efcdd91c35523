#pragma once
// Note [Fused gradients and expressions]
// A fused kernel gives a function's first gradient fast, but a kernel cannot be differentiated again. So where the
// caller records the backward pass (create_graph), the node writes its function once more as an expression of
// differentiable functions and lets the engine differentiate that: the result is recorded, and exact at every order.
#include <eigengrad/autograd/node.h>

namespace eg::detail {

/// The gradients of `output` for `inputs`, recorded; the walk ends at the inputs.
std::vector<Tensor> grad_within(const Tensor& output, const std::vector<Tensor>& inputs, const Tensor& g);

/// x as the result of an operation that does nothing, so that a gradient can be taken with respect to this use of x;
/// x itself where it requires no grad.
Tensor alias(const Tensor& x);

/// Writes to grads[i] the gradient of expression(inputs...) for the inputs i that node `n` needs, recorded. The
/// expression takes a const std::vector<Tensor>&; undefined inputs stay undefined.
template <class Expression>
void backward_of_expression(const Node& n, std::vector<Tensor> inputs, const Tensor& g, Node::Grads grads, Expression&& expression) {
  std::vector<Tensor> wanted;
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!n.needs(static_cast<int>(i))) continue;
    inputs[i] = alias(inputs[i]);
    wanted.push_back(inputs[i]);
    at.push_back(i);
  }
  if (wanted.empty()) return;
  const std::vector<Tensor> found = grad_within(expression(static_cast<const std::vector<Tensor>&>(inputs)), wanted, g);
  for (std::size_t k = 0; k < at.size(); ++k) grads[at[k]] = found[k];
}

}  // namespace eg::detail
