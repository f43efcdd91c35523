#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/engine.h>
#include <eigengrad/autograd/functional.h>
#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/join.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>

#include <eigengrad/core/detail/format.h>

namespace eg {
namespace {

using Tensors = std::vector<Tensor>;

// Handles of their own: a derivative by the argument, not by what f may have captured of it. Connected to the caller's
// graph where the result is to be differentiated.
Tensors arguments(const char* op, const Tensors& inputs, bool connected) {
  if (inputs.empty()) fail<ValueError>(op, "expected at least one input, got none");
  Tensors x;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) fail<ValueError>(op, "expected tensors, input {} is undefined", i);
    if (!is_floating(inputs[i].dtype()))
      fail<DTypeError>(op, "expected floating-point inputs, got {} for input {}; let f capture it instead",
                       inputs[i].dtype(), i);
    x.push_back(connected && inputs[i].requires_grad() ? clone(inputs[i]) : inputs[i].detach().set_requires_grad());
  }
  return x;
}

Tensor call(const char* op, detail::ScalarFunction f, const Tensors& x) {
  Tensor y = f(x);
  if (!y.defined()) fail<ValueError>(op, "expected f to return a tensor, got an undefined one");
  if (!is_floating(y.dtype()))
    fail<DTypeError>(op, "expected f to return floating-point numbers, got {}", y.dtype());
  return y;
}

void check_scalar(const char* op, const Tensor& y) {
  if (y.numel() != 1)
    fail<ShapeError>(op, "expected f to return one element, got shape {}; sum() it, or use jacobian", y.shape());
}

void check_directions(const char* op, const Tensors& v, const Tensors& x) {
  if (v.size() != x.size()) fail<ValueError>(op, "expected one direction an input, got {} for {} inputs", v.size(), x.size());
  for (std::size_t i = 0; i < v.size(); ++i)
    if (!v[i].defined() || v[i].shape() != x[i].shape() || v[i].dtype() != x[i].dtype())
      fail<ShapeError>(op, "expected direction {} of shape {} and type {}, got {}", i, x[i].shape(), x[i].dtype(),
                       v[i].defined() ? v[i].shape().str() + " and " + name(v[i].dtype()) : std::string("none"));
}

Tensor like(const Tensor& x, double value) { return full(x.shape(), value, {.dtype = x.dtype()}); }

Tensors zeros_like(const Tensors& x) {
  Tensors z;
  for (const Tensor& t : x) z.push_back(like(t, 0));
  return z;
}

// u^T dy/dx with zeros where y does not depend on x.
Tensors pull(const Tensor& y, const Tensors& x, const Tensor& u, bool create_graph, bool retain) {
  if (!y.requires_grad()) return zeros_like(x);
  Tensors g = grad({y}, x, {.create_graph = create_graph, .retain_graph = retain || create_graph, .allow_unused = true,
                            .grad_outputs = {u}});
  for (std::size_t i = 0; i < g.size(); ++i)
    if (!g[i].defined()) g[i] = like(x[i], 0);
  return g;
}

Shape joined(const Shape& a, const Shape& b) {
  Shape s = a;
  for (std::int64_t n : b) s.push_back(n);
  return s;
}

// Rows of the Jacobian of y, each a walk back.
Tensors rows_of(const Tensor& y, const Tensors& x, bool create_graph) {
  std::vector<Tensors> rows(x.size());
  for (std::int64_t e = 0; e < y.numel(); ++e) {
    Tensor unit = zeros({y.numel()}, {.dtype = y.dtype()});
    if (y.dtype() == DType::float64) unit.mutable_data<double>()[static_cast<std::size_t>(e)] = 1;
    else unit.mutable_data<float>()[static_cast<std::size_t>(e)] = 1;
    Tensors g = pull(y, x, reshape(unit, y.shape()), create_graph, true);
    for (std::size_t i = 0; i < x.size(); ++i) rows[i].push_back(std::move(g[i]));
  }
  Tensors result;
  GradMode mode(create_graph);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Shape shape = joined(y.shape(), x[i].shape());
    result.push_back(rows[i].empty() ? zeros(shape, {.dtype = x[i].dtype()})
                                     : reshape(stack(std::span<const Tensor>(rows[i])), shape));
  }
  return result;
}

Tensor finish(const Tensor& t, bool create_graph) { return create_graph ? t : t.detach(); }

}  // namespace

std::vector<Tensor> detail::jacobian(ScalarFunction f, const Tensors& inputs, const FunctionalOptions& o) {
  GradMode on(true);
  const Tensors x = arguments("jacobian", inputs, o.create_graph);
  return rows_of(call("jacobian", f, x), x, o.create_graph);
}

std::vector<Tensors> detail::hessian(ScalarFunction f, const Tensors& inputs, const FunctionalOptions& o) {
  GradMode on(true);
  const Tensors x = arguments("hessian", inputs, o.create_graph);
  const Tensor y = call("hessian", f, x);
  check_scalar("hessian", y);
  const Tensors g = pull(y, x, like(y, 1), true, true);
  std::vector<Tensors> result;
  for (const Tensor& gi : g) result.push_back(rows_of(gi, x, o.create_graph));
  return result;
}

ValueAndGrads detail::vjp(ScalarFunction f, const Tensors& inputs, const Tensor& v, const FunctionalOptions& o) {
  GradMode on(true);
  const Tensors x = arguments("vjp", inputs, o.create_graph);
  const Tensor y = call("vjp", f, x);
  if (!v.defined()) check_scalar("vjp", y);
  const Tensor u = v.defined() ? v : like(y, 1);
  check_directions("vjp", {u}, {y});
  return {finish(y, o.create_graph), pull(y, x, u, o.create_graph, false)};
}

ValueAndGrad detail::jvp(ScalarFunction f, const Tensors& inputs, const Tensors& v, const FunctionalOptions& o) {
  GradMode on(true);
  const Tensors x = arguments("jvp", inputs, o.create_graph);
  check_directions("jvp", v, x);
  const Tensor y = call("jvp", f, x);
  const Tensor u = like(y, 0).set_requires_grad();
  const Tensors g = pull(y, x, u, true, true);
  Tensors outputs, directions;
  for (std::size_t i = 0; i < g.size(); ++i)
    if (g[i].requires_grad()) {
      outputs.push_back(g[i]);
      directions.push_back(v[i]);
    }
  Tensor along;
  if (!outputs.empty())
    along = grad(outputs, {u}, {.create_graph = o.create_graph, .allow_unused = true, .grad_outputs = directions})[0];
  return {finish(y, o.create_graph), along.defined() ? along : like(y, 0)};
}

ValueAndGrads detail::hvp(ScalarFunction f, const Tensors& inputs, const Tensors& v, const FunctionalOptions& o) {
  GradMode on(true);
  const Tensors x = arguments("hvp", inputs, o.create_graph);
  check_directions("hvp", v, x);
  const Tensor y = call("hvp", f, x);
  check_scalar("hvp", y);
  const Tensors g = pull(y, x, like(y, 1), true, true);
  // s = sum_i <g_i, v_i>; its gradient is H v.
  Tensor s;
  for (std::size_t i = 0; i < g.size(); ++i) {
    const Tensor t = sum(mul(g[i], v[i]));
    s = s.defined() ? add(s, t) : t;
  }
  return {finish(y, o.create_graph), pull(s, x, like(s, 1), o.create_graph, false)};
}

}  // namespace eg
