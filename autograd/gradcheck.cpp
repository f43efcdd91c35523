#include <eigengrad/autograd/engine.h>
#include <eigengrad/autograd/gradcheck.h>
#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/core/kernels/copy.h>

#include <cmath>

#include <eigengrad/core/detail/format.h>

namespace eg {
namespace {

using Tensors = std::vector<Tensor>;

void check_inputs(const char* op, const Tensors& inputs) {
  bool any = false;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) continue;
    any = true;
    if (inputs[i].dtype() != DType::float64)
      fail<DTypeError>(op, "expected inputs of float64, since finite differences need its digits, got {} for input {}; "
                       "convert with to(float64)", inputs[i].dtype(), i);
  }
  if (!any) fail<GradError>(op, "expected an input that requires grad, got none; call set_requires_grad()");
}

std::string position(std::int64_t flat, const Shape& shape) {
  Shape at = shape;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    at[d] = flat % shape[d];
    flat /= shape[d];
  }
  return at.str();
}

// Outputs as one list of numbers; those of integers are left out.
std::vector<double> flat_values(const Tensors& outputs) {
  std::vector<double> all;
  for (const Tensor& y : outputs) {
    if (!is_floating(y.dtype())) continue;
    const std::vector<double> v = y.to_vector<double>();
    all.insert(all.end(), v.begin(), v.end());
  }
  return all;
}

// d outputs / d input k at `element`, as one column.
std::vector<double> column(const char* op, detail::TensorFunction f, const Tensors& inputs, std::size_t k,
                           std::int64_t element, double h) {
  NoGrad guard;
  Tensors moved = inputs;
  Array a = kernels::copy(inputs[k].array());
  moved[k] = Tensor(a);
  double& x = a.data<double>()[element];
  const double at = x;
  auto value = [&](double step) {
    x = at + step;
    return flat_values(f(moved));
  };
  const std::vector<double> p2 = value(2 * h), p1 = value(h), m1 = value(-h), m2 = value(-2 * h);
  if (p1.size() != m1.size() || p2.size() != p1.size() || m2.size() != p1.size())
    fail<GradcheckError>(op, "expected results of a fixed shape, got {} and {} elements", p1.size(), m1.size());
  std::vector<double> d(p1.size());
  for (std::size_t i = 0; i < d.size(); ++i) d[i] = (8 * (p1[i] - m1[i]) - (p2[i] - m2[i])) / (12 * h);
  return d;
}

// Rows of the Jacobian by backward: rows[r] holds d (element r of the outputs) / d input for each input in `wanted`.
struct Jacobian {
  std::vector<std::vector<std::vector<double>>> rows;
  std::vector<std::pair<std::size_t, std::int64_t>> of;  // output and element of each row
};

Jacobian by_backward(const char* op, const Tensors& outputs, const Tensors& wanted) {
  Jacobian j;
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const Tensor& y = outputs[o];
    if (!is_floating(y.dtype())) continue;
    for (std::int64_t e = 0; e < y.numel(); ++e) {
      Tensors g(wanted.size());
      if (y.requires_grad()) {
        Array unit = kernels::full(y.shape(), y.dtype(), 0);
        if (y.dtype() == DType::float64) unit.data<double>()[e] = 1;
        else unit.data<float>()[e] = 1;
        g = grad({y}, wanted, {.retain_graph = true, .allow_unused = true, .grad_outputs = {Tensor(std::move(unit))}});
      }
      std::vector<std::vector<double>> row;
      for (std::size_t i = 0; i < g.size(); ++i) {
        if (g[i].defined() && (g[i].shape() != wanted[i].shape() || g[i].dtype() != wanted[i].dtype()))
          fail<GradcheckError>(op, "expected a gradient of shape {} and type {}, got {} and {}", wanted[i].shape(),
                               wanted[i].dtype(), g[i].shape(), g[i].dtype());
        row.push_back(g[i].defined() ? g[i].to_vector<double>()
                                     : std::vector<double>(static_cast<std::size_t>(wanted[i].numel())));
      }
      j.rows.push_back(std::move(row));
      j.of.emplace_back(o, e);
    }
  }
  return j;
}

double compare(const char* op, detail::TensorFunction f, const Tensors& inputs, const GradcheckOptions& options) {
  check_inputs(op, inputs);
  Tensors wanted, outputs;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].requires_grad()) {
      wanted.push_back(inputs[i]);
      which.push_back(i);
    }
  {
    GradMode on(true);
    outputs = f(inputs);
  }
  const Jacobian j = by_backward(op, outputs, wanted);
  double worst = 0;
  for (std::size_t w = 0; w < wanted.size(); ++w)
    for (std::int64_t e = 0; e < wanted[w].numel(); ++e) {
      const std::vector<double> numeric = column(op, f, inputs, which[w], e, options.eps);
      if (numeric.size() != j.rows.size())
        fail<GradcheckError>(op, "expected the same result shape with and without recording, got {} and {} elements",
                             j.rows.size(), numeric.size());
      for (std::size_t r = 0; r < numeric.size(); ++r) {
        const double exact = j.rows[r][w][static_cast<std::size_t>(e)];
        const double error = std::abs(exact - numeric[r]);
        if (!(error <= options.atol + options.rtol * std::abs(numeric[r]))) {
          const auto [o, element] = j.of[r];
          fail<GradcheckError>(op, "expected the derivative of output {} at {} by input {} at {} to be {:.10g} (finite "
                               "difference), got {:.10g} from backward", o, position(element, outputs[o].shape()),
                               which[w], position(e, wanted[w].shape()), numeric[r], exact);
        }
        if (error > worst) worst = error;
      }
    }
  return worst;
}

// Fixed numbers in [-1, 1) without structure (Weyl sequence of the golden ratio).
Tensor fixed_numbers(const Shape& shape, std::size_t seed) {
  Array a(shape, DType::float64);
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double t = 0.6180339887498949 * static_cast<double>(i + 1) + 0.7548776662466927 * static_cast<double>(seed + 1);
    a.data<double>()[i] = 2 * (t - std::floor(t)) - 1;
  }
  return Tensor(std::move(a));
}

}  // namespace

double detail::gradcheck(TensorFunction f, const std::vector<Tensor>& inputs, const GradcheckOptions& o) {
  return compare("gradcheck", f, inputs, o);
}

double detail::gradgradcheck(TensorFunction f, const std::vector<Tensor>& inputs, const GradcheckOptions& o) {
  check_inputs("gradgradcheck", inputs);
  // The inputs, then one upstream gradient a differentiable output.
  Tensors all = inputs;
  std::vector<std::size_t> outputs;
  {
    GradMode on(true);
    const Tensors y = f(inputs);
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (!y[i].requires_grad()) continue;
      outputs.push_back(i);
      all.push_back(fixed_numbers(y[i].shape(), i).set_requires_grad());
    }
  }
  if (outputs.empty()) return 0;
  auto gradient = [&](const Tensors& in) {
    // Finite differences come here without recording: the first order needs it all the same.
    const bool record = grad_enabled();
    GradMode on(true);
    Tensors x(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(inputs.size())), wanted, seeds, differentiated;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!inputs[i].requires_grad()) continue;
      if (!x[i].requires_grad()) x[i] = x[i].detach().set_requires_grad();
      wanted.push_back(x[i]);
    }
    const Tensors y = f(x);
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      differentiated.push_back(y[outputs[k]]);
      seeds.push_back(in[inputs.size() + k]);
    }
    Tensors g = grad(differentiated, wanted, {.create_graph = record, .allow_unused = true, .grad_outputs = seeds});
    for (std::size_t i = 0; i < g.size(); ++i)
      if (!g[i].defined()) g[i] = Tensor(kernels::full(wanted[i].shape(), wanted[i].dtype(), 0));
    return g;
  };
  return compare("gradgradcheck", gradient, all, o);
}

}  // namespace eg
