#include <eigengrad/autograd/creation.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/element_type.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <eigengrad/core/detail/format.h>

namespace eg {
namespace {

Tensor made(Array a, const TensorOptions& o) {
  Tensor t(std::move(a));
  if (o.requires_grad) t.set_requires_grad();
  return t;
}

}  // namespace

Tensor empty(const Shape& shape, const TensorOptions& o) { return made(Array(shape, o.dtype), o); }
Tensor full(const Shape& shape, Scalar v, const TensorOptions& o) { return made(kernels::full(shape, o.dtype, v), o); }
Tensor zeros(const Shape& shape, const TensorOptions& o) { return full(shape, 0, o); }
Tensor ones(const Shape& shape, const TensorOptions& o) { return full(shape, 1, o); }

Tensor empty_like(const Tensor& x) { return empty(x.shape(), {.dtype = x.dtype()}); }
Tensor empty_like(const Tensor& x, const TensorOptions& o) { return empty(x.shape(), o); }
Tensor full_like(const Tensor& x, Scalar v) { return full(x.shape(), v, {.dtype = x.dtype()}); }
Tensor full_like(const Tensor& x, Scalar v, const TensorOptions& o) { return full(x.shape(), v, o); }
Tensor zeros_like(const Tensor& x) { return full_like(x, 0); }
Tensor zeros_like(const Tensor& x, const TensorOptions& o) { return full_like(x, 0, o); }
Tensor ones_like(const Tensor& x) { return full_like(x, 1); }
Tensor ones_like(const Tensor& x, const TensorOptions& o) { return full_like(x, 1, o); }

// --- ranges --------------------------------------------------------------------------------------------------------------

Tensor arange(Scalar end) { return arange(0, end, 1); }
Tensor arange(Scalar end, const TensorOptions& o) { return arange(0, end, 1, o); }
Tensor arange(Scalar start, Scalar end, Scalar step) {
  const bool whole = start.integral() && end.integral() && step.integral();
  return arange(start, end, step, {.dtype = whole ? DType::int64 : DType::float32});
}

Tensor arange(Scalar start, Scalar end, Scalar step, const TensorOptions& o) {
  const double a = start.to<double>(), b = end.to<double>(), d = step.to<double>();
  if (d == 0 || !(std::isfinite(a) && std::isfinite(b) && std::isfinite(d)) || (b - a) / d < 0)
    fail<ValueError>("arange", "expected a step other than 0 that leads from start to end, got start {}, end {}, step {}", a, b, d);
  const double count = std::ceil((b - a) / d);
  if (count > 0x1p48) fail<ValueError>("arange", "expected at most 2^48 numbers, got {} from {} in steps of {}", count, a, d);
  Array out({static_cast<std::int64_t>(count)}, o.dtype);
  kernels::for_type(o.dtype, [&]<class T>(T*) {
    T* p = out.data<T>();
    if (std::is_same_v<T, std::int64_t> && start.integral() && step.integral()) {
      const std::int64_t first = start.to<std::int64_t>(), stride = step.to<std::int64_t>();
      for (std::int64_t i = 0; i < out.numel(); ++i) p[i] = static_cast<T>(first + i * stride);
    } else {
      for (std::int64_t i = 0; i < out.numel(); ++i) p[i] = static_cast<T>(a + static_cast<double>(i) * d);
    }
  });
  return made(std::move(out), o);
}

Tensor linspace(double start, double end, std::int64_t steps, const TensorOptions& o) {
  if (steps < 0) fail<ValueError>("linspace", "expected a number of steps >= 0, got {}", steps);
  Array out({steps}, o.dtype);
  const double d = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  kernels::for_type(o.dtype, [&]<class T>(T*) {  // from both ends, so that both are met exactly
    for (std::int64_t i = 0; i < steps; ++i)
      out.data<T>()[i] = static_cast<T>(i < (steps + 1) / 2 ? start + d * static_cast<double>(i) : end - d * static_cast<double>(steps - 1 - i));
  });
  return made(std::move(out), o);
}

Tensor eye(std::int64_t n, std::int64_t m, const TensorOptions& o) {
  const std::int64_t columns = m < 0 ? n : m;
  Array out = kernels::full({n, columns}, o.dtype, 0);
  kernels::for_type(o.dtype, [&]<class T>(T*) {
    for (std::int64_t i = 0; i < std::min(n, columns); ++i) out.data<T>()[i * (columns + 1)] = T(1);
  });
  return made(std::move(out), o);
}

// --- values --------------------------------------------------------------------------------------------------------------

namespace {

DType type_of(const Literal& v) {
  if (!v.is_list()) return v.type();
  DType t = DType::boolean;
  for (const Literal& item : v.items()) t = promote(t, type_of(item));
  return v.items().size() ? t : DType::float32;
}

template <class T> T* write(const Literal& v, const Shape& shape, int depth, T* out) {
  if (!v.is_list()) {
    if (depth != shape.rank())
      fail<ShapeError>("tensor", "expected lists of equal depth in shape {}, got a number at depth {}", shape, depth);
    *out = v.value().to<T>();
    return out + 1;
  }
  if (depth == shape.rank())
    fail<ShapeError>("tensor", "expected lists of equal depth in shape {}, got a list at depth {}", shape, depth);
  const std::int64_t length = static_cast<std::int64_t>(v.items().size());
  if (length != shape[depth])
    fail<ShapeError>("tensor", "expected lists of {} at depth {} as the first one is, got one of {}", shape[depth], depth, length);
  for (const Literal& item : v.items()) out = write(item, shape, depth + 1, out);
  return out;
}

}  // namespace

Tensor tensor(const Literal& values) { return tensor(values, {.dtype = type_of(values)}); }
Tensor tensor(const Literal& values, const TensorOptions& o) {
  Shape shape;
  for (const Literal* v = &values; v->is_list(); v = v->items().data()) {
    shape.push_back(static_cast<std::int64_t>(v->items().size()));
    if (v->items().size() == 0) break;
  }
  Array out(shape, o.dtype);
  kernels::for_type(o.dtype, [&]<class T>(T*) { write(values, shape, 0, out.data<T>()); });
  return made(std::move(out), o);
}

template <class T> Tensor tensor(std::span<const T> values, const TensorOptions& o) {
  Array a({static_cast<std::int64_t>(values.size())}, dtype_of<T>);
  if (!values.empty()) std::memcpy(a.raw(), values.data(), values.size_bytes());
  return made(o.dtype == dtype_of<T> ? std::move(a) : kernels::cast(a, o.dtype), o);
}
template Tensor tensor(std::span<const float>, const TensorOptions&);
template Tensor tensor(std::span<const double>, const TensorOptions&);
template Tensor tensor(std::span<const std::int64_t>, const TensorOptions&);

}  // namespace eg
