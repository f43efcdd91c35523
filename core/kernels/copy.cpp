#include "kernels/copy.h"

#include <eigengrad/core/parallel.h>

#include <cstring>

#include "kernels/strided.h"

namespace eg::kernels {
namespace {

template <class D, class S> void run(D* d, std::int64_t sd, const S* s, std::int64_t ss, std::int64_t n) {
  if (sd == 1 && ss == 1) {
    if constexpr (std::is_same_v<D, S>) {
      std::memcpy(d, s, n * sizeof(D));
    } else {
      for (std::int64_t i = 0; i < n; ++i) d[i] = static_cast<D>(s[i]);
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) d[i * sd] = static_cast<D>(s[i * ss]);
  }
}

template <class D, class S> void copy_typed(Array& dst, const Array& src) {
  if (dst.numel() == 0) return;
  const LoopNest<2> nest(dst.shape(), {&dst, &src});
  D* d = dst.data<D>();
  const S* s = src.data<S>();
  const std::int64_t n = nest.inner(), sd = nest.strides[0][nest.rank - 1], ss = nest.strides[1][nest.rank - 1];
  if (nest.rank == 1) {
    detail::parallel_for(n, parallel_grain, [&](std::int64_t b, std::int64_t e) { run(d + b * sd, sd, s + b * ss, ss, e - b); });
    return;
  }
  const std::int64_t grain = std::max<std::int64_t>(1, parallel_grain / n);
  detail::parallel_for(nest.outer(), grain, [&](std::int64_t b, std::int64_t e) {
    nest.rows(b, e, [&](const std::int64_t* at) { run(d + at[0], sd, s + at[1], ss, n); });
  });
}

template <class D> void copy_from(Array& dst, const Array& src) {
  switch (src.dtype()) {
    case DType::boolean: return copy_typed<D, bool>(dst, src);
    case DType::int64: return copy_typed<D, std::int64_t>(dst, src);
    case DType::float32: return copy_typed<D, float>(dst, src);
    case DType::float64: return copy_typed<D, double>(dst, src);
  }
}

template <class T> void fill_typed(Array& dst, T v) {
  if (dst.numel() == 0) return;
  const LoopNest<1> nest(dst.shape(), {&dst});
  T* d = dst.data<T>();
  const std::int64_t n = nest.inner(), s = nest.strides[0][nest.rank - 1];
  nest.rows(0, nest.outer(), [&](const std::int64_t* at) {
    T* p = d + at[0];
    if (s == 1)
      for (std::int64_t i = 0; i < n; ++i) p[i] = v;
    else
      for (std::int64_t i = 0; i < n; ++i) p[i * s] = v;
  });
}

}  // namespace

void copy_into(Array& dst, const Array& src) {
  switch (dst.dtype()) {
    case DType::boolean: return copy_from<bool>(dst, src);
    case DType::int64: return copy_from<std::int64_t>(dst, src);
    case DType::float32: return copy_from<float>(dst, src);
    case DType::float64: return copy_from<double>(dst, src);
  }
}

Array copy(const Array& a) {
  Array out(a.shape(), a.dtype());
  if (a.contiguous() && a.numel() <= parallel_grain) std::memcpy(out.raw(), a.raw(), a.numel() * itemsize(a.dtype()));
  else copy_into(out, a);
  return out;
}

Array contiguous(const Array& a) { return a.contiguous() ? a : copy(a); }

Array cast(const Array& a, DType dtype) {
  Array out(a.shape(), dtype);
  copy_into(out, a);
  return out;
}

void fill(Array& dst, Scalar value) {
  switch (dst.dtype()) {
    case DType::boolean: return fill_typed(dst, value.to<bool>());
    case DType::int64: return fill_typed(dst, value.to<std::int64_t>());
    case DType::float32: return fill_typed(dst, value.to<float>());
    case DType::float64: return fill_typed(dst, value.to<double>());
  }
}

Array broadcast_to(const Array& a, const Shape& shape) {
  Strides strides = Strides::filled(shape.rank(), 0);
  const int shift = shape.rank() - a.rank();
  for (int i = 0; i < a.rank(); ++i)
    if (a.size(i) != 1) strides[i + shift] = a.stride(i);
  return a.view(shape, strides);
}

Array full(const Shape& shape, DType dtype, Scalar value) {
  Array out(shape, dtype);
  fill(out, value);
  return out;
}

}  // namespace eg::kernels
