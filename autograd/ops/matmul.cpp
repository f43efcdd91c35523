#include <eigengrad/autograd/ops/matmul.h>
#include <eigengrad/autograd/detail/sum_to.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/product.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

Tensor product(const Tensor& a, bool ta, const Tensor& b, bool tb);

// y = op(a) op(b)      da = g op(b)^T        or, where a is transposed, op(b) g^T
//                      db = op(a)^T g        or, where b is transposed, g^T op(a)
// Each is a product again, so every order is exact. Broadcast batches are summed.
struct Product final : Node {
  Saved a, b;
  bool ta, tb;
  Shape sa, sb;
  Product(const Tensor& x, bool tx, const Tensor& y, bool ty) : ta(tx), tb(ty), sa(x.shape()), sb(y.shape()) {
    if (y.requires_grad()) a = x;
    if (x.requires_grad()) b = y;
  }
  const char* name() const noexcept override { return "matmul"; }
  void release() noexcept override {
    a.reset();
    b.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const DType t = g.dtype();
    if (needs(0)) {
      const Tensor& y = b.get(*this);
      grads[0] = detail::sum_to(ta ? product(y, tb, g, true) : product(g, false, y, !tb), sa, t);
    }
    if (needs(1)) {
      const Tensor& x = a.get(*this);
      grads[1] = detail::sum_to(tb ? product(g, true, x, ta) : product(x, !ta, g, false), sb, t);
    }
  }
};

Tensor product(const Tensor& a, bool ta, const Tensor& b, bool tb) {
  Array out = kernels::matmul("matmul", a.array(), ta, b.array(), tb);
  if (!should_record(a, b)) return Tensor(std::move(out));
  return record<Product>(std::move(out), {&a, &b}, a, ta, b, tb);
}

// y = x w^T + b        dx = g w        dw = g^T x        db = sum_m g
struct Linear final : Node {
  Saved x, w;
  Linear(const Tensor& in, const Tensor& weight) {
    if (weight.requires_grad()) x = in;
    if (in.requires_grad()) w = weight;
  }
  const char* name() const noexcept override { return "linear"; }
  void release() noexcept override {
    x.reset();
    w.reset();
  }
  void backward(Tensor g, Grads grads) override {
    if (needs(0)) grads[0] = product(g, false, w.get(*this), false);
    if (needs(1)) grads[1] = product(g, true, x.get(*this), false);
    if (needs(2)) grads[2] = sum(g, {0});
  }
};

void check_float(const char* op, const Tensor& a, const Tensor& b) {
  if (!is_floating(a.dtype()) || a.dtype() != b.dtype())
    fail<DTypeError>(op, "expected two tensors of one floating-point type, got {} and {}; convert with to()", a.dtype(), b.dtype());
}

/// The product of all sizes but the last.
std::int64_t leading(const Shape& s) {
  std::int64_t n = 1;
  for (int i = 0; i + 1 < s.rank(); ++i) n *= s[i];
  return n;
}

/// Rows that gemm can take as they lie, or a copy.
Array as_rows(const Array& a) {
  return a.stride(1) == 1 && a.stride(0) >= a.size(1) ? a : kernels::copy(a);
}

Tensor inserted(const Tensor& x, int at) {
  Shape s = x.shape();
  s.insert(at, 1);
  return reshape(x, s);
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_float("matmul", a, b);
  if (a.dim() > 2 && b.dim() == 2 && a.is_contiguous()) {
    // One product for the whole batch.
    Shape s = a.shape();
    const std::int64_t k = s.back();
    if (k == b.size(0)) {
      const Tensor y = product(reshape(a, {leading(s), k}), false, b, false);
      s[s.rank() - 1] = b.size(1);
      return reshape(y, s);
    }
  }
  if (a.dim() >= 2 && b.dim() >= 2) return product(a, false, b, false);
  if (a.dim() == 0 || b.dim() == 0)
    fail<ShapeError>("matmul", "expected tensors with at least one dimension, got {} and {}; use * for scalars", a.shape(), b.shape());
  const Tensor y = product(a.dim() == 1 ? inserted(a, 0) : a, false, b.dim() == 1 ? inserted(b, 1) : b, false);
  Shape s = y.shape();
  if (b.dim() == 1) s.erase(s.rank() - 1);
  if (a.dim() == 1) s.erase(s.rank() - (b.dim() == 1 ? 1 : 2));
  return reshape(y, s);
}

Tensor bmm(const Tensor& a, const Tensor& b) {
  if (a.dim() != 3 || b.dim() != 3 || a.size(0) != b.size(0))
    fail<ShapeError>("bmm", "expected [B, m, k] and [B, k, n], got {} and {}", a.shape(), b.shape());
  check_float("bmm", a, b);
  return product(a, false, b, false);
}

Tensor dot(const Tensor& a, const Tensor& b) {
  if (a.dim() != 1 || !(a.shape() == b.shape()))
    fail<ShapeError>("dot", "expected two vectors of one size, got {} and {}", a.shape(), b.shape());
  return sum(mul(a, b));
}

Tensor outer(const Tensor& a, const Tensor& b) {
  if (a.dim() != 1 || b.dim() != 1) fail<ShapeError>("outer", "expected two vectors, got {} and {}", a.shape(), b.shape());
  return mul(inserted(a, 1), inserted(b, 0));
}

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias) {
  if (w.dim() != 2 || x.dim() < 1 || x.shape().back() != w.size(1))
    fail<ShapeError>("linear", "expected x [..., in] and weight [out, in], got {} and {}", x.shape(), w.shape());
  if (bias.defined() && !(bias.shape() == Shape{w.size(0)}))
    fail<ShapeError>("linear", "expected a bias of shape [{}], got {}", w.size(0), bias.shape());
  check_float("linear", x, w);
  if (bias.defined()) check_float("linear", x, bias);
  const Tensor rows = x.dim() == 2 ? x : reshape(x, {leading(x.shape()), w.size(1)});
  Array out = kernels::linear(as_rows(rows.array()), as_rows(w.array()),
                              bias.defined() ? kernels::contiguous(bias.array()) : Array());
  Tensor y = should_record(rows, w, bias) ? record<Linear>(std::move(out), {&rows, &w, &bias}, rows, w) : Tensor(std::move(out));
  if (x.dim() == 2) return y;
  Shape s = x.shape();
  s[s.rank() - 1] = w.size(0);
  return reshape(y, s);
}

Tensor Tensor::matmul(const Tensor& o) const { return eg::matmul(*this, o); }
Tensor Tensor::dot(const Tensor& o) const { return eg::dot(*this, o); }

}  // namespace eg
