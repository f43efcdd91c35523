#include "kernels/reduce.h"

#include <algorithm>
#include <type_traits>

#include "kernels/copy.h"
#include "kernels/reduce_stages.h"

namespace eg::kernels {
namespace {

// A row takes some 20 cycles besides its additions, a column some 5.
constexpr std::int64_t short_row = 64, many_rows = 16;

// Sums x over the groups. center: one number for each sum of the first stage, or null.
template <class F, class T>
void run_stages(const T* x, Groups g, const std::type_identity_t<T>* center, SumSink<Accumulator<T>> sink) {
  using A = Accumulator<T>;
  const int last = g.last();
  if (last < 0) return sum_rows<F>(x, g.before(g.count), 1, center, sink);  // nothing to add up
  const auto run_stage = [&](int reduced, SumSink<A> to) {
    const std::int64_t outer = g.before(reduced), inner = g.behind(reduced);
    if (inner == 1) sum_rows<F>(x, outer, g.size[reduced], center, to);
    else sum_columns<F>(x, outer, g.size[reduced], inner, center, to);
  };
  if (last <= 1) return run_stage(last, sink);
  const bool columns_first = g.last_reduced && !center && g.size[last] <= short_row && g.size[last - 2] >= many_rows;
  const int reduced = columns_first ? last - 2 : last;
  Array sums(Shape{g.before(reduced) * g.behind(reduced)}, dtype_of<A>);
  A* s = sums.data<A>();
  run_stage(reduced, [s](std::int64_t first, const A* v, std::int64_t n) { std::copy_n(v, n, s + first); });
  g.remove(reduced);
  run_stages<ValueTerm>(s, g, nullptr, sink);
}

template <class F, class T> void total_into(Array& out, const Array& a, const Groups& g, double divisor) {
  using A = Accumulator<T>;
  T* o = out.data<T>();
  const auto finish = [=](A sum) {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(sum / divisor);
    else return sum;
  };
  if (g.count == 1 && g.last_reduced && a.numel() <= sum_segment) {
    *o = finish(sum_row<F>(a.data<T>(), a.numel(), T(0)));
    return;
  }
  run_stages<F>(a.data<T>(), g, nullptr, [o, finish](std::int64_t first, const A* s, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) o[first + i] = finish(s[i]);
  });
}

template <class F> void total_typed(Array& out, const Array& a, const Groups& g, double divisor) {
  switch (a.dtype()) {
    case DType::float32: return total_into<F, float>(out, a, g, divisor);
    case DType::float64: return total_into<F, double>(out, a, g, divisor);
    default: return total_into<F, std::int64_t>(out, a, g, divisor);
  }
}

template <class T> void var_typed(MeanVar& r, const Array& a, const Dims& dims, const Groups& g, double divisor) {
  const double n = static_cast<double>(count_along(a.shape(), dims));
  // Means in double, and rounded to T as the centers; the terms' sums are put right for the rounding.
  const std::int64_t results = r.var.numel();
  Array exact(Shape{results}, float64);
  double* m = exact.data<double>();
  T* c = r.mean.data<T>();
  run_stages<ValueTerm>(a.data<T>(), g, nullptr, [=](std::int64_t begin, const double* s, std::int64_t count) {
    for (std::int64_t i = begin; i < begin + count; ++i) {
      m[i] = s[i - begin] / n;
      c[i] = static_cast<T>(m[i]);
    }
  });
  const int first = g.last();
  Array centers = r.mean;
  if (first > 1) {  // several stages: repeat the means for every sum of the first one
    Dims reduced_first;
    int k = g.count;
    bool was = !g.last_reduced;
    for (int d = a.rank() - 1; d >= 0; --d) {
      bool reduced = false;
      for (std::int64_t e : dims) reduced = reduced || e == d;
      if (a.size(d) == 1) continue;
      if (reduced != was) --k, was = reduced;
      if (k == first && reduced) reduced_first.insert(0, d);
    }
    centers = contiguous(broadcast_to(r.mean, reduced_shape(a.shape(), reduced_first, true)));
  }
  T* v = r.var.data<T>();
  run_stages<CenteredSquareTerm>(a.data<T>(), g, centers.data<T>(), [=](std::int64_t begin, const double* s, std::int64_t count) {
    for (std::int64_t i = begin; i < begin + count; ++i) {
      const double rounding = m[i] - static_cast<double>(c[i]);
      const double q = s[i - begin] - n * rounding * rounding;
      v[i] = static_cast<T>((q < 0 ? 0 : q) / divisor);
    }
  });
}

}  // namespace

Shape reduced_shape(const Shape& shape, const Dims& dims, bool keepdim) {
  Shape r;
  for (int i = 0, k = 0; i < shape.rank(); ++i) {
    if (k < dims.rank() && dims[k] == i) {
      ++k;
      if (keepdim) r.push_back(1);
    } else {
      r.push_back(shape[i]);
    }
  }
  return r;
}

std::int64_t count_along(const Shape& shape, const Dims& dims) {
  std::int64_t n = 1;
  for (std::int64_t d : dims) n *= shape[static_cast<int>(d)];
  return n;
}

Array total(Term term, const Array& in, const Dims& dims, bool keepdim, double divisor) {
  const Array a = is_floating(in.dtype()) || in.dtype() == DType::int64 ? contiguous(in) : cast(in, DType::int64);
  const Shape shape = reduced_shape(a.shape(), dims, keepdim);
  if (a.numel() == 0) return full(shape, a.dtype(), divisor == 0 ? 0 / divisor : 0);
  Array out(shape, a.dtype());
  const Groups g(a.shape(), dims);
  switch (term) {
    case Term::value: total_typed<ValueTerm>(out, a, g, divisor); break;
    case Term::absolute: total_typed<AbsoluteTerm>(out, a, g, divisor); break;
    case Term::square: total_typed<SquareTerm>(out, a, g, divisor); break;
  }
  return out;
}

MeanVar mean_var(const Array& in, const Dims& dims, bool keepdim, double divisor) {
  const Array a = contiguous(in);
  const Shape kept = reduced_shape(a.shape(), dims, true), shape = reduced_shape(a.shape(), dims, keepdim);
  if (a.numel() == 0) return {full(kept, a.dtype(), 0.0 / 0.0), full(shape, a.dtype(), 0.0 / 0.0)};
  MeanVar r{Array(kept, a.dtype()), Array(shape, a.dtype())};
  const Groups g(a.shape(), dims);
  if (a.dtype() == DType::float32) var_typed<float>(r, a, dims, g, divisor);
  else var_typed<double>(r, a, dims, g, divisor);
  return r;
}

}  // namespace eg::kernels
