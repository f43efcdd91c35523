#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/error.h>
#include <eigengrad/optim/optimizer.h>

#include <algorithm>

#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/kernels/copy.h>

namespace eg::optim {

void Optimizer::add_parameters(std::vector<Tensor> parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& p = parameters[i];
    if (!p.defined() || !p.requires_grad() || !p.is_leaf() || !p.is_contiguous())
      fail<ValueError>(name_, "expected parameters that are contiguous leaves and require grad, parameter {} is not", i);
    auto same = [&](const Tensor& q) { return q.impl() == p.impl(); };
    bool twice = std::any_of(parameters.begin(), parameters.begin() + static_cast<std::ptrdiff_t>(i), same);
    for (const auto& group : groups_) twice = twice || std::any_of(group.begin(), group.end(), same);
    if (twice) fail<ValueError>(name_, "expected each parameter once, parameter {} of group {} is given twice", i, groups_.size());
  }
  states_.resize(states_.size() + parameters.size());
  groups_.push_back(std::move(parameters));
}

void Optimizer::step() {
  NoGrad guard;
  begin_step();
  std::size_t index = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (Tensor& p : groups_[g]) {
      State& state = states_[index++];
      const Tensor grad = p.grad();
      if (!grad.defined()) continue;
      Array& parameter = p.impl()->array;
      parameter.bump_version();
      update(g, parameter, kernels::contiguous(grad.array()), state);
    }
  }
}

void Optimizer::zero_grad() {
  for (auto& group : groups_)
    for (Tensor& p : group) p.zero_grad();
}

NamedTensors Optimizer::state_dict() const {
  NoGrad guard;
  NamedTensors dict;
  for (std::size_t i = 0; i < states_.size(); ++i)
    for (const auto& [name, t] : states_[i]) dict.emplace_back(std::to_string(i) + "." + name, t.clone());
  for (std::size_t g = 0; g < groups_.size(); ++g)
    dict.emplace_back("group" + std::to_string(g) + ".lr", full({}, lr(g), {.dtype = float64}));
  return dict;
}

void Optimizer::load_state_dict(const NamedTensors& dict) {
  NoGrad guard;
  std::vector<std::pair<std::size_t, const Tensor*>> parameters;  // with their groups
  for (std::size_t g = 0; g < groups_.size(); ++g)
    for (const Tensor& p : groups_[g]) parameters.emplace_back(g, &p);
  std::vector<State> states(states_.size());
  std::vector<std::vector<bool>> given(states_.size());
  std::vector<double> rates(groups_.size());
  for (std::size_t g = 0; g < groups_.size(); ++g) rates[g] = lr(g);
  for (const auto& named : dict) {
    const std::string& key = named.first;
    const Tensor& t = named.second;
    const std::size_t dot = key.find('.');
    const bool group = key.rfind("group", 0) == 0;
    const std::string digits = key.substr(group ? 5 : 0, dot == std::string::npos ? 0 : dot - (group ? 5 : 0));
    const bool number = !digits.empty() && digits.size() < 9 &&
                        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    const std::size_t i = number ? std::stoul(digits) : ~std::size_t{0};
    const std::string name = dot == std::string::npos ? "" : key.substr(dot + 1);
    auto unknown = [&] {
      fail<ValueError>("load_state_dict", "expected the state of {} with {} parameters in {} groups, each entry once, got key {}", name_,
                       states.size(), groups_.size(), key);
    };
    if (!t.defined() || i >= (group ? groups_.size() : states.size())) unknown();
    if (group) {
      if (name != "lr" || t.numel() != 1) unknown();
      rates[i] = t.item<double>();
      if (!(rates[i] >= 0)) fail<ValueError>("load_state_dict", "expected {} >= 0, got {}", key, rates[i]);
      continue;
    }
    // Entries may come in any order; update() knows them by their places.
    if (states[i].empty()) {
      states[i] = initial_state(parameters[i].first, parameters[i].second->array());
      given[i].resize(states[i].size());
    }
    const auto entry = std::find_if(states[i].begin(), states[i].end(), [&](const auto& item) { return item.first == name; });
    const std::size_t k = static_cast<std::size_t>(entry - states[i].begin());
    if (entry == states[i].end() || given[i][k]) unknown();
    given[i][k] = true;
    const Tensor& expected = entry->second;
    if (!(t.shape() == expected.shape()) || is_floating(t.dtype()) != is_floating(expected.dtype()))
      fail<ValueError>("load_state_dict", "expected {} of shape {} and type {}, got {} and {}", key, expected.shape(), expected.dtype(),
                       t.shape(), t.dtype());
    entry->second = t.to(expected.dtype()).clone();
  }
  for (std::size_t i = 0; i < states.size(); ++i)
    for (std::size_t k = 0; k < given[i].size(); ++k)
      if (!given[i][k])
        fail<ValueError>("load_state_dict", "expected all of the state of parameter {}, got none of {}", i, states[i][k].first);
  for (std::size_t g = 0; g < groups_.size(); ++g) set_lr(rates[g], g);
  states_ = std::move(states);
}

}  // namespace eg::optim
