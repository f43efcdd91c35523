// Softmax and its relatives. Each operation: 1 its node (the mathematics of backward)  2 the public function.
#include <eigengrad/autograd/ops/softmax.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/math.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/extremes.h>
#include <eigengrad/core/kernels/reduce.h>
#include <eigengrad/core/kernels/softmax.h>

#include <eigengrad/core/detail/format.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

void check_floating(const char* op, const Tensor& x) {
  if (is_floating(x.dtype())) return;
  fail<DTypeError>(op, "expected floating-point numbers, got {} of type {}; convert with to(float32)", x.shape(), x.dtype());
}

// y = softmax(x)           dx = y (g - sum g y)
// y = log softmax(x)       dx = g - exp(y) sum g
struct Softmax final : Node {
  Saved y;
  int dim;
  bool logarithm;
  Softmax(const Array& out, int along, bool log) : y(Saved::output(out)), dim(along), logarithm(log) {}
  const char* name() const noexcept override { return logarithm ? "log_softmax" : "softmax"; }
  void release() noexcept override { y.reset(); }
  void backward(Tensor g, Grads grads) override {
    const Tensor out = y.get_output(*this);
    if (!grad_enabled()) grads[0] = Tensor(kernels::softmax_grad(g.array(), out.array(), dim, logarithm));
    else if (logarithm) grads[0] = sub(g, mul(exp(out), over(g)));
    else grads[0] = mul(out, sub(g, over(mul(g, out))));
  }
  Tensor over(const Tensor& t) const { return t.dim() ? sum(t, {dim}, true) : t; }
};

Tensor softmax_of(const char* op, const Tensor& x, std::int64_t dim, bool logarithm) {
  check_floating(op, x);
  const int d = wrap_dim(op, dim, x.dim());
  Array out = kernels::softmax(x.array(), d, logarithm);
  if (!should_record(x)) return Tensor(std::move(out));
  const Array y = out;
  return record<Softmax>(std::move(out), {&x}, y, d, logarithm);
}

// y = log sum exp(x)       dx = g exp(x - y)
struct LogSumExp final : Node {
  Saved x, y;
  Shape kept;
  LogSumExp(const Tensor& in, const Array& out, const Shape& k) : x(in), y(Saved::output(out)), kept(k) {}
  const char* name() const noexcept override { return "logsumexp"; }
  void release() noexcept override {
    x.reset();
    y.reset();
  }
  void backward(Tensor g, Grads grads) override {
    grads[0] = mul(exp(sub(x.get(*this), reshape(y.get_output(*this), kept))), reshape(g, kept));
  }
};

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t dim) { return softmax_of("softmax", x, dim, false); }
Tensor log_softmax(const Tensor& x, std::int64_t dim) { return softmax_of("log_softmax", x, dim, true); }

Tensor logsumexp(const Tensor& x, const Dims& dims, bool keepdim) {
  check_floating("logsumexp", x);
  const Dims over = wrap_dims("logsumexp", dims, x.dim());
  const Shape shape = kernels::reduced_shape(x.shape(), over, keepdim);
  Array out = kernels::logsumexp_rows(kernels::as_rows(x.array(), over)).view(shape, contiguous_strides(shape));
  if (!should_record(x)) return Tensor(std::move(out));
  const Array y = out;
  return record<LogSumExp>(std::move(out), {&x}, x, y, kernels::reduced_shape(x.shape(), over, true));
}

}  // namespace eg
