#include "kernels/gather.h"

#include <eigengrad/core/error.h>
#include <eigengrad/core/parallel.h>

#include <cstring>

#include "detail/format.h"
#include "kernels/blocks.h"
#include "kernels/copy.h"
#include "kernels/divide_up.h"
#include "kernels/element_type.h"

namespace eg::kernels {
namespace {

Array zeros(const Shape& shape, DType t) {
  Array out(shape, t);
  std::memset(out.raw(), 0, static_cast<std::size_t>(out.numel()) * itemsize(t));
  return out;
}

// Place of element i of a row-major array.
Shape unravel(std::int64_t i, const Shape& shape) {
  Shape place = shape;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    place[d] = i % shape[d];
    i /= shape[d];
  }
  return place;
}

// `a` under index's shape, standing still along dim.
Array lines_along(const Array& a, const Shape& shape, int dim) {
  Strides strides = a.strides();
  strides[dim] = 0;
  return a.view(shape, strides);
}

template <class F> void for_number(DType t, F&& f) {
  if (t == DType::int64) f(static_cast<std::int64_t*>(nullptr));
  else for_floating(t, f);
}

}  // namespace

void check_index(const char* op, const Array& in, std::int64_t size) {
  if (in.dtype() != DType::int64)
    fail<DTypeError>(op, "expected int64 indices, got {}; convert with to(int64)", in.dtype());
  const Array index = contiguous(in);
  const std::int64_t* p = index.data<std::int64_t>();
  const std::int64_t n = index.numel();
  bool outside = false;
  for (std::int64_t i = 0; i < n; ++i) outside |= static_cast<std::uint64_t>(p[i]) >= static_cast<std::uint64_t>(size);
  if (!outside) return;
  std::int64_t i = 0;
  while (p[i] >= 0 && p[i] < size) ++i;
  const Shape place = unravel(i, index.shape());
  if (size == 0) fail<IndexError>(op, "expected no indices into a dimension of size 0, got {} at {}", p[i], place);
  fail<IndexError>(op, "expected indices in [0, {}], got {} at {}", size - 1, p[i], place);
}

Array index_select(const Array& in, int dim, const Array& in_index) {
  const Array x = contiguous(in), index = contiguous(in_index);
  const Blocks b(x.shape(), dim);
  const std::int64_t n = index.numel();
  Array out(with_size(x.shape(), dim, n), x.dtype());
  if (out.numel() == 0) return out;
  const std::int64_t* at = index.data<std::int64_t>();
  for_type(x.dtype(), [&]<class T>(T*) {
    const T* from = x.data<T>();
    T* to = out.data<T>();
    detail::parallel_for(b.outer * n, row_grain(b.inner), [&](std::int64_t first, std::int64_t last) {
      std::int64_t o = first / n, k = first % n;
      for (std::int64_t r = first; r < last; ++r) {
        const T* s = from + (o * b.size + at[k]) * b.inner;
        if (b.inner == 1) to[r] = *s;
        else std::memcpy(to + r * b.inner, s, static_cast<std::size_t>(b.inner) * sizeof(T));
        if (++k == n) {
          k = 0;
          ++o;
        }
      }
    });
  });
  return out;
}

void index_add(Array& out, int dim, const Array& in_index, const Array& in_src) {
  const Array index = contiguous(in_index), src = contiguous(in_src);
  if (src.numel() == 0) return;
  const Blocks b(out.shape(), dim);
  const std::int64_t n = index.numel(), cost = n * b.inner;
  const std::int64_t* at = index.data<std::int64_t>();
  // Work is split by destination: a part adds what falls into its places, in the order of k.
  const std::int64_t parts = std::clamp<std::int64_t>(cost / parallel_grain, 1, b.outer > 8 ? 1 : 8);
  const std::int64_t width = divide_up(b.size, parts);
  for_number(out.dtype(), [&]<class T>(T*) {
    const T* from = src.data<T>();
    T* to = out.data<T>();
    detail::parallel_for(b.outer * parts, row_grain(cost / parts), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t u = first; u < last; ++u) {
        const std::int64_t o = u / parts, low = u % parts * width;
        const T* s = from + o * n * b.inner;
        T* d = to + o * b.size * b.inner;
        for (std::int64_t k = 0; k < n; ++k) {
          const std::int64_t place = at[k];
          if (place < low || place >= low + width) continue;
          for (std::int64_t i = 0; i < b.inner; ++i) d[place * b.inner + i] += s[k * b.inner + i];
        }
      }
    });
  });
}

Array gather(const Array& x, int dim, const Array& index) {
  Array out(index.shape(), x.dtype());
  if (out.numel() == 0) return out;
  const Array lines = lines_along(x, index.shape(), dim);
  const LoopNest<3> nest(index.shape(), {&index, &lines, &out});
  const std::int64_t n = nest.inner(), step = x.stride(dim);
  const std::int64_t si = nest.strides[0][nest.rank - 1], sx = nest.strides[1][nest.rank - 1];
  const std::int64_t so = nest.strides[2][nest.rank - 1];
  for_type(x.dtype(), [&]<class T>(T*) {
    detail::parallel_for(nest.outer(), row_grain(n), [&](std::int64_t first, std::int64_t last) {
      nest.rows(first, last, [&](const std::int64_t* at) {
        const std::int64_t* i = index.data<std::int64_t>() + at[0];
        const T* s = lines.data<T>() + at[1];
        T* d = out.data<T>() + at[2];
        for (std::int64_t k = 0; k < n; ++k) d[k * so] = s[k * sx + i[k * si] * step];
      });
    });
  });
  return out;
}

void scatter_add(Array& out, int dim, const Array& index, const Array& src) {
  if (index.numel() == 0) return;
  const Shape& shape = index.shape();
  const Array lines = lines_along(out, shape, dim), from = src.view(shape, src.strides());
  const std::int64_t step = out.stride(dim);
  // Work is split along a dimension that is not dim, so that an element belongs to one part.
  const int axis = dim != 0 ? 0 : shape.rank() - 1;
  const std::int64_t count = axis == dim ? 1 : shape[axis];
  for_number(out.dtype(), [&]<class T>(T*) {
    detail::parallel_for(count, row_grain(index.numel() / count), [&](std::int64_t first, std::int64_t last) {
      const auto part = [&](const Array& a) {
        return axis == dim ? a : a.view(with_size(shape, axis, last - first), a.strides(), first * a.stride(axis));
      };
      const Array pi = part(index), ps = part(from);
      Array po = part(lines);
      const LoopNest<3> nest(pi.shape(), {&pi, &ps, &po});
      const std::int64_t n = nest.inner(), si = nest.strides[0][nest.rank - 1];
      const std::int64_t ss = nest.strides[1][nest.rank - 1], so = nest.strides[2][nest.rank - 1];
      nest.rows(0, nest.outer(), [&](const std::int64_t* at) {
        const std::int64_t* i = pi.data<std::int64_t>() + at[0];
        const T* s = ps.data<T>() + at[1];
        T* d = po.data<T>() + at[2];
        for (std::int64_t k = 0; k < n; ++k) d[k * so + i[k * si] * step] += s[k * ss];
      });
    });
  });
}

Array masked_select(const Array& in, const Array& in_mask) {
  const Array x = contiguous(in), mask = contiguous(in_mask);
  const bool* m = mask.data<bool>();
  const std::int64_t n = mask.numel();
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += m[i];
  Array out({count}, x.dtype());
  for_type(x.dtype(), [&]<class T>(T*) {
    const T* s = x.data<T>();
    T* d = out.data<T>();
    for (std::int64_t i = 0; i < n; ++i)
      if (m[i]) *d++ = s[i];
  });
  return out;
}

Array masked_put(const Array& in, const Array& in_mask) {
  const Array values = contiguous(in), mask = contiguous(in_mask);
  const bool* m = mask.data<bool>();
  Array out = zeros(mask.shape(), values.dtype());
  for_type(values.dtype(), [&]<class T>(T*) {
    const T* s = values.data<T>();
    T* d = out.data<T>();
    for (std::int64_t i = 0; i < mask.numel(); ++i)
      if (m[i]) d[i] = *s++;
  });
  return out;
}

Array nonzero(const Array& x) {
  const Array mask = cast(x, DType::boolean);
  const bool* m = mask.data<bool>();
  const std::int64_t n = mask.numel(), rank = x.rank();
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += m[i];
  Array out({count, rank}, DType::int64);
  std::int64_t* to = out.data<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i) {
    if (!m[i]) continue;
    for (std::int64_t at : unravel(i, x.shape())) *to++ = at;
  }
  return out;
}

}  // namespace eg::kernels
