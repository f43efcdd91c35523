#include "kernels/extremes.h"

#include <eigengrad/core/parallel.h>

#include "kernels/blocks.h"
#include "kernels/copy.h"
#include "kernels/divide_up.h"
#include "kernels/element_type.h"
#include "kernels/reduce.h"
#include "kernels/reduce_stages.h"
#include "kernels/row_extreme.h"

namespace eg::kernels {
namespace {

// out[i] (and places) of x [rows, n]
template <class F, class T> void extreme_rows(const T* x, std::int64_t rows, std::int64_t n, T* out, std::int64_t* places) {
  const std::int64_t segments = divide_up(n, sum_segment);
  if (segments > 1) {
    Array partial(Shape{rows * segments}, dtype_of<T>);
    T* p = partial.data<T>();
    detail::parallel_for(rows * segments, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        const std::int64_t at = t % segments * sum_segment;
        p[t] = row_extreme<F>(x + t / segments * n + at, std::min(sum_segment, n - at));
      }
    });
    for (std::int64_t i = 0; i < rows; ++i) out[i] = row_extreme<F>(static_cast<const T*>(p) + i * segments, segments);
  }
  if (segments == 1 || places) {
    detail::parallel_for(rows, row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        if (segments == 1) out[i] = row_extreme<F>(x + i * n, n);
        if (places) places[i] = place_of(out[i], x + i * n, n);
      }
    });
  }
}

// out[o inner + j] (and places) of x [outer, n, inner]
template <class F, class T>
void extreme_columns(const T* x, std::int64_t outer, std::int64_t n, std::int64_t inner, T* out, std::int64_t* places) {
  const std::int64_t bands = divide_up(inner, sum_band);
  detail::parallel_for(outer * bands, row_grain(n * std::min(inner, sum_band)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int64_t o = t / bands, j0 = t % bands * sum_band, w = std::min(sum_band, inner - j0);
      const T* column = x + o * n * inner + j0;
      T* best = out + o * inner + j0;
      std::int64_t* place = places ? places + o * inner + j0 : nullptr;
      for (std::int64_t j = 0; j < w; ++j) {
        best[j] = column[j];
        if (place) place[j] = 0;
      }
      for (std::int64_t r = 1; r < n; ++r) {
        const T* row = column + r * inner;
        if (place) {
#pragma GCC ivdep
          for (std::int64_t j = 0; j < w; ++j) {
            const bool old = F::keep(best[j], row[j]);
            best[j] = old ? best[j] : row[j];
            place[j] = old ? place[j] : r;
          }
        } else {
#pragma GCC ivdep
          for (std::int64_t j = 0; j < w; ++j) best[j] = pick<F>(best[j], row[j]);
        }
      }
    }
  });
}

template <class T>
void extreme_typed(bool largest, const Array& x, std::int64_t outer, std::int64_t n, std::int64_t inner, Array& out, std::int64_t* places) {
  const T* p = x.data<T>();
  T* o = out.data<T>();
  if (inner == 1) largest ? extreme_rows<Larger>(p, outer, n, o, places) : extreme_rows<Smaller>(p, outer, n, o, places);
  else largest ? extreme_columns<Larger>(p, outer, n, inner, o, places) : extreme_columns<Smaller>(p, outer, n, inner, o, places);
}

void extreme_into(bool largest, const Array& x, std::int64_t outer, std::int64_t n, std::int64_t inner, Array& out, std::int64_t* places) {
  if (out.numel() == 0) return;
  for_type(x.dtype(), [&](auto* tag) {
    extreme_typed<std::remove_pointer_t<decltype(tag)>>(largest, x, outer, n, inner, out, places);
  });
}

}  // namespace

Array as_rows(const Array& a, const Dims& dims) {
  Shape shape;
  Strides strides;
  std::int64_t kept = 1, n = 1;
  for (const bool last : {false, true})
    for (int i = 0; i < a.rank(); ++i) {
      bool reduced = false;
      for (std::int64_t d : dims) reduced = reduced || d == i;
      if (reduced != last) continue;
      shape.push_back(a.size(i));
      strides.push_back(a.stride(i));
      (last ? n : kept) *= a.size(i);
    }
  const Array rows = contiguous(a.view(shape, strides));
  return rows.view({kept, n}, {n, 1});
}

Array extreme(bool largest, const Array& in, const Dims& dims, bool keepdim) {
  Array out(reduced_shape(in.shape(), dims, keepdim), in.dtype());
  const Groups g(in.shape(), dims);
  if (g.count <= 2 || (g.count == 3 && !g.last_reduced)) {
    const Array a = contiguous(in);
    const int reduced = g.last();
    if (reduced < 0) {
      copy_into(out, a.view(out.shape(), contiguous_strides(out.shape())));
      return out;
    }
    extreme_into(largest, a, g.before(reduced), g.size[reduced], g.behind(reduced), out, nullptr);
    return out;
  }
  const Array rows = as_rows(in, dims);
  extreme_into(largest, rows, rows.size(0), rows.size(1), 1, out, nullptr);
  return out;
}

Extremes extreme_places(bool largest, const Array& in, int dim, bool keepdim) {
  const Array a = contiguous(in);
  const Shape shape = reduced_shape(a.shape(), a.rank() ? Dims{dim} : Dims{}, keepdim);
  Extremes r{Array(shape, a.dtype()), Array(shape, DType::int64)};
  const Blocks b(a.shape(), dim);
  extreme_into(largest, a, b.outer, b.size, b.inner, r.values, r.indices.data<std::int64_t>());
  return r;
}

}  // namespace eg::kernels
