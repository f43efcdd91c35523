#pragma once
#include <eigengrad/autograd/hook.h>
#include <eigengrad/autograd/node.h>

#include <memory>
#include <string>
#include <vector>

namespace eg::detail {

/// What few nodes have; made when first asked for, so that all others pay one null pointer.
struct NodeExtra {
  std::vector<std::shared_ptr<HookSlot>> hooks;
  std::string path;  // of the module that made the node, while anomalies are looked for
};

/// g after the node's hooks. Errors: GradError where one returns another shape or type.
Tensor run_hooks(const Node& n, const NodeExtra& extra, Tensor g);

}  // namespace eg::detail
