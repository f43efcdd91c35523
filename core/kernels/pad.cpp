#include "kernels/pad.h"

#include <eigengrad/core/parallel.h>

#include <cstring>

#include "kernels/blocks.h"
#include "kernels/copy.h"
#include "kernels/element_type.h"

namespace eg::kernels {
namespace {

// The place of x that fills place j of the result, j counted from the first place of x; j in [-left, n + right).
std::int64_t source(Edge edge, std::int64_t j, std::int64_t n) {
  if (j >= 0 && j < n) return j;
  switch (edge) {
    case Edge::reflect: return j < 0 ? -j : 2 * (n - 1) - j;
    case Edge::replicate: return j < 0 ? 0 : n - 1;
    default: return j < 0 ? j + n : j - n;
  }
}

// y[outer, n, inner] -> [outer, n times, inner]
template <class T> void repeat_rows(const Blocks& b, const T* x, T* y, std::int64_t times) {
  const std::int64_t rows = b.outer * b.size;
  detail::parallel_for(rows, row_grain(b.inner * times), [&](std::int64_t first, std::int64_t last) {
    if (b.inner == 1 && times == 2) {
      for (std::int64_t r = first; r < last; ++r) y[2 * r] = y[2 * r + 1] = x[r];
    } else if (b.inner == 1) {
      for (std::int64_t r = first; r < last; ++r)
        for (std::int64_t k = 0; k < times; ++k) y[r * times + k] = x[r];
    } else {
      for (std::int64_t r = first; r < last; ++r)
        for (std::int64_t k = 0; k < times; ++k)
          std::memcpy(y + (r * times + k) * b.inner, x + r * b.inner, static_cast<std::size_t>(b.inner) * sizeof(T));
    }
  });
}

}  // namespace

Array pad_edge(const Array& in, int dim, std::int64_t left, std::int64_t right, Edge edge) {
  const Array x = contiguous(in);
  const Blocks b(x.shape(), dim);
  const std::int64_t n = b.size, padded = n + left + right;
  Array out(with_size(x.shape(), dim, padded), x.dtype());
  if (out.numel() == 0) return out;
  for_type(x.dtype(), [&]<class T>(T*) {
    const T* from = x.data<T>();
    T* to = out.data<T>();
    const std::size_t inner = static_cast<std::size_t>(b.inner) * sizeof(T);
    detail::parallel_for(b.outer, row_grain(padded * b.inner), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t o = first; o < last; ++o) {
        const T* s = from + o * n * b.inner;
        T* d = to + (o * padded + left) * b.inner;
        const auto edges = [&](auto&& put) {
          for (std::int64_t j = -left; j < 0; ++j) put(j, source(edge, j, n));
          for (std::int64_t j = n; j < n + right; ++j) put(j, source(edge, j, n));
        };
        std::memcpy(d, s, static_cast<std::size_t>(n) * inner);
        if (b.inner == 1) edges([&](std::int64_t j, std::int64_t i) { d[j] = s[i]; });
        else edges([&](std::int64_t j, std::int64_t i) { std::memcpy(d + j * b.inner, s + i * b.inner, inner); });
      }
    });
  });
  return out;
}

Array pad_edge_grad(const Array& in, int dim, std::int64_t left, std::int64_t right, Edge edge) {
  const Array g = contiguous(in);
  const Blocks b(g.shape(), dim);
  const std::int64_t padded = b.size, n = padded - left - right;
  Array out(with_size(g.shape(), dim, n), g.dtype());
  if (out.numel() == 0) return out;
  for_floating(g.dtype(), [&]<class T>(T*) {
    const T* from = g.data<T>();
    T* to = out.data<T>();
    detail::parallel_for(b.outer, row_grain(padded * b.inner), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t o = first; o < last; ++o) {
        const T* s = from + (o * padded + left) * b.inner;
        T* d = to + o * n * b.inner;
        std::memcpy(d, s, static_cast<std::size_t>(n * b.inner) * sizeof(T));
        const auto back = [&](std::int64_t j) {
          const std::int64_t i = source(edge, j, n);
          for (std::int64_t k = 0; k < b.inner; ++k) d[i * b.inner + k] += s[j * b.inner + k];
        };
        for (std::int64_t j = -left; j < 0; ++j) back(j);
        for (std::int64_t j = n; j < n + right; ++j) back(j);
      }
    });
  });
  return out;
}

Array repeat_each(const Array& in, int dim, std::int64_t times) {
  const Array x = contiguous(in);
  const Blocks b(x.shape(), dim);
  Array out(with_size(x.shape(), dim, b.size * times), x.dtype());
  if (out.numel() > 0)
    for_type(x.dtype(), [&]<class T>(T*) { repeat_rows(b, x.data<T>(), out.data<T>(), times); });
  return out;
}

Array repeat_each_grad(const Array& in, int dim, std::int64_t times) {
  const Array g = contiguous(in);
  const Blocks b(g.shape(), dim);
  Array out(with_size(g.shape(), dim, times == 0 ? 0 : b.size / times), g.dtype());
  if (out.numel() == 0) return out;
  for_floating(g.dtype(), [&]<class T>(T*) {
    const T* from = g.data<T>();
    T* to = out.data<T>();
    const std::int64_t rows = out.numel() / b.inner;
    detail::parallel_for(rows, row_grain(b.inner * times), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t r = first; r < last; ++r) {
        const T* s = from + r * times * b.inner;
        T* d = to + r * b.inner;
        if (b.inner == 1) {
          T sum = s[0];
          for (std::int64_t k = 1; k < times; ++k) sum += s[k];
          d[0] = sum;
          continue;
        }
        std::memcpy(d, s, static_cast<std::size_t>(b.inner) * sizeof(T));
        for (std::int64_t k = 1; k < times; ++k)
          for (std::int64_t i = 0; i < b.inner; ++i) d[i] += s[k * b.inner + i];
      }
    });
  });
  return out;
}

}  // namespace eg::kernels
