#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/autograd/hook.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/error.h>
#include <eigengrad/nn/module.h>

#include <algorithm>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {
namespace {

/// Calls f(dotted name, item) for every parameter, buffer and module inside, in order.
template <class OnParameter, class OnBuffer, class OnModule> class Walk final : public Visitor {
 public:
  Walk(OnParameter p, OnBuffer b, OnModule m) : p_(p), b_(b), m_(m) {}

 protected:
  void parameter(std::string_view name, Parameter& p) override { p_(prefix_ + std::string(name), p); }
  void buffer(std::string_view name, Buffer& b) override { b_(prefix_ + std::string(name), b); }
  void module(std::string_view name, Module& m) override {
    const std::size_t length = prefix_.size();
    prefix_ += name;
    m_(prefix_, m);
    prefix_ += ".";
    m.visit(*this);
    prefix_.resize(length);
  }

 private:
  OnParameter p_;
  OnBuffer b_;
  OnModule m_;
  std::string prefix_;
};

constexpr auto ignore = [](const std::string&, auto&) {};

template <class P, class B, class M> void walk(Module& m, P p, B b, M on_module) {
  Walk<P, B, M> w(p, b, on_module);
  m.visit(w);
}

/// A module's output as a node of its own: a module may hand its input through, or a parameter, and what reaches those by
/// other ways is not the gradient of its output.
struct Handed final : Node {
  const char* name() const noexcept override { return "module_output"; }
  void backward(Tensor g, Grads grads) override { grads[0] = std::move(g); }
};

}  // namespace

Tensor Module::forward(const Tensor&) {
  fail<ValueError>("forward", "expected {} to define forward(const Tensor&); it has no computation of one tensor", describe());
}

Module::Module(Module&& o) noexcept : training_(o.training_), name_(std::move(o.name_)), hooks_(std::move(o.hooks_)) {
  if (hooks_) hooks_->owner = this;
}

Module& Module::operator=(Module&& o) noexcept {
  training_ = o.training_;
  name_ = std::move(o.name_);
  hooks_ = std::move(o.hooks_);
  if (hooks_) hooks_->owner = this;
  return *this;
}

Tensor Module::operator()(const Tensor& x) {
  Path path(*this);
  try {
    if (hooks_) [[unlikely]] return call_with_hooks(x);
    return forward(x);
  } catch (Error& e) {
    Path::annotate(e);
    throw;
  }
}

void Module::train(bool on) {
  training_ = on;
  walk(*this, ignore, ignore, [on](const std::string&, Module& m) { m.training_ = on; });
}

NamedTensors Module::named_parameters() {
  NamedTensors out;
  walk(*this, [&](const std::string& name, Parameter& p) { out.emplace_back(name, p.tensor()); }, ignore, ignore);
  return out;
}

std::vector<Tensor> Module::parameters() {
  std::vector<Tensor> out;
  walk(*this, [&](const std::string&, Parameter& p) { out.push_back(p.tensor()); }, ignore, ignore);
  return out;
}

NamedTensors Module::named_buffers() {
  NamedTensors out;
  walk(*this, ignore, [&](const std::string& name, Buffer& b) { out.emplace_back(name, b.tensor()); }, ignore);
  return out;
}

std::vector<Tensor> Module::buffers() {
  std::vector<Tensor> out;
  for (auto& [name, t] : named_buffers()) out.push_back(t);
  return out;
}

std::vector<std::pair<std::string, Module*>> Module::named_modules() {
  std::vector<std::pair<std::string, Module*>> out{{"", this}};
  walk(*this, ignore, ignore, [&](const std::string& name, Module& m) { out.emplace_back(name, &m); });
  return out;
}

NamedTensors Module::state_dict() {
  NamedTensors out;
  auto add = [&](const std::string& name, Owned& t) { out.emplace_back(name, t.tensor()); };
  walk(*this, add, add, ignore);
  return out;
}

LoadReport Module::load_state_dict(const NamedTensors& dict, const LoadOptions& options) {
  NamedTensors own = state_dict();
  LoadReport report;
  std::vector<std::pair<Tensor, Tensor>> copies;
  std::string wrong;
  auto find = [](const NamedTensors& in, const std::string& name) {
    return std::find_if(in.begin(), in.end(), [&](const auto& item) { return item.first == name; });
  };
  for (auto& [name, t] : own) {
    const auto given = find(dict, name);
    if (given == dict.end()) report.missing.push_back(name);
    else if (given->second.shape() == t.shape()) copies.emplace_back(t, given->second);
    else wrong += fmt::format("; {} has shape {}, expected {}", name, given->second.shape(), t.shape());
  }
  for (const auto& [name, t] : dict)
    if (find(own, name) == own.end()) report.unexpected.push_back(name);
  if (options.strict) {
    auto list = [&](const char* what, const std::vector<std::string>& names) {
      if (names.empty()) return;
      wrong += fmt::format("; {}", what);
      for (std::size_t i = 0; i < names.size(); ++i) wrong += fmt::format("{}{}", i ? ", " : " ", names[i]);
    };
    list("missing", report.missing);
    list("unexpected", report.unexpected);
  }
  if (!wrong.empty())
    fail<ValueError>("load_state_dict", "expected the keys and shapes of {}, got others{}", describe(), wrong);
  NoGrad guard;
  for (auto& [to, from] : copies) to.copy_(from);
  return report;
}

void Module::zero_grad() {
  for (Tensor& p : parameters()) p.zero_grad();
}

void Module::set_requires_grad(bool on) {
  for (Tensor& p : parameters()) p.set_requires_grad(on);
}

void Module::to(DType dtype) {
  if (!is_floating(dtype)) fail<DTypeError>("to", "expected a floating-point type for {}, got {}", describe(), dtype);
  auto convert = [&](const std::string&, Owned& o) {
    Tensor& t = o.tensor();
    if (!is_floating(t.dtype()) || t.dtype() == dtype) return;
    const bool trained = t.requires_grad();
    t.set_requires_grad(false);
    t.impl()->array = t.to(dtype).array();
    t.set_requires_grad(trained);
  };
  walk(*this, convert, convert, ignore);
}

std::int64_t Module::num_parameters() {
  std::int64_t n = 0;
  for (const Tensor& p : parameters()) n += p.numel();
  return n;
}

std::string Module::summary() {
  std::string text;
  std::size_t width = 6;
  for (auto& [name, m] : named_modules()) width = std::max(width, name.size());
  for (auto& [name, m] : named_modules())
    text += fmt::format("{:<{}}  {:>10}  {}\n", name.empty() ? "(all)" : name, width, m->num_parameters(), m->describe());
  return text;
}

ModuleHook Module::add_hook(detail::AnyHook::Kind kind, std::shared_ptr<detail::AnyHook> hook) {
  if (!hooks_) {
    hooks_ = std::make_shared<detail::ModuleHooks>();
    hooks_->owner = this;
  }
  hook->kind = kind;
  hook->id = hooks_->next_id++;
  const std::size_t id = hook->id;
  hooks_->list.push_back(std::move(hook));
  return {hooks_, id};
}

void ModuleHook::remove() {
  if (auto hooks = hooks_.lock()) std::erase_if(hooks->list, [this](const auto& h) { return h->id == id_; });
  hooks_.reset();
}

Tensor Module::call_with_hooks(const Tensor& given) {
  const std::shared_ptr<detail::ModuleHooks> hooks = hooks_;  // a hook may remove itself
  Tensor x = given;
  auto run = [&](detail::AnyHook::Kind kind, const Tensor& in, Tensor& replaced, const Tensor& out) {
    for (std::size_t i = 0; i < hooks->list.size(); ++i) {
      const std::shared_ptr<detail::AnyHook> hook = hooks->list[i];
      if (hook->kind != kind) continue;
      if (Tensor r = hook->call(*this, in, out); r.defined()) replaced = r;
    }
  };
  run(detail::AnyHook::pre, x, x, Tensor());
  Tensor y = forward(x);
  run(detail::AnyHook::forward, x, y, y);
  return watched(y);
}

Tensor Module::watched(const Tensor& y) {
  auto backward = [](const auto& hook) { return hook->kind == detail::AnyHook::backward; };
  if (!eg::detail::should_record(y) || std::none_of(hooks_->list.begin(), hooks_->list.end(), backward)) return y;
  const Tensor out = eg::detail::record<Handed>(y.array(), {&y});
  out.register_hook([weak = std::weak_ptr(hooks_), backward](const Tensor& given) {
    Tensor g = given;
    const auto hooks = weak.lock();
    if (!hooks) return g;
    const auto list = hooks->list;  // a hook may remove itself
    for (const auto& hook : list)
      if (backward(hook))
        if (Tensor r = hook->call(*hooks->owner, Tensor(), g); r.defined()) g = r;
    return g;
  });
  return out;
}

}  // namespace eg::nn
