#include <eigengrad/autograd/random.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/elementwise.h>
#include <eigengrad/core/kernels/random.h>

#include <eigengrad/autograd/detail/in_place.h>
#include <eigengrad/core/detail/format.h>

namespace eg {
namespace {

Tensor made(Array a, const TensorOptions& o) {
  Tensor t(std::move(a));
  if (o.requires_grad) t.set_requires_grad();
  return t;
}

void check_real(const char* op, DType t) {
  if (!is_floating(t)) fail<DTypeError>(op, "expected a floating-point type for real numbers, got {}; use randint or bernoulli", t);
}

// Row-major arrays of numbers in [low, high), and of normal numbers.
Array uniform(const char* op, const Shape& shape, DType t, double low, double high, Generator& g) {
  check_real(op, t);
  Array a(shape, t);
  if (t == DType::float32) kernels::fill_uniform(a.data<float>(), a.numel(), static_cast<float>(low), static_cast<float>(high), g);
  else kernels::fill_uniform(a.data<double>(), a.numel(), low, high, g);
  return a;
}
Array normal(const char* op, const Shape& shape, DType t, double mean, double std, Generator& g) {
  check_real(op, t);
  Array a(shape, t);
  if (t == DType::float32) kernels::fill_normal(a.data<float>(), a.numel(), static_cast<float>(mean), static_cast<float>(std), g);
  else kernels::fill_normal(a.data<double>(), a.numel(), mean, std, g);
  return a;
}
Array as(Array a, DType t) { return a.dtype() == t ? std::move(a) : kernels::cast(a, t); }

}  // namespace

Tensor rand(const Shape& shape, const TensorOptions& o) { return rand(shape, default_generator(), o); }
Tensor rand(const Shape& shape, Generator& g, const TensorOptions& o) { return made(uniform("rand", shape, o.dtype, 0, 1, g), o); }
Tensor randn(const Shape& shape, const TensorOptions& o) { return randn(shape, default_generator(), o); }
Tensor randn(const Shape& shape, Generator& g, const TensorOptions& o) { return made(normal("randn", shape, o.dtype, 0, 1, g), o); }

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, const TensorOptions& o) {
  return randint(low, high, shape, default_generator(), o);
}
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& g, const TensorOptions& o) {
  Array a(shape, DType::int64);
  kernels::fill_integers(a.data<std::int64_t>(), a.numel(), low, high, g);
  return made(as(std::move(a), o.dtype), o);
}

Tensor randperm(std::int64_t n, const TensorOptions& o) { return randperm(n, default_generator(), o); }
Tensor randperm(std::int64_t n, Generator& g, const TensorOptions& o) {
  Array a({n}, DType::int64);
  kernels::fill_permutation(a.data<std::int64_t>(), n, g);
  return made(as(std::move(a), o.dtype), o);
}

Tensor bernoulli(const Shape& shape, double p, const TensorOptions& o) { return bernoulli(shape, p, default_generator(), o); }
Tensor bernoulli(const Shape& shape, double p, Generator& g, const TensorOptions& o) {
  Array a(shape, o.dtype);
  switch (o.dtype) {
    case DType::boolean: kernels::fill_bernoulli(a.data<bool>(), a.numel(), p, true, g); break;
    case DType::int64: kernels::fill_bernoulli(a.data<std::int64_t>(), a.numel(), p, std::int64_t{1}, g); break;
    case DType::float32: kernels::fill_bernoulli(a.data<float>(), a.numel(), p, 1.f, g); break;
    case DType::float64: kernels::fill_bernoulli(a.data<double>(), a.numel(), p, 1., g); break;
  }
  return made(std::move(a), o);
}
Tensor bernoulli(const Tensor& p) { return bernoulli(p, default_generator()); }
Tensor bernoulli(const Tensor& p, Generator& g) {
  check_real("bernoulli", p.dtype());
  const Array probability = kernels::contiguous(p.array());
  const auto draw = [&]<class T>(T*) {
    const T* q = probability.data<T>();
    for (std::int64_t i = 0; i < probability.numel(); ++i)
      if (!(q[i] >= 0 && q[i] <= 1))
        fail<ValueError>("bernoulli", "expected probabilities in [0, 1], got {}", static_cast<double>(q[i]));
  };
  p.dtype() == DType::float32 ? draw(static_cast<float*>(nullptr)) : draw(static_cast<double*>(nullptr));
  const Array u = uniform("bernoulli", p.shape(), p.dtype(), 0, 1, g);
  return Tensor(kernels::cast(kernels::binary(kernels::Binary::lt, u, probability), p.dtype()));
}

Tensor rand_like(const Tensor& x) { return rand(x.shape(), {.dtype = x.dtype()}); }
Tensor rand_like(const Tensor& x, Generator& g) { return rand(x.shape(), g, {.dtype = x.dtype()}); }
Tensor randn_like(const Tensor& x) { return randn(x.shape(), {.dtype = x.dtype()}); }
Tensor randn_like(const Tensor& x, Generator& g) { return randn(x.shape(), g, {.dtype = x.dtype()}); }

Tensor& Tensor::uniform_(double low, double high) { return uniform_(low, high, default_generator()); }
Tensor& Tensor::uniform_(double low, double high, Generator& g) {
  Array& a = detail::writable("uniform_", *this);
  kernels::copy_into(a, uniform("uniform_", a.shape(), a.dtype(), low, high, g));
  return *this;
}
Tensor& Tensor::normal_(double mean, double std) { return normal_(mean, std, default_generator()); }
Tensor& Tensor::normal_(double mean, double std, Generator& g) {
  Array& a = detail::writable("normal_", *this);
  kernels::copy_into(a, normal("normal_", a.shape(), a.dtype(), mean, std, g));
  return *this;
}

}  // namespace eg
