#include "kernels/copy.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <cstring>

#include "kernels/divide_up.h"
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

// A transposing copy: d[a row + b] = s[a + b column] for a < rows, b < columns, in square blocks, so that both sides
// are read and written by whole cache lines.
template <class D, class S>
void transpose(D* d, std::int64_t row, const S* s, std::int64_t column, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t side = 16;
  D block[side][side];
  for (std::int64_t b = 0; b < columns; b += side) {
    const std::int64_t width = std::min(side, columns - b);
    if (rows == side && width == side) {
      for (std::int64_t j = 0; j < side; ++j)
        for (std::int64_t a = 0; a < side; ++a) block[j][a] = static_cast<D>(s[(b + j) * column + a]);
      for (std::int64_t a = 0; a < side; ++a)
        for (std::int64_t j = 0; j < side; ++j) d[a * row + b + j] = block[j][a];
    } else {
      for (std::int64_t a = 0; a < rows; ++a)
        for (std::int64_t j = b; j < b + width; ++j) d[a * row + j] = static_cast<D>(s[j * column + a]);
    }
  }
}

// Copies where src runs on along dimension t of the nest and dst along the last one.
template <class D, class S> void copy_transposed(D* d, const S* s, const LoopNest<2>& nest, int t) {
  constexpr std::int64_t side = 16;
  const int last = nest.rank - 1;
  const std::int64_t n = nest.inner(), size = nest.sizes[t], blocks = divide_up(size, side);
  const std::int64_t grain = std::max<std::int64_t>(1, parallel_grain / (side * n));
  detail::parallel_for(nest.outer() / size * blocks, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const std::int64_t first = unit % blocks * side;
      std::int64_t rest = unit / blocks, at[2] = {first * nest.strides[0][t], first};
      for (int i = last - 1; i >= 0; --i) {
        if (i == t) continue;
        const std::int64_t index = rest % nest.sizes[i];
        rest /= nest.sizes[i];
        for (int k = 0; k < 2; ++k) at[k] += index * nest.strides[k][i];
      }
      transpose(d + at[0], nest.strides[0][t], s + at[1], nest.strides[1][last], std::min(side, size - first), n);
    }
  });
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
  if (sd == 1 && ss > 1 && n >= 8)
    for (int t = 0; t + 1 < nest.rank; ++t)
      if (nest.strides[1][t] == 1 && nest.sizes[t] >= 8) return copy_transposed(d, s, nest, t);
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
