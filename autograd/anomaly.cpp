#include <eigengrad/autograd/anomaly.h>
#include <eigengrad/core/kernels/copy.h>

#include <cmath>

#include <eigengrad/autograd/detail/inspect.h>
#include <eigengrad/autograd/detail/node_extra.h>
#include <eigengrad/core/detail/format.h>

namespace eg::detail {
namespace {

constinit thread_local const Node* in_backward = nullptr;

template <class T> std::int64_t first_bad(const Array& a, bool infinity) {
  const T* x = a.data<T>();
  for (std::int64_t i = 0; i < a.numel(); ++i)
    if (infinity ? !std::isfinite(x[i]) : std::isnan(x[i])) return i;
  return -1;
}

struct Bad {
  std::string value, position;  // "" where all is well
};

Bad look(const Array& given) {
  if (!is_floating(given.dtype()) || given.numel() == 0) return {};
  const Array a = kernels::contiguous(given);
  const bool wide = a.dtype() == DType::float64;
  std::int64_t i = wide ? first_bad<double>(a, anomaly.infinity) : first_bad<float>(a, anomaly.infinity);
  if (i < 0) return {};
  const double x = wide ? a.data<double>()[i] : a.data<float>()[i];
  Shape at = a.shape();
  for (int d = at.rank() - 1; d >= 0; --d) {
    const std::int64_t n = a.shape()[d];
    at[d] = i % n;
    i /= n;
  }
  return {std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf", at.str()};
}

// Only inputs on the tape are known to a node.
std::string input_shapes(const Node& n) {
  std::string text;
  for (int i = 0; i < n.num_inputs(); ++i)
    if (n.input(i)) text += (text.empty() ? "" : ", ") + n.input(i)->shape().str();
  return text;
}

const char* wanted() { return anomaly.infinity ? "finite numbers" : "no NaN"; }

}  // namespace

Inspecting::Inspecting(const Node* n) noexcept : before_(in_backward) { in_backward = n; }
Inspecting::~Inspecting() { in_backward = before_; }

void inspect_result(Node& n, const Array& out) {
  if (in_backward) {
    if (const NodeExtra* e = in_backward->find_extra(); e && !n.find_extra()) n.extra().path = e->path;
    return;
  }
  if (n.find_extra()) return;  // its own output, handed out once more
  n.extra().path = current_module_path ? current_module_path() : std::string();
  const Bad bad = look(out);
  if (bad.value.empty()) return;
  // A module that the error passes through puts its path in front.
  fail<AnomalyError>(n.name(), "expected {} from the forward pass of {}, got {} at {} of its result of shape {}, from inputs "
                     "of shapes {}; look at the values of its inputs", wanted(), n.name(), bad.value, bad.position,
                     n.shape(), input_shapes(n));
}

void inspect_gradient(const Node& n, int i, const Array& g) {
  const Bad bad = look(g);
  if (bad.value.empty()) return;
  AnomalyError error(n.name(), fmt::format("expected {} from the backward pass of {}, got {} at {} of the gradient of input "
                     "{} of shape {} (its result has shape {}); look at the values of its inputs, as the square root of 0",
                     wanted(), n.name(), bad.value, bad.position, i, g.shape(), n.shape()));
  if (const NodeExtra* e = n.find_extra(); e && !e->path.empty()) error.set_path(e->path, false);
  throw error;
}

void inspect_upstream(const char* op, const Array& g) {
  const Bad bad = look(g);
  if (!bad.value.empty())
    fail<AnomalyError>(op, "expected {} in the gradient that backward starts from, got {} at {} of shape {}", wanted(),
                       bad.value, bad.position, g.shape());
}

}  // namespace eg::detail
