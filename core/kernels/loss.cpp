#include "kernels/loss.h"

#include <eigengrad/core/parallel.h>

#include "detail/eigen.h"
#include "kernels/copy.h"
#include "kernels/divide_up.h"
#include "kernels/element_type.h"
#include "kernels/reduce_stages.h"

namespace eg::kernels {
namespace {

template <class T> double item(const Array& a) { return static_cast<double>(*a.data<T>()); }

/// (Sum over segments of part(begin, end)) / divisor; the cuts depend on n only.
template <class T, class Part> Array sum_of_parts(std::int64_t n, double divisor, Part part) {
  Array out(Shape{}, dtype_of<T>);
  double total = 0;
  if (n <= sum_segment) {
    if (n > 0) total = part(std::int64_t{0}, n);
  } else {
    const std::int64_t segments = divide_up(n, sum_segment);
    Array parts(Shape{segments}, DType::float64);
    double* p = parts.data<double>();
    detail::parallel_for(n, sum_segment, [&](std::int64_t b, std::int64_t e) {
      for (; b < e; b += sum_segment) p[b / sum_segment] = part(b, std::min(e, b + sum_segment));
    });
    for (std::int64_t i = 0; i < segments; ++i) total += p[i];
  }
  *out.data<T>() = static_cast<T>(total / divisor);
  return out;
}

// A block that Eigen's vector functions work on; the last one of a run is filled up, so that an element's value does
// not depend on its place.
constexpr std::int64_t block = 256;
template <class T> using Block = Eigen::Array<T, static_cast<int>(block), 1>;
template <class T> using In = Eigen::Map<const Eigen::Array<T, static_cast<int>(block), 1>>;

/// f(x, t, i, count) for blocks of a run.
template <class T, class F> void each_block(const T* x, const T* t, std::int64_t begin, std::int64_t end, F f) {
  std::int64_t i = begin;
  for (; i + block <= end; i += block) f(In<T>(x + i), In<T>(t + i), i, block);
  if (i == end) return;
  alignas(64) T px[block], pt[block];
  for (std::int64_t k = 0; k < block; ++k) {
    px[k] = i + k < end ? x[i + k] : T(0);
    pt[k] = i + k < end ? t[i + k] : T(0);
  }
  f(In<T>(px), In<T>(pt), i, end - i);
}

}  // namespace

Array squared_error(const Array& vx, const Array& vt, double divisor) {
  const Array x = contiguous(vx), t = contiguous(vt);
  Array out;
  for_floating(x.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const T *px = x.data<T>(), *pt = t.data<T>();
    out = sum_of_parts<T>(x.numel(), divisor, [=](std::int64_t b, std::int64_t e) {
      f64x8 s[1] = {};
      row_sums<T, 1>(RowWalk<T>(e - b), s, [](Simd<T>* a, auto keep, Simd<T> u, Simd<T> v) {
        const Simd<T> d = keep(u - v);
        a[0] += d * d;
      }, px + b, pt + b);
      return lane_sum(s[0]);
    });
  });
  return out;
}

Array squared_error_grad(const Array& g, const Array& vx, const Array& vt, double divisor) {
  const Array x = contiguous(vx), t = contiguous(vt);
  Array out(x.shape(), x.dtype());
  for_floating(x.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const T *px = x.data<T>(), *pt = t.data<T>(), s = static_cast<T>(2 * item<T>(g) / divisor);
    T* o = out.data<T>();
    detail::parallel_for(x.numel(), parallel_grain, [=](std::int64_t b, std::int64_t e) {
#pragma GCC ivdep
      for (std::int64_t i = b; i < e; ++i) o[i] = s * (px[i] - pt[i]);
    });
  });
  return out;
}

Array logit_entropy(const Array& vx, const Array& vt, double divisor) {
  const Array x = contiguous(vx), t = contiguous(vt);
  Array out;
  for_floating(x.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const T *px = x.data<T>(), *pt = t.data<T>();
    out = sum_of_parts<T>(x.numel(), divisor, [=](std::int64_t b, std::int64_t e) {
      double s = 0;
      each_block(px, pt, b, e, [&](const auto& u, const auto& v, std::int64_t, std::int64_t n) {
        // max(x, 0) - x t + log(1 + exp(-|x|))
        // log(1 + a) = log(w) + (a - (w - 1)) / w with w = 1 + a rounded: what rounding took comes back (HP-15C manual).
        const Block<T> a = (-u.abs()).exp(), w = a + T(1), l = w.log();
        const T *pu = u.data(), *pv = v.data();
        Block<T> terms;
        for (std::int64_t k = 0; k < block; ++k)
          terms[k] = ((pu[k] > T(0) ? pu[k] : T(0)) - pu[k] * pv[k]) + (l[k] + (a[k] - (w[k] - T(1))) / w[k]);
        for (std::int64_t k = n; k < block; ++k) terms[k] = T(0);
        s += sum_row<ValueTerm>(static_cast<const T*>(terms.data()), block, T(0));
      });
      return s;
    });
  });
  return out;
}

Array logit_entropy_grad(const Array& g, const Array& vx, const Array& vt, double divisor) {
  const Array x = contiguous(vx), t = contiguous(vt);
  Array out(x.shape(), x.dtype());
  for_floating(x.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const T *px = x.data<T>(), *pt = t.data<T>(), s = static_cast<T>(item<T>(g) / divisor);
    T* o = out.data<T>();
    detail::parallel_for(x.numel(), parallel_grain / 4, [=](std::int64_t b, std::int64_t e) {
      each_block(px, pt, b, e, [&](const auto& u, const auto& v, std::int64_t at, std::int64_t n) {
        const Block<T> d = s * (u.logistic() - v);
        for (std::int64_t k = 0; k < n; ++k) o[at + k] = d[k];
      });
    });
  });
  return out;
}

}  // namespace eg::kernels
