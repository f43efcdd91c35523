#include "kernels/softmax.h"

#include <eigengrad/core/error.h>
#include <eigengrad/core/parallel.h>

#include <cmath>
#include <limits>

#include "detail/eigen.h"
#include "detail/format.h"
#include "kernels/blocks.h"
#include "kernels/copy.h"
#include "kernels/divide_up.h"
#include "kernels/element_type.h"
#include "kernels/reduce_stages.h"
#include "kernels/row_extreme.h"

namespace eg::kernels {
namespace {

template <class T, int N> using Chunk = Eigen::Array<T, N, 1>;

/// f(i, chunk of values from x + i, count) in runs of 256 values, then of one vector; the last one is filled up with
/// `fill`, so that a value does not depend on its place.
template <class T, class F> void chunks(const T* x, std::int64_t n, T fill, F f) {
  constexpr int wide = 256, narrow = lanes<T>;
  std::int64_t i = 0;
  for (; i + wide <= n; i += wide) f(i, Eigen::Map<const Chunk<T, wide>>(x + i), std::int64_t{wide});
  for (; i + narrow <= n; i += narrow) f(i, Eigen::Map<const Chunk<T, narrow>>(x + i), std::int64_t{narrow});
  if (i == n) return;
  alignas(64) T rest[narrow];
  for (std::int64_t k = 0; k < narrow; ++k) rest[k] = i + k < n ? x[i + k] : fill;
  f(i, Eigen::Map<const Chunk<T, narrow>>(rest), n - i);
}

/// exp(v), 0 where that is below the normal numbers: Eigen's exp stops there, and exp(-inf) must be 0.
template <class C> typename C::PlainObject exp_of(const C& d) {
  using T = typename C::Scalar;
  constexpr T low = sizeof(T) == 4 ? T(-87.33) : T(-708.39);
  typename C::PlainObject v = d, e = v.exp();
  for (int k = 0; k < C::SizeAtCompileTime; ++k) e[k] = v[k] < low ? T(0) : e[k];
  return e;
}

/// out = exp(x - m) (out may be null); gives the sum.
template <class T> double exp_row(const T* x, std::int64_t n, T m, T* out) {
  double sum = 0;
  chunks(x, n, -std::numeric_limits<T>::infinity(), [&](std::int64_t i, const auto& v, std::int64_t count) {
    const auto e = exp_of(v - m);
    for (std::int64_t k = 0; out && k < count; ++k) out[i + k] = e[k];
    sum += sum_row<ValueTerm>(static_cast<const T*>(e.data()), count, T(0));
  });
  return sum;
}

template <class T> T logsumexp_row(const T* x, std::int64_t n) {
  if (n == 0) return -std::numeric_limits<T>::infinity();
  const T m = row_extreme<Larger>(x, n);
  if (!std::isfinite(m)) return m;
  return static_cast<T>(static_cast<double>(m) + std::log(exp_row<T>(x, n, m, nullptr)));
}

template <class T> void softmax_row(const T* x, T* y, std::int64_t n, bool logarithm) {
  const T m = row_extreme<Larger>(x, n);
  if (logarithm) {
    // Two steps: m may be so large that adding the logarithm to it would lose that.
    const T s = static_cast<T>(std::log(exp_row<T>(x, n, m, nullptr)));
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) - s;
  } else {
    const T s = static_cast<T>(1 / exp_row(x, n, m, y));
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) y[i] *= s;
  }
}

constexpr std::int64_t band = 128;  // columns

/// x, y [n, stride], the first w <= band columns
template <class T> void softmax_columns(const T* x, T* y, std::int64_t n, std::int64_t stride, std::int64_t w, bool logarithm) {
  alignas(64) T m[band], s[band];
  for (std::int64_t j = 0; j < w; ++j) {
    m[j] = x[j];
    s[j] = 0;
  }
  for (std::int64_t r = 1; r < n; ++r)
    for (std::int64_t j = 0; j < w; ++j) {
      const T v = x[r * stride + j];
      m[j] = m[j] >= v || m[j] != m[j] ? m[j] : v;
    }
  using Map = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>>;
  using In = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>;
  const Map mm(m, w);
  Map ss(s, w);
  constexpr T low = sizeof(T) == 4 ? T(-87.33) : T(-708.39);  // as in exp_of
  for (std::int64_t r = 0; r < n; ++r) {
    const T* in = x + r * stride;
    T* to = y + r * stride;
    Map out(to, w);
    out = (In(in, w) - mm).exp();
#pragma GCC ivdep
    for (std::int64_t j = 0; j < w; ++j) {
      to[j] = in[j] - m[j] < low ? T(0) : to[j];
      s[j] += to[j];
    }
  }
  if (logarithm) ss = ss.log();
  else ss = ss.inverse();
  for (std::int64_t r = 0; r < n; ++r)
#pragma GCC ivdep
    for (std::int64_t j = 0; j < w; ++j) {
      const std::int64_t i = r * stride + j;
      y[i] = logarithm ? (x[i] - m[j]) - s[j] : y[i] * s[j];
    }
}

template <class T> void softmax_grad_row(const T* g, const T* y, T* o, std::int64_t n, bool logarithm) {
  if (logarithm) {
    const T s = static_cast<T>(sum_row<ValueTerm>(g, n, T(0)));
    chunks(y, n, T(0), [&](std::int64_t i, const auto& v, std::int64_t count) {
      const auto e = exp_of(v);
      for (std::int64_t k = 0; k < count; ++k) o[i + k] = g[i + k] - e[k] * s;
    });
  } else {
    f64x8 a[1] = {};
    row_sums<T, 1>(RowWalk<T>(n), a, [](Simd<T>* to, auto keep, Simd<T> u, Simd<T> v) { to[0] += keep(u * v); }, g, y);
    const T s = static_cast<T>(lane_sum(a[0]));
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) o[i] = y[i] * (g[i] - s);
  }
}

template <class T>
void softmax_grad_columns(const T* g, const T* y, T* o, std::int64_t n, std::int64_t stride, std::int64_t w, bool logarithm) {
  alignas(64) T s[band] = {};
  for (std::int64_t r = 0; r < n; ++r)
#pragma GCC ivdep
    for (std::int64_t j = 0; j < w; ++j) s[j] += logarithm ? g[r * stride + j] : g[r * stride + j] * y[r * stride + j];
  using In = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>;
  using Map = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>>;
  const In ss(s, w);
  for (std::int64_t r = 0; r < n; ++r) {
    const In gg(g + r * stride, w), yy(y + r * stride, w);
    Map out(o + r * stride, w);
    if (logarithm) out = gg - yy.exp() * ss;
    else out = yy * (gg - ss);
  }
}

/// row(offset) for rows along the last dimension, column(offset, stride, width) for bands of columns else.
template <class Row, class Columns> void each_line(const Blocks& b, Row row, Columns columns) {
  if (b.size == 0) return;
  if (b.inner == 1) {
    detail::parallel_for(b.outer, row_grain(4 * b.size), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) row(i * b.size);
    });
    return;
  }
  const std::int64_t bands = divide_up(b.inner, band);
  detail::parallel_for(b.outer * bands, row_grain(4 * b.size * std::min(band, b.inner)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int64_t j = t % bands * band;
      columns(t / bands * b.size * b.inner + j, b.inner, std::min(band, b.inner - j));
    }
  });
}

/// What a row's loss is made of; weight 0 for an ignored row.
template <class T> struct Target {
  const std::int64_t* t;
  const T* w;
  const CrossEntropy* o;
  std::int64_t classes;
  double all;  // sum of the classes' weights
  Target(const Array& ta, const Array& wa, const CrossEntropy& options, std::int64_t c)
      : t(ta.data<std::int64_t>()), w(wa.defined() ? wa.data<T>() : nullptr), o(&options), classes(c), all(static_cast<double>(c)) {
    if (w) all = static_cast<double>(sum_row<ValueTerm>(w, c, T(0)));
  }
  bool counts(std::int64_t i) const { return t[i] != o->ignore; }
  double weight(std::int64_t i) const { return !counts(i) ? 0 : w ? static_cast<double>(w[t[i]]) : 1; }
  double spread() const { return o->smoothing / static_cast<double>(classes); }  // factor of sum_c w[c]
};

void check_classes(const Array& t, std::int64_t classes, std::int64_t ignore) {
  const std::int64_t* p = t.data<std::int64_t>();
  for (std::int64_t i = 0; i < t.numel(); ++i)
    if ((p[i] < 0 || p[i] >= classes) && p[i] != ignore)
      fail<IndexError>("cross_entropy", "expected classes in [0, {}), got {} at place {} of the target", classes, p[i], i);
}

}  // namespace

Array softmax(const Array& in, int dim, bool logarithm) {
  const Array x = contiguous(in);
  Array out(x.shape(), x.dtype());
  const Blocks b(x.shape(), dim);
  for_floating(x.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const T* p = x.data<T>();
    T* o = out.data<T>();
    each_line(b, [=](std::int64_t at) { softmax_row(p + at, o + at, b.size, logarithm); },
              [=](std::int64_t at, std::int64_t stride, std::int64_t w) { softmax_columns(p + at, o + at, b.size, stride, w, logarithm); });
  });
  return out;
}

Array softmax_grad(const Array& vg, const Array& vy, int dim, bool logarithm) {
  const Array g = contiguous(vg), y = contiguous(vy);
  Array out(y.shape(), y.dtype());
  const Blocks b(y.shape(), dim);
  for_floating(y.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const T *pg = g.data<T>(), *py = y.data<T>();
    T* o = out.data<T>();
    each_line(b, [=](std::int64_t at) { softmax_grad_row(pg + at, py + at, o + at, b.size, logarithm); },
              [=](std::int64_t at, std::int64_t stride, std::int64_t w) {
                softmax_grad_columns(pg + at, py + at, o + at, b.size, stride, w, logarithm);
              });
  });
  return out;
}

Array logsumexp_rows(const Array& x) {
  const std::int64_t n = x.size(1);
  Array out(Shape{x.size(0)}, x.dtype());
  for_floating(x.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const T* p = x.data<T>();
    T* o = out.data<T>();
    detail::parallel_for(x.size(0), row_grain(4 * n), [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) o[i] = logsumexp_row(p + i * n, n);
    });
  });
  return out;
}

CrossEntropyResult cross_entropy(const Array& x, const Array& ta, const CrossEntropy& options) {
  const std::int64_t rows = x.size(0), c = x.size(1);
  check_classes(ta, c, options.ignore);
  CrossEntropyResult r{Array(Shape{rows}, x.dtype()), Array(Shape{rows}, x.dtype())};
  for_floating(x.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const Target<T> t(ta, options.weight, options, c);
    const T* p = x.data<T>();
    T *losses = r.losses.data<T>(), *logsum = r.logsum.data<T>();
    detail::parallel_for(rows, row_grain(4 * c), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        losses[i] = logsum[i] = 0;
        if (!t.counts(i)) continue;
        const T* row = p + i * c;
        logsum[i] = logsumexp_row(row, c);
        const double lse = static_cast<double>(logsum[i]);
        double loss = t.weight(i) * (1 - options.smoothing) * (lse - static_cast<double>(row[t.t[i]]));
        if (options.smoothing != 0) {
          double s = 0;
          for (std::int64_t k = 0; k < c; ++k) s += (t.w ? static_cast<double>(t.w[k]) : 1) * (lse - static_cast<double>(row[k]));
          loss += t.spread() * s;
        }
        losses[i] = static_cast<T>(loss);
      }
    });
    r.total = static_cast<double>(sum_row<ValueTerm>(static_cast<const T*>(losses), rows, T(0)));
    for (std::int64_t i = 0; i < rows; ++i) r.weight += t.weight(i);
  });
  return r;
}

Array cross_entropy_grad(const Array& vg, double factor, const Array& x, const Array& ta, const Array& logsum, const CrossEntropy& options) {
  const Array g = contiguous(vg);
  const std::int64_t c = x.size(1);
  Array out(x.shape(), x.dtype());
  for_floating(x.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const Target<T> t(ta, options.weight, options, c);
    const T *p = x.data<T>(), *pg = g.data<T>(), *lse = logsum.data<T>();
    const std::int64_t step = g.rank() == 0 ? 0 : 1;
    T* o = out.data<T>();
    detail::parallel_for(x.size(0), row_grain(4 * c), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        T* to = o + i * c;
        if (!t.counts(i)) {
          for (std::int64_t k = 0; k < c; ++k) to[k] = 0;
          continue;
        }
        const double scale = static_cast<double>(pg[i * step]) * factor, own = t.weight(i) * (1 - options.smoothing);
        const T a = static_cast<T>(scale * (own + t.spread() * t.all)), even = static_cast<T>(scale * t.spread()), m = lse[i];
        chunks(p + i * c, c, T(0), [&](std::int64_t at, const auto& v, std::int64_t count) {
          const auto e = exp_of(v - m);
          for (std::int64_t k = 0; k < count; ++k) to[at + k] = e[k] * a;
        });
        if (options.smoothing != 0)
          for (std::int64_t k = 0; k < c; ++k) to[k] -= t.w ? even * t.w[k] : even;
        to[t.t[i]] -= static_cast<T>(scale * own);
      }
    });
  });
  return out;
}

CrossEntropyParts cross_entropy_parts(const Array& x, const Array& ta, const CrossEntropy& options) {
  const std::int64_t rows = x.size(0), c = x.size(1);
  CrossEntropyParts r{Array(Shape{rows, 1}, x.dtype()), Array(x.shape(), x.dtype())};
  for_floating(x.dtype(), [&](auto* tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const Target<T> t(ta, options.weight, options, c);
    for (std::int64_t i = 0; i < rows; ++i) {
      const double on = t.counts(i) ? 1 : 0, own = t.weight(i) * (1 - options.smoothing);
      T* q = r.q.data<T>() + i * c;
      r.a.data<T>()[i] = static_cast<T>(on * (own + t.spread() * t.all));
      for (std::int64_t k = 0; k < c; ++k) q[k] = static_cast<T>(on * t.spread() * (t.w ? static_cast<double>(t.w[k]) : 1));
      if (t.counts(i)) q[t.t[i]] += static_cast<T>(own);
    }
  });
  return r;
}

}  // namespace eg::kernels
