// Sums, means, variances. Each operation: 1 its node (the mathematics of backward)  2 the public function.
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/reduce.h>

#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/core/detail/format.h>

namespace eg {
using detail::record;
using detail::should_record;
using kernels::Term;

namespace {

void check_floating(const char* op, const Tensor& x) {
  if (is_floating(x.dtype())) return;
  fail<DTypeError>(op, "expected floating-point numbers, got {} of type {}; convert with to(float32)", x.shape(), x.dtype());
}

// y = sum_dims x       dx = g, repeated over dims
struct Sum final : Node {
  Shape x, kept;
  Sum(const Shape& in, const Shape& k) : x(in), kept(k) {}
  const char* name() const noexcept override { return "sum"; }
  void backward(Tensor g, Grads grads) override { grads[0] = expand(reshape(g, kept), x); }
};

// y = 1/n sum_dims x   dx = g / n, repeated over dims
struct Mean final : Node {
  Shape x, kept;
  double n;
  Mean(const Shape& in, const Shape& k, double count) : x(in), kept(k), n(count) {}
  const char* name() const noexcept override { return "mean"; }
  void backward(Tensor g, Grads grads) override { grads[0] = expand(reshape(div(g, n), kept), x); }
};

// y = sum_dims (x - mean)^2 / m       dx = 2/m g (x - mean)
struct Var final : Node {
  Saved x;
  Array mean;  // dims kept
  Dims dims;
  double m;
  Var(const Tensor& in, Array mu, const Dims& d, double divisor) : x(in), mean(std::move(mu)), dims(d), m(divisor) {}
  const char* name() const noexcept override { return "var"; }
  void release() noexcept override {
    x.reset();
    mean = Array();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor& in = x.get(*this);
    // Recorded, the mean depends on x.
    const Tensor mu = grad_enabled() ? eg::mean(in, dims, true) : Tensor(mean);
    const Tensor scale = reshape(mul(g, 2 / m), mean.shape()), d = sub(in, mu);
    // mu is rounded; taking off the mean of what is left keeps the digits where |mean| is far above the std.
    grads[0] = mul(sub(d, eg::mean(d, dims, true)), scale);
  }
};

}  // namespace

Tensor sum(const Tensor& x, const Dims& dims, bool keepdim) {
  const Dims over = wrap_dims("sum", dims, x.dim());
  Array out = kernels::sum(x.array(), over, keepdim);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Sum>(std::move(out), {&x}, x.shape(), kernels::reduced_shape(x.shape(), over, true));
}

Tensor mean(const Tensor& x, const Dims& dims, bool keepdim) {
  check_floating("mean", x);
  const Dims over = wrap_dims("mean", dims, x.dim());
  const double n = static_cast<double>(kernels::count_along(x.shape(), over));
  Array out = kernels::total(Term::value, x.array(), over, keepdim, n);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Mean>(std::move(out), {&x}, x.shape(), kernels::reduced_shape(x.shape(), over, true), n);
}

Tensor var(const Tensor& x, const Dims& dims, bool unbiased, bool keepdim) {
  check_floating("var", x);
  const Dims over = wrap_dims("var", dims, x.dim());
  const std::int64_t n = kernels::count_along(x.shape(), over);
  const double divisor = static_cast<double>(n > 0 ? n - unbiased : 0);
  kernels::MeanVar r = kernels::mean_var(x.array(), over, keepdim, divisor);
  if (!should_record(x)) return Tensor(std::move(r.var));
  return record<Var>(std::move(r.var), {&x}, x, std::move(r.mean), over, divisor);
}

Tensor detail::sum_to(Tensor g, const Shape& shape, DType dtype) {
  if (!(g.shape() == shape)) {
    Dims dims;
    const int shift = g.dim() - shape.rank();
    for (int i = 0; i < g.dim(); ++i)
      if (i < shift || (shape[i - shift] == 1 && g.shape()[i] != 1)) dims.push_back(i);
    if (!dims.empty()) g = sum(g, dims, true);
    if (!(g.shape() == shape)) g = reshape(g, shape);
  }
  return g.dtype() == dtype ? std::move(g) : g.to(dtype);
}

Tensor Tensor::sum() const { return eg::sum(*this); }
Tensor Tensor::sum(const Dims& dims, bool keepdim) const { return eg::sum(*this, dims, keepdim); }
Tensor Tensor::mean() const { return eg::mean(*this); }
Tensor Tensor::mean(const Dims& dims, bool keepdim) const { return eg::mean(*this, dims, keepdim); }
Tensor Tensor::var(const Dims& dims, bool unbiased, bool keepdim) const { return eg::var(*this, dims, unbiased, keepdim); }

}  // namespace eg
