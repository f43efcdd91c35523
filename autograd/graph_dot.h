#pragma once
#include <eigengrad/autograd/tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace eg {

/// The tape that led to `output` as Graphviz text: a box an operation with its name and the shape of its result, a filled
/// one a leaf; arrows run from inputs to results. `names` labels tensors, as module.named_parameters() gives them.
/// Draw it with `dot -Tsvg`. The same graph gives the same text.
std::string graph_dot(const Tensor& output, const std::vector<std::pair<std::string, Tensor>>& names = {});

}  // namespace eg
