// Standard deviations, products, vector norms; declared in reduce.h. Each: 1 its node  2 the public function.
#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/extremes.h>
#include <eigengrad/autograd/ops/index.h>
#include <eigengrad/autograd/ops/join.h>
#include <eigengrad/autograd/ops/math.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/elementwise.h>
#include <eigengrad/core/kernels/extremes.h>
#include <eigengrad/core/kernels/reduce.h>

#include <cmath>

#include <eigengrad/core/detail/format.h>

namespace eg {
using detail::record;
using detail::should_record;
using kernels::Binary;
using kernels::Term;
using kernels::Unary;

namespace {

void check_floating(const char* op, const Tensor& x) {
  if (is_floating(x.dtype())) return;
  fail<DTypeError>(op, "expected floating-point numbers, got {} of type {}; convert with to(float32)", x.shape(), x.dtype());
}

// 1 where y is 0, else 0: added to a divisor, it makes 0 of 0 / 0.
Tensor zero_mask(const Tensor& y) { return Tensor(kernels::cast(kernels::binary(Binary::eq, y.array(), 0), y.dtype())); }

// y = sqrt(v)          dv = g / 2y, 0 where y = 0
struct Deviation final : Node {
  Saved y;
  explicit Deviation(const Array& out) : y(Saved::output(out)) {}
  const char* name() const noexcept override { return "std"; }
  void release() noexcept override { y.reset(); }
  void backward(Tensor g, Grads grads) override {
    const Tensor out = y.get_output(*this), zero = zero_mask(out);
    grads[0] = div(mul(mul(g, 0.5), sub(1, zero)), add(out, zero));
  }
};

// y = sqrt(sum x^2)    dx = g x / y, 0 where y = 0
struct Norm2 final : Node {
  Saved x, y;
  Shape kept;
  Norm2(const Tensor& in, const Array& out, const Shape& k) : x(in), y(Saved::output(out)), kept(k) {}
  const char* name() const noexcept override { return "norm"; }
  void release() noexcept override {
    x.reset();
    y.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor out = y.get_output(*this);
    grads[0] = mul(x.get(*this), reshape(div(g, add(out, zero_mask(out))), kept));
  }
};

// y = sum |x|          dx = g sign x
struct Norm1 final : Node {
  Saved x;
  Shape kept;
  Norm1(const Tensor& in, const Shape& k) : x(in), kept(k) {}
  const char* name() const noexcept override { return "norm"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override {
    grads[0] = mul(Tensor(kernels::unary(Unary::sign, x.get(*this).array())), reshape(g, kept));
  }
};

// y = (sum |x|^p)^(1/p)        dx = g sign(x) |x|^(p-1) / y^(p-1), 0 where x = 0
struct NormP final : Node {
  Saved x, y;
  Shape kept;
  double p;
  NormP(const Tensor& in, const Array& out, const Shape& k, double order) : x(in), y(Saved::output(out)), kept(k), p(order) {}
  const char* name() const noexcept override { return "norm"; }
  void release() noexcept override {
    x.reset();
    y.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Tensor& in = x.get(*this);
    const Tensor out = y.get_output(*this), sign(kernels::unary(Unary::sign, in.array()));
    const Tensor size = add(mul(in, sign), zero_mask(in));
    const Tensor scale = reshape(div(g, pow(add(out, zero_mask(out)), p - 1)), kept);
    grads[0] = mul(mul(pow(size, p - 1), sign), scale);
  }
};

// For rows x [n, m]: the product [n, 1], and the product of all elements but one [n, m], by halves of the rows. The
// recorded form of `others`.
struct Products {
  Tensor all, others;
};
Products products(const Tensor& x) {
  const std::int64_t m = x.size(1), half = m / 2;
  if (m <= 1) return {x, ones(x.shape(), {.dtype = x.dtype()})};
  const Products l = products(narrow(x, 1, 0, half)), r = products(narrow(x, 1, half, m - half));
  return {mul(l.all, r.all), cat({mul(l.others, r.all), mul(r.others, l.all)}, 1)};
}

// Products of all elements of a row but one, from the left and from the right: no division, so zeros are no case of
// their own.
Array others(const Array& rows) {
  const Array a = kernels::cast(rows, DType::float64);
  Array out(a.shape(), DType::float64);
  const std::int64_t n = a.size(1);
  for (std::int64_t i = 0; i < a.size(0); ++i) {
    const double* x = a.data<double>() + i * n;
    double* o = out.data<double>() + i * n;
    double left = 1, right = 1;
    for (std::int64_t k = 0; k < n; ++k) {
      o[k] = left;
      left *= x[k];
    }
    for (std::int64_t k = n - 1; k >= 0; --k) {
      o[k] *= right;
      right *= x[k];
    }
  }
  return kernels::cast(out, rows.dtype());
}

// y_n = prod_k x_nk of rows [n, m]     dx_nk = g_n prod_{i != k} x_ni
struct ProdRows final : Node {
  Saved x;
  explicit ProdRows(const Tensor& in) : x(in) {}
  const char* name() const noexcept override { return "prod"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override;
};

Array multiply_rows(const Array& rows) {
  Array out(Shape{rows.size(0)}, rows.dtype());
  const std::int64_t n = rows.size(1);
  const auto run = [&](auto* o, const auto* x, auto one) {
    for (std::int64_t i = 0; i < rows.size(0); ++i) {
      auto y = one;
      for (std::int64_t k = 0; k < n; ++k) y *= static_cast<decltype(one)>(x[i * n + k]);
      o[i] = static_cast<std::remove_reference_t<decltype(*o)>>(y);
    }
  };
  if (rows.dtype() == DType::float32) run(out.data<float>(), rows.data<float>(), 1.0);
  else if (rows.dtype() == DType::float64) run(out.data<double>(), rows.data<double>(), 1.0);
  else run(out.data<std::int64_t>(), rows.data<std::int64_t>(), std::int64_t{1});
  return out;
}

void ProdRows::backward(Tensor g, Grads grads) {
  const Tensor& in = x.get(*this);
  const Tensor but_one = grad_enabled() ? products(in).others : Tensor(others(kernels::contiguous(in.array())));
  grads[0] = mul(reshape(g, {g.numel(), 1}), but_one);
}

Tensor prod_rows(const Tensor& rows) {
  Array out = multiply_rows(kernels::contiguous(rows.array()));
  if (!should_record(rows)) return Tensor(std::move(out));
  return record<ProdRows>(std::move(out), {&rows}, rows);
}

}  // namespace

Tensor std(const Tensor& x, const Dims& dims, bool unbiased, bool keepdim) {
  check_floating("std", x);
  const Tensor v = var(x, dims, unbiased, keepdim);
  Array out = kernels::unary(Unary::sqrt, v.array());
  if (!should_record(v)) return Tensor(std::move(out));
  const Array y = out;
  return record<Deviation>(std::move(out), {&v}, y);
}

Tensor prod(const Tensor& x, const Dims& dims, bool keepdim) {
  const Dims over = wrap_dims("prod", dims, x.dim());
  const Tensor in = x.dtype() == DType::boolean ? x.to(DType::int64) : x;
  // Rows [results, elements of a result].
  Dims order;
  for (const bool last : {false, true})
    for (int i = 0; i < x.dim(); ++i) {
      bool reduced = false;
      for (std::int64_t d : over) reduced = reduced || d == i;
      if (reduced == last) order.push_back(i);
    }
  const Shape shape = kernels::reduced_shape(x.shape(), over, keepdim);
  const Tensor rows = reshape(permute(in, order), {shape.numel(), kernels::count_along(x.shape(), over)});
  return reshape(prod_rows(rows), shape);
}

Tensor norm(const Tensor& x, double p, const Dims& dims, bool keepdim) {
  check_floating("norm", x);
  const Dims over = wrap_dims("norm", dims, x.dim());
  if (std::isinf(p)) {
    if (kernels::count_along(x.shape(), over) == 0)
      fail<ShapeError>("norm", "expected at least one element for p = {}, got input {}", p > 0 ? "infinity" : "-infinity", x.shape());
    return p > 0 ? amax(abs(x), dims, keepdim) : amin(abs(x), dims, keepdim);
  }
  const Shape kept = kernels::reduced_shape(x.shape(), over, true);
  if (p == 2) {
    const Array squares = kernels::total(Term::square, x.array(), over, keepdim);
    Array out = kernels::unary(Unary::sqrt, squares);
    if (!should_record(x)) return Tensor(std::move(out));
    const Array y = out;
    return record<Norm2>(std::move(out), {&x}, x, y, kept);
  }
  if (p == 1) {
    Array out = kernels::total(Term::absolute, x.array(), over, keepdim);
    if (!should_record(x)) return Tensor(std::move(out));
    return record<Norm1>(std::move(out), {&x}, x, kept);
  }
  if (p == 0) return Tensor(kernels::sum(kernels::cast(kernels::binary(Binary::ne, x.array(), 0), x.dtype()), over, keepdim));
  const Array powers = kernels::binary(Binary::pow, kernels::unary(Unary::abs, x.array()), p);
  Array out = kernels::binary(Binary::pow, kernels::sum(powers, over, keepdim), 1 / p);
  if (!should_record(x)) return Tensor(std::move(out));
  const Array y = out;
  return record<NormP>(std::move(out), {&x}, x, y, kept, p);
}

Tensor Tensor::std(const Dims& dims, bool unbiased, bool keepdim) const { return eg::std(*this, dims, unbiased, keepdim); }
Tensor Tensor::norm(double p, const Dims& dims, bool keepdim) const { return eg::norm(*this, p, dims, keepdim); }

}  // namespace eg
