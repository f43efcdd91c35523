#pragma once
#include <eigengrad/autograd/tensor.h>

#include <utility>

namespace eg {

/// Tensors by name, in order: what a state dict is.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

}  // namespace eg
