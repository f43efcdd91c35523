// Arithmetic. Each operation: 1 its node (the mathematics of backward)  2 the public function.
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/kernels/elementwise.h>

#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/autograd/detail/unary.h>

namespace eg {
using detail::record;
using detail::reusable;
using detail::should_record;
using detail::sum_to;
using kernels::Binary;
using kernels::Unary;

namespace {

// y = a + b            da = g            db = g            (each summed over its broadcast dimensions)
struct Add final : Node {
  Shape a, b;
  DType ta, tb;
  Add(const Tensor& x, const Tensor& y) : a(x.shape()), b(y.shape()), ta(x.dtype()), tb(y.dtype()) {}
  const char* name() const noexcept override { return "add"; }
  void backward(Tensor g, Grads grads) override {
    if (needs(1)) grads[1] = sum_to(g, b, tb);
    if (needs(0)) grads[0] = sum_to(std::move(g), a, ta);
  }
};

// y = a - b            da = g            db = -g
struct Sub final : Node {
  Shape a, b;
  DType ta, tb;
  Sub(const Tensor& x, const Tensor& y) : a(x.shape()), b(y.shape()), ta(x.dtype()), tb(y.dtype()) {}
  const char* name() const noexcept override { return "sub"; }
  void backward(Tensor g, Grads grads) override {
    if (needs(1)) grads[1] = sum_to(neg(g), b, tb);
    if (needs(0)) grads[0] = sum_to(std::move(g), a, ta);
  }
};

// y = a b              da = g b          db = g a
struct Mul final : Node {
  Saved a, b;
  Shape sa, sb;
  DType ta, tb;
  Mul(const Tensor& x, const Tensor& y) : sa(x.shape()), sb(y.shape()), ta(x.dtype()), tb(y.dtype()) {
    if (y.requires_grad()) a = x;
    if (x.requires_grad()) b = y;
  }
  const char* name() const noexcept override { return "mul"; }
  void release() noexcept override {
    a.reset();
    b.reset();
  }
  void backward(Tensor g, Grads grads) override {
    if (needs(1)) grads[1] = sum_to(mul(g, a.get(*this)), sb, tb);
    if (needs(0)) grads[0] = sum_to(mul(std::move(g), b.get(*this)), sa, ta);
  }
};

// y = a / b            da = g / b        db = -g a / b^2
struct Div final : Node {
  Saved a, b;
  Shape sa, sb;
  DType ta, tb;
  Div(const Tensor& x, const Tensor& y) : sa(x.shape()), sb(y.shape()), ta(x.dtype()), tb(y.dtype()) {
    if (y.requires_grad()) a = x;
    b = y;
  }
  const char* name() const noexcept override { return "div"; }
  void release() noexcept override {
    a.reset();
    b.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor& d = b.get(*this);
    if (needs(1)) grads[1] = sum_to(neg(div(mul(g, a.get(*this)), mul(d, d))), sb, tb);
    if (needs(0)) grads[0] = sum_to(div(g, d), sa, ta);
  }
};

// y = s x + c          dx = s g
struct Affine final : Node {
  Scalar s;
  explicit Affine(Scalar scale) : s(scale) {}
  const char* name() const noexcept override { return "scalar arithmetic"; }
  void backward(Tensor g, Grads grads) override { grads[0] = mul(std::move(g), s); }
};

// y = c / x            dx = -g c / x^2
struct DivScalar final : Node {
  Saved x;
  Scalar c;
  DivScalar(const Tensor& in, Scalar numerator) : x(in), c(numerator) {}
  const char* name() const noexcept override { return "div"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override {
    const Tensor& d = x.get(*this);
    grads[0] = neg(mul(div(g, mul(d, d)), c));
  }
};

// y = -x               dx = -g
struct Neg final : Node {
  const char* name() const noexcept override { return "neg"; }
  void backward(Tensor g, Grads grads) override { grads[0] = neg(g); }
};

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  Array out = kernels::binary(Binary::add, a.array(), b.array());
  if (!should_record(a, b)) return Tensor(std::move(out));
  return record<Add>(std::move(out), {&a, &b}, a, b);
}

Tensor add(Tensor&& a, const Tensor& b) {
  if (should_record(a, b)) return add(static_cast<const Tensor&>(a), b);
  return Tensor(kernels::binary(Binary::add, a.array(), b.array(), 0, reusable(a)));
}

Tensor add(const Tensor& a, Scalar b) {
  Array out = kernels::binary(Binary::add, a.array(), b);
  if (!should_record(a)) return Tensor(std::move(out));
  return record<Affine>(std::move(out), {&a}, 1);
}

Tensor sub(const Tensor& a, const Tensor& b) {
  Array out = kernels::binary(Binary::sub, a.array(), b.array());
  if (!should_record(a, b)) return Tensor(std::move(out));
  return record<Sub>(std::move(out), {&a, &b}, a, b);
}

Tensor sub(const Tensor& a, Scalar b) {
  Array out = kernels::binary(Binary::sub, a.array(), b);
  if (!should_record(a)) return Tensor(std::move(out));
  return record<Affine>(std::move(out), {&a}, 1);
}

Tensor sub(Scalar a, const Tensor& b) {
  Array out = kernels::binary(Binary::sub, a, b.array());
  if (!should_record(b)) return Tensor(std::move(out));
  return record<Affine>(std::move(out), {&b}, -1);
}

Tensor mul(const Tensor& a, const Tensor& b) {
  Array out = kernels::binary(Binary::mul, a.array(), b.array());
  if (!should_record(a, b)) return Tensor(std::move(out));
  return record<Mul>(std::move(out), {&a, &b}, a, b);
}

Tensor mul(Tensor&& a, const Tensor& b) {
  if (should_record(a, b)) return mul(static_cast<const Tensor&>(a), b);
  return Tensor(kernels::binary(Binary::mul, a.array(), b.array(), 0, reusable(a)));
}

Tensor mul(const Tensor& a, Scalar b) {
  Array out = kernels::binary(Binary::mul, a.array(), b);
  if (!should_record(a)) return Tensor(std::move(out));
  return record<Affine>(std::move(out), {&a}, b);
}

Tensor mul(Tensor&& a, Scalar b) {
  if (should_record(a)) return mul(static_cast<const Tensor&>(a), b);
  return Tensor(kernels::binary(Binary::mul, a.array(), b, reusable(a)));
}

Tensor div(const Tensor& a, const Tensor& b) {
  Array out = kernels::binary(Binary::div, a.array(), b.array());
  if (!should_record(a, b)) return Tensor(std::move(out));
  return record<Div>(std::move(out), {&a, &b}, a, b);
}

Tensor div(Tensor&& a, const Tensor& b) {
  if (should_record(a, b)) return div(static_cast<const Tensor&>(a), b);
  return Tensor(kernels::binary(Binary::div, a.array(), b.array(), 0, reusable(a)));
}

Tensor div(const Tensor& a, Scalar b) {
  Array out = kernels::binary(Binary::div, a.array(), b);
  if (!should_record(a)) return Tensor(std::move(out));
  return record<Affine>(std::move(out), {&a}, 1 / b.to<double>());
}

Tensor div(Scalar a, const Tensor& b) {
  Array out = kernels::binary(Binary::div, a, b.array());
  if (!should_record(b)) return Tensor(std::move(out));
  return record<DivScalar>(std::move(out), {&b}, b, a);
}

Tensor neg(const Tensor& x) {
  Array out = kernels::unary(Unary::neg, x.array());
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Neg>(std::move(out), {&x});
}

Tensor neg(Tensor&& x) {
  if (should_record(x)) return neg(static_cast<const Tensor&>(x));
  return Tensor(kernels::unary(Unary::neg, x.array(), 0, 0, reusable(x)));
}

}  // namespace eg
