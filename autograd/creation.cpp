#include <eigengrad/autograd/creation.h>
#include <eigengrad/core/kernels/copy.h>

#include <cstring>

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

template <class T> Tensor tensor(std::span<const T> values, const TensorOptions& o) {
  Array a({static_cast<std::int64_t>(values.size())}, dtype_of<T>);
  if (!values.empty()) std::memcpy(a.raw(), values.data(), values.size_bytes());
  return made(o.dtype == dtype_of<T> ? std::move(a) : kernels::cast(a, o.dtype), o);
}
template Tensor tensor(std::span<const float>, const TensorOptions&);
template Tensor tensor(std::span<const double>, const TensorOptions&);
template Tensor tensor(std::span<const std::int64_t>, const TensorOptions&);

Tensor tensor(std::initializer_list<double> values, const TensorOptions& o) {
  return tensor(std::span<const double>(values.begin(), values.size()), o);
}

}  // namespace eg
