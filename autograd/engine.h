#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

struct GradOptions {
  bool create_graph = false;              ///< record the gradient's own computation, so that it can be differentiated
  std::optional<bool> retain_graph = {};  ///< keep what the graph saved for another backward; default: create_graph
  bool allow_unused = false;              ///< an input that no output depends on gives an undefined tensor
  std::vector<Tensor> grad_outputs = {};  ///< upstream gradients; may be left out for outputs of one element
};

/// Sum over outputs o of (d o / d input)^T grad_o, for each input; leaves' .grad() is not touched.
/// Shapes    result i as inputs[i]
/// Errors    GradError where an output requires no grad, is not a scalar and has no upstream gradient, an input is
///           unused (see allow_unused), or the graph was freed by an earlier backward without retain_graph
/// Gradient  with create_graph the result is recorded and differentiable again, at any order
/// Cost      one walk over the part of the graph between inputs and outputs; no recursion
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options = {});

/// Adds the gradients of the sum of outputs to every leaf they were computed from; see Tensor::backward.
void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& gradients = {},
              const BackwardOptions& options = {});

}  // namespace eg
