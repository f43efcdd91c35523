#pragma once
// Note [Sums]
// Neighbouring dimensions that are all summed over, or all kept, are one group; groups alternate. A row-major array is
// then summed in stages, last group first:
//   rows      [outer, size]          one row after the other, rows beyond 32k values in segments
//   columns   [outer, size, inner]   a band of columns at a time, many rows in blocks of rows
// Only short rows of many neighbours that meet in the same results, as in [samples, channels, short], wait: the samples
// are added first, as columns.
// Within a stage floats are added in vectors (rows) or column by column, at most 16 values a lane, then in double; blocks
// and segments meet in double in their order. All cuts are functions of the sizes, so the bits do not depend on threads,
// and the error of a float sum stays near that of rounding the result.
#include <eigengrad/core/array.h>
#include <eigengrad/core/function_ref.h>
#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <type_traits>

#include "kernels/divide_up.h"
#include "kernels/lanes.h"
#include "kernels/row_sums.h"
#include "kernels/strided.h"

namespace eg::kernels {

/// What a sum of values of T is kept in.
template <class T> using Accumulator = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;

// Terms: f(x, c) of an element and its result's center, on vectors and single values alike.
struct ValueTerm { template <class V> static V f(V x, V) { return x; } };
struct SquareTerm { template <class V> static V f(V x, V) { return x * x; } };
struct AbsoluteTerm { template <class V> static V f(V x, V) { return select(x < V{}, -x, x); } };
struct CenteredSquareTerm { template <class V> static V f(V x, V c) { return (x - c) * (x - c); } };

/// One row of floats, at least a vector long.
template <class F, class T> double sum_vectors(const RowWalk<T>& walk, const T* x, T c) {
  f64x8 s[1] = {};
  const Simd<T> center = Simd<T>{} + c;
  row_sums<T, 1>(walk, s, [center](Simd<T>* a, auto keep, Simd<T> v) { a[0] += keep(F::f(v, center)); }, x);
  return lane_sum(s[0]);
}

/// One row.
template <class F, class T> Accumulator<T> sum_row(const T* x, std::int64_t n, T c) {
  if constexpr (std::is_floating_point_v<T>)
    if (n >= lanes<T>) return sum_vectors<F>(RowWalk<T>(n), x, c);
  Accumulator<T> s = 0;
  for (std::int64_t i = 0; i < n; ++i) s += static_cast<Accumulator<T>>(F::f(x[i], c));
  return s;
}

/// Takes the sums [first, first + n) of a stage, on any thread.
template <class A> using SumSink = FunctionRef<void(std::int64_t first, const A* sums, std::int64_t n)>;

inline constexpr std::int64_t sum_segment = 32768;  // elements a task takes

/// The sum of each row of x [rows, n]; center[i] goes to the term where center is given.
template <class F, class T>
void sum_rows(const T* x, std::int64_t rows, std::int64_t n, const T* center, SumSink<Accumulator<T>> sink) {
  using A = Accumulator<T>;
  const std::int64_t segments = std::max<std::int64_t>(1, divide_up(n, sum_segment));
  const auto c = [center](std::int64_t i) { return center ? center[i] : T(0); };
  if (segments == 1) {
    const std::int64_t grain = std::max<std::int64_t>(1, sum_segment / std::max<std::int64_t>(n, 1));
    detail::parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
      constexpr std::int64_t most = 64;
      A s[most];
      const auto in_turn = [&](auto sum) {
        for (std::int64_t i = begin; i < end; i += most) {
          const std::int64_t count = std::min(most, end - i);
          for (std::int64_t k = 0; k < count; ++k) s[k] = sum(x + (i + k) * n, c(i + k));
          sink(i, s, count);
        }
      };
      if (n == 1) return in_turn([](const T* row, T mid) { return static_cast<A>(F::f(*row, mid)); });
      if constexpr (std::is_floating_point_v<T>)
        if (n >= lanes<T>)
          return in_turn([walk = RowWalk<T>(n)](const T* row, T mid) { return sum_vectors<F>(walk, row, mid); });
      in_turn([n](const T* row, T mid) { return sum_row<F>(row, n, mid); });
    });
    return;
  }
  Array partial(Shape{rows * segments}, dtype_of<A>);
  A* p = partial.data<A>();
  detail::parallel_for(rows * segments, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int64_t i = t / segments, at = t % segments * sum_segment;
      p[t] = sum_row<F>(x + i * n + at, std::min(sum_segment, n - at), c(i));
    }
  });
  for (std::int64_t i = 0; i < rows; ++i) {
    A s = 0;
    for (std::int64_t k = 0; k < segments; ++k) s += p[i * segments + k];
    sink(i, &s, 1);
  }
}

inline constexpr std::int64_t sum_band = 512;  // columns a task takes

/// out[j] = sum over `rows` rows of x[r * stride + j], j < width <= sum_band. Narrow bands without gaps between the
/// rows are read as fewer, wider rows.
template <class F, class T>
void sum_band_of_columns(const T* x, std::int64_t rows, std::int64_t stride, std::int64_t width, const T* center, Accumulator<T>* out) {
  using A = Accumulator<T>;
  alignas(64) A wide[sum_band];
  alignas(64) T part[sum_band], c[sum_band];
  const std::int64_t fold = stride == width && width <= sum_band / 8 ? std::clamp<std::int64_t>(sum_band / 2 / width, 1, std::max<std::int64_t>(1, rows / 4)) : 1;
  const std::int64_t w = fold * width, step = fold * stride, whole = rows / fold;
  for (std::int64_t j = 0; j < w; ++j) {
    wide[j] = 0;
    c[j] = center ? center[j % width] : T(0);
  }
  std::int64_t r = 0;
  while (r < whole) {
    const std::int64_t end = std::min(whole, r + 16);
    for (std::int64_t j = 0; j < w; ++j) part[j] = 0;
    for (; r + 4 <= end; r += 4) {
      const T *x0 = x + r * step, *x1 = x0 + step, *x2 = x1 + step, *x3 = x2 + step;
#pragma GCC ivdep
      for (std::int64_t j = 0; j < w; ++j)
        part[j] += (F::f(x0[j], c[j]) + F::f(x1[j], c[j])) + (F::f(x2[j], c[j]) + F::f(x3[j], c[j]));
    }
    for (; r < end; ++r) {
      const T* x0 = x + r * step;
#pragma GCC ivdep
      for (std::int64_t j = 0; j < w; ++j) part[j] += F::f(x0[j], c[j]);
    }
    for (std::int64_t j = 0; j < w; ++j) wide[j] += static_cast<A>(part[j]);
  }
  for (std::int64_t j = 0; j < (rows - whole * fold) * width; ++j) wide[j] += static_cast<A>(F::f(x[whole * step + j], c[j]));
  for (std::int64_t j = 0; j < width; ++j) {
    A s = 0;
    for (std::int64_t k = 0; k < fold; ++k) s += wide[k * width + j];
    out[j] = s;
  }
}

/// The sum of each column of x [outer, n, inner].
template <class F, class T>
void sum_columns(const T* x, std::int64_t outer, std::int64_t n, std::int64_t inner, const T* center, SumSink<Accumulator<T>> sink) {
  using A = Accumulator<T>;
  const std::int64_t bands = divide_up(inner, sum_band), width = std::min(inner, sum_band);
  const std::int64_t block = std::max<std::int64_t>(64, 2 * sum_segment / width);  // rows
  const std::int64_t blocks = std::max<std::int64_t>(1, divide_up(n, block));
  Array partial;
  A* p = nullptr;
  if (blocks > 1) {
    partial = Array(Shape{outer * blocks * inner}, dtype_of<A>);
    p = partial.data<A>();
  }
  const std::int64_t cost = std::max<std::int64_t>(1, std::min(n, block) * width);
  detail::parallel_for(outer * blocks * bands, std::max<std::int64_t>(1, sum_segment / cost), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int64_t j = t % bands * sum_band, b = t / bands % blocks, o = t / bands / blocks;
      const std::int64_t w = std::min(sum_band, inner - j), r = b * block;
      A s[sum_band];
      A* const to = p ? p + (o * blocks + b) * inner + j : s;
      sum_band_of_columns<F>(x + (o * n + r) * inner + j, std::min(block, n - r), inner, w, center ? center + o * inner + j : nullptr, to);
      if (!p) sink(o * inner + j, s, w);
    }
  });
  if (!p) return;
  for (std::int64_t o = 0; o < outer; ++o) {
    A* const sum = p + o * blocks * inner;  // the first block's, to which the others are added
    for (std::int64_t b = 1; b < blocks; ++b)
      for (std::int64_t j = 0; j < inner; ++j) sum[j] += sum[b * inner + j];
    sink(o * inner, sum, inner);
  }
}

/// The groups of Note [Sums]: sizes of alternating groups, the last one reduced or not.
struct Groups {
  int count = 0;
  bool last_reduced = false;
  std::int64_t size[max_rank];

  Groups(const Shape& shape, const Dims& dims) {
    for (int i = 0, k = 0; i < shape.rank(); ++i) {
      const bool reduced = k < dims.rank() && dims[k] == i;
      k += reduced;
      if (shape[i] == 1) continue;
      if (count == 0 || reduced != last_reduced) size[count++] = 1;
      last_reduced = reduced;
      size[count - 1] *= shape[i];
    }
  }
  /// Without group k, which has been summed over: its neighbours become one.
  void remove(int k) {
    if (k == count - 1) {
      last_reduced = false;
    } else if (k == 0) {
      std::copy(size + 1, size + count, size);
    } else {
      size[k - 1] *= size[k + 1];
      std::copy(size + k + 2, size + count, size + k);
      --count;
    }
    --count;
  }
  /// The last group that is reduced; negative where none is.
  int last() const { return last_reduced ? count - 1 : count - 2; }
  std::int64_t before(int end) const {
    std::int64_t n = 1;
    for (int i = 0; i < end; ++i) n *= size[i];
    return n;
  }
  std::int64_t behind(int k) const {
    std::int64_t n = 1;
    for (int i = k + 1; i < count; ++i) n *= size[i];
    return n;
  }
};

}  // namespace eg::kernels
