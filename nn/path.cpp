#include <eigengrad/autograd/anomaly.h>
#include <eigengrad/core/error.h>
#include <eigengrad/nn/module.h>

#include <cxxabi.h>

#include <cstdlib>
#include <typeinfo>

namespace eg::nn {

constinit thread_local Path* Path::current_ = nullptr;

// Anomaly reports ask for the module's path here. Whoever runs a module needs this file's current_, so a linker keeps it.
[[maybe_unused]] static const bool anomaly_reports_paths = (eg::detail::current_module_path = &Path::current, true);

namespace {

/// The class of m without its namespaces: "Generator".
std::string class_name(const Module& m) {
  int status = 0;
  char* text = abi::__cxa_demangle(typeid(m).name(), nullptr, nullptr, &status);
  std::string name = status == 0 ? text : typeid(m).name();
  std::free(text);
  const std::size_t colon = name.rfind("::");
  return colon == std::string::npos ? name : name.substr(colon + 2);
}

/// The name under which `parent` shows `child`, "" where it does not.
std::string name_in(Module& parent, const Module& child) {
  struct Find final : Visitor {
    const Module* wanted;
    std::string found;
    bool leaf = true;
    void module(std::string_view name, Module& m) override {
      leaf = false;
      if (&m == wanted) found = name;
    }
  } find;
  find.wanted = &child;
  parent.visit(find);
  return find.found;
}

bool has_children(Module& m) {
  struct Look final : Visitor {
    bool any = false;
    void module(std::string_view, Module&) override { any = true; }
  } look;
  m.visit(look);
  return look.any;
}

}  // namespace

std::string Module::describe() const { return class_name(*this); }

std::string Path::current() {
  if (!current_) return "";
  std::vector<Module*> chain;
  for (const Path* p = current_; p; p = p->outer_) chain.insert(chain.begin(), p->module_);
  Module& inner = *chain.back();
  if (chain.size() == 1 && inner.name_.empty()) return inner.describe();
  std::string path = chain[0]->name_.empty() ? class_name(*chain[0]) : chain[0]->name_;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const std::string name = name_in(*chain[i - 1], *chain[i]);
    path += '.';
    path += name.empty() ? class_name(*chain[i]) : name;
  }
  path += " (";
  path += inner.describe();
  path += ')';
  return path;
}

void Path::annotate(Error& e) {
  // In a layer without children the operation is the layer's own, and the path says it better.
  if (current_ && e.path().empty()) e.set_path(current(), !has_children(*current_->module_));
}

}  // namespace eg::nn
