#include <eigengrad/autograd/graph_dot.h>
#include <eigengrad/autograd/node.h>

#include <algorithm>
#include <unordered_map>

#include <eigengrad/core/detail/format.h>

namespace eg {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out;
}

}  // namespace

std::string graph_dot(const Tensor& output, const std::vector<std::pair<std::string, Tensor>>& names) {
  std::unordered_map<const Node*, std::string> label;
  for (const auto& [name, t] : names)
    if (t.requires_grad()) label.emplace(t.node().get(), name);
  std::vector<const Node*> nodes;
  std::unordered_map<const Node*, std::size_t> number;
  auto visit = [&](const Node* n) {
    if (n && number.emplace(n, 0).second) nodes.push_back(n);
  };
  visit(output.node().get());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (int k = 0; k < nodes[i]->num_inputs(); ++k) visit(nodes[i]->input(k).get());
  // In order of creation, so inputs come first.
  std::stable_sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) { return a->sequence() < b->sequence(); });
  std::string text = "digraph tape {\n  node [shape=box, fontname=\"sans-serif\"];\n";
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& n = *nodes[i];
    number[&n] = i;
    const auto named = label.find(&n);
    std::string what = n.is_leaf() ? (named == label.end() ? "leaf" : quoted(named->second)) : quoted(n.name());
    if (!n.is_leaf() && named != label.end()) what += " (" + quoted(named->second) + ")";
    text += fmt::format("  n{} [label=\"{}\\n{}{}\"{}];\n", i, what, n.shape(),
                        n.dtype() == DType::float64 ? " float64" : "",
                        n.is_leaf() ? ", style=filled, fillcolor=\"#dde8f5\"" : "");
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (int k = 0; k < nodes[i]->num_inputs(); ++k)
      if (const Node* in = nodes[i]->input(k).get()) text += fmt::format("  n{} -> n{};\n", number[in], i);
  return text + "}\n";
}

}  // namespace eg
