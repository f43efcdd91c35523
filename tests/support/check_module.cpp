#include "support/check_module.h"

#include <set>
#include <vector>

#include "support/tensors.h"

using namespace eg;

namespace {

NamedTensors copy_of(const NamedTensors& dict) {
  NamedTensors copy;
  for (const auto& [name, t] : dict) copy.emplace_back(name, t.detach().clone());
  return copy;
}

/// "" or the first entry whose name or bits differ.
std::string state_difference(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return "numbers of entries differ";
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].first != b[i].first) return a[i].first + " against " + b[i].first;
    if (const std::string text = difference(a[i].second, b[i].second, 0); !text.empty()) return a[i].first + ": " + text;
  }
  return "";
}

/// Random layers draw the same numbers each time; the default generator is left where it was.
Tensor output(nn::Module& m, const Tensor& x, bool training) {
  NoGrad guard;
  const GeneratorState before = default_generator().state();
  manual_seed(1);
  m.train(training);
  Tensor y = m(x);
  default_generator().set_state(before);
  return y;
}

/// A few steps of descent along the module's own parameters, which change its buffers too.
void train_a_little(nn::Module& m, const Tensor& x) {
  m.train();
  for (int step = 0; step < 2; ++step) {
    m.zero_grad();
    const Tensor y = m(x * (1.0 + step) + 0.25);
    if (!y.requires_grad()) continue;
    (y * y * 0.5 + y).sum().backward();
    NoGrad guard;
    for (Tensor p : m.parameters())
      if (p.grad().defined()) p.sub_(p.grad() * 0.01 + 0.001);
  }
  m.zero_grad();
}

std::string doubled_name(nn::Module& m) {
  std::set<std::string> seen, modules;
  for (const auto& [name, t] : m.state_dict())
    if (!seen.insert(name).second) return name;
  for (const auto& [name, child] : m.named_modules())
    if (!modules.insert(name).second) return name;
  return "";
}

/// Leaves that are neither a parameter nor the input.
int strange_leaves(nn::Module& m, const Tensor& input) {
  m.train();
  const Tensor x = input.detach().clone().set_requires_grad();
  const Tensor y = m(x);
  std::set<const Node*> known{x.node().get()}, seen;
  for (const Tensor& p : m.parameters())
    if (p.node()) known.insert(p.node().get());
  std::vector<const Node*> open;
  if (y.node()) open.push_back(y.node().get());
  int strange = 0;
  while (!open.empty()) {
    const Node* n = open.back();
    open.pop_back();
    if (!seen.insert(n).second) continue;
    if (n->is_leaf() && !known.count(n)) ++strange;
    for (int i = 0; i < n->num_inputs(); ++i)
      if (n->input(i)) open.push_back(n->input(i).get());
  }
  return strange;
}

}  // namespace

std::string check_module_detail::module_fault(nn::Module& m, const ModuleType& type, const Tensor& input) {
  if (const std::string name = doubled_name(m); !name.empty()) return "the name " + name + " is given twice";

  const auto untrained = type.copy(m);
  if (const int n = strange_leaves(m, input); n > 0)
    return "the output depends on " + std::to_string(n) + " leaves that are neither parameters nor the input";

  // State dict into an untrained module.
  train_a_little(m, input);
  untrained->load_state_dict(m.state_dict());
  if (const std::string t = state_difference(untrained->state_dict(), m.state_dict()); !t.empty()) return "load_state_dict: " + t;
  if (const std::string t = difference(output(*untrained, input, false), output(m, input, false), 0); !t.empty())
    return "output after load_state_dict in eval mode: " + t;
  {
    const auto a = type.copy(*untrained), b = type.copy(m);
    if (const std::string t = difference(output(*a, input, true), output(*b, input, true), 0); !t.empty())
      return "output after load_state_dict in training mode: " + t;
  }

  // Training a copy.
  const NamedTensors state = copy_of(m.state_dict());
  const Tensor y = output(m, input, false).clone();
  const auto copy = type.copy(m);
  if (const std::string t = state_difference(copy->state_dict(), state); !t.empty()) return "state of a copy: " + t;
  train_a_little(*copy, input);
  if (const std::string t = state_difference(m.state_dict(), state); !t.empty()) return "training a copy changed the original: " + t;
  if (const std::string t = difference(output(m, input, false), y, 0); !t.empty())
    return "training a copy changed the original's output: " + t;
  for (const auto& [name, p] : m.named_parameters())
    if (p.grad().defined()) return "training a copy left a gradient in the original's " + name;
  const std::vector<Tensor> own = m.parameters(), copied = copy->parameters();
  for (std::size_t i = 0; i < own.size(); ++i)
    if (difference(copied[i], own[i], 0).empty()) return "training the copy did not change its parameter " + m.named_parameters()[i].first;

  // Train and eval.
  for (const bool on : {false, true}) {
    m.train(on);
    for (const auto& [name, child] : m.named_modules())
      if (child->is_training() != on) return std::string(on ? "train" : "eval") + " does not reach " + name;
  }

  // Moving.
  const NamedTensors handles = m.named_parameters();
  m.eval();
  const auto moved = type.move(m);
  if (moved->is_training()) return "moving changed the mode";
  if (const std::string t = state_difference(moved->state_dict(), state); !t.empty()) return "state of the moved-to module: " + t;
  if (const std::string t = difference(output(*moved, input, false), y, 0); !t.empty()) return "output of the moved-to module: " + t;
  const NamedTensors after = moved->named_parameters();
  for (std::size_t i = 0; i < handles.size(); ++i)
    if (handles[i].second.impl() != after[i].second.impl()) return "an optimizer's handle to " + handles[i].first + " is lost by moving";
  if (const int n = strange_leaves(*moved, input); n > 0) return "the moved-to module depends on leaves that are not its own";
  return "";
}
