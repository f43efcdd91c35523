#include <eigengrad/core/error.h>
#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "detail/format.h"
#include "kernels/activations.h"
#include "kernels/copy.h"
#include "kernels/elementwise.h"
#include "kernels/strided.h"

namespace eg::kernels {
namespace {

// --- the functions: one element of type T, p a parameter ---------------------------------------------------------------
template <class T> T nan_or(T a, T b, T chosen) { return a != a ? a : b != b ? b : chosen; }
struct Add { template <class T> static T f(T a, T b, T, T) { return a + b; } };
struct Sub { template <class T> static T f(T a, T b, T, T) { return a - b; } };
struct Mul { template <class T> static T f(T a, T b, T, T) { return a * b; } };
struct Div { template <class T> static T f(T a, T b, T, T) { return a / b; } };
struct Pow { template <class T> static T f(T a, T b, T, T) { return static_cast<T>(std::pow(a, b)); } };
struct Minimum { template <class T> static T f(T a, T b, T, T) { return nan_or(a, b, b < a ? b : a); } };
struct Maximum { template <class T> static T f(T a, T b, T, T) { return nan_or(a, b, a < b ? b : a); } };
struct Atan2 { template <class T> static T f(T a, T b, T, T) { return static_cast<T>(std::atan2(a, b)); } };
struct Eq { template <class T> static bool f(T a, T b, T, T) { return a == b; } };
struct Ne { template <class T> static bool f(T a, T b, T, T) { return a != b; } };
struct Lt { template <class T> static bool f(T a, T b, T, T) { return a < b; } };
struct Le { template <class T> static bool f(T a, T b, T, T) { return a <= b; } };
struct Gt { template <class T> static bool f(T a, T b, T, T) { return a > b; } };
struct Ge { template <class T> static bool f(T a, T b, T, T) { return a >= b; } };
struct And { template <class T> static bool f(T a, T b, T, T) { return (a != T(0)) & (b != T(0)); } };
struct Or { template <class T> static bool f(T a, T b, T, T) { return (a != T(0)) | (b != T(0)); } };
struct Xor { template <class T> static bool f(T a, T b, T, T) { return (a != T(0)) != (b != T(0)); } };
struct AddScaled { template <class T> static T f(T a, T b, T p, T) { return a + p * b; } };
struct TanhGrad { template <class T> static T f(T g, T y, T, T) { return g * (T(1) - y * y); } };
struct SigmoidGrad { template <class T> static T f(T g, T y, T, T) { return g * (y * (T(1) - y)); } };
struct ReluGrad { template <class T> static T f(T g, T y, T, T) { return y <= T(0) ? T(0) : g; } };
struct ClampGrad { template <class T> static T f(T g, T x, T p, T q) { return x >= p && x <= q ? g : T(0); } };
struct HardtanhGrad { template <class T> static T f(T g, T x, T p, T q) { return x > p && x < q ? g : T(0); } };
struct ShareOfMin { template <class T> static T f(T a, T b, T, T) { return b < a ? T(0) : b == a ? T(0.5) : T(1); } };
struct LeakyReluGrad { template <class T> static T f(T g, T x, T p, T) { return x > T(0) ? g : p * g; } };

// --- a run of n elements -----------------------------------------------------------------------------------------------
// sa, sb: strides of the inputs in elements; 0 repeats one element. The output is without gaps. a or b may be the output.
template <class F, class T, class R>
void run(const void* va, std::int64_t sa, const void* vb, std::int64_t sb, void* vo, std::int64_t n, double pd, double qd) {
  const T* a = static_cast<const T*>(va);
  const T* b = static_cast<const T*>(vb);
  R* o = static_cast<R*>(vo);
  const T p = static_cast<T>(pd), q = static_cast<T>(qd);
  if (sa == 1 && sb == 1) {
EIGENGRAD_INDEPENDENT
    for (std::int64_t i = 0; i < n; ++i) o[i] = F::f(a[i], b[i], p, q);
  } else if (sa == 1 && sb == 0) {
    const T c = *b;
EIGENGRAD_INDEPENDENT
    for (std::int64_t i = 0; i < n; ++i) o[i] = F::f(a[i], c, p, q);
  } else if (sa == 0 && sb == 1) {
    const T c = *a;
EIGENGRAD_INDEPENDENT
    for (std::int64_t i = 0; i < n; ++i) o[i] = F::f(c, b[i], p, q);
  } else {
    for (std::int64_t i = 0; i < n; ++i) o[i] = F::f(a[i * sa], b[i * sb], p, q);
  }
}
// Gradients of kernels/activations.h, a block at a time.
template <class F, class T>
void grads(const void* va, std::int64_t sa, const void* vb, std::int64_t sb, void* vo, std::int64_t n, double pd, double qd) {
  constexpr std::int64_t width = 64 / sizeof(T);
  using V = Block<T>;
  const T *a = static_cast<const T*>(va), *b = static_cast<const T*>(vb);
  T* o = static_cast<T*>(vo);
  const T p = static_cast<T>(pd), q = static_cast<T>(qd);
  for (std::int64_t i = 0; i < n; i += width) {
    const std::int64_t m = std::min(width, n - i);
    V x = V::Ones(), y = V::Ones();
    if (m == width && sa == 1 && sb == 1) {
      x = Eigen::Map<const V>(a + i);
      y = Eigen::Map<const V>(b + i);
    } else {
      for (std::int64_t k = 0; k < m; ++k) {
        x[k] = a[(i + k) * sa];
        y[k] = b[(i + k) * sb];
      }
    }
    const V r = F::template grad<V, T>(x, y, p, q);
    if (m == width) Eigen::Map<V>(o + i) = r;
    else for (std::int64_t k = 0; k < m; ++k) o[i + k] = r[k];
  }
}
using Run = void (*)(const void*, std::int64_t, const void*, std::int64_t, void*, std::int64_t, double, double);

struct Entry {
  const char* name;
  bool gives_bool;
  Run runs[4];  // by DType; null where the function is not defined for the type
};
template <class F> constexpr Entry number(const char* name) {
  return {name, false, {nullptr, &run<F, std::int64_t, std::int64_t>, &run<F, float, float>, &run<F, double, double>}};
}
template <class F> constexpr Entry fraction(const char* name) {
  return {name, false, {nullptr, nullptr, &run<F, float, float>, &run<F, double, double>}};
}
template <class F> constexpr Entry truth(const char* name) {
  return {name, true, {&run<F, bool, bool>, &run<F, std::int64_t, bool>, &run<F, float, bool>, &run<F, double, bool>}};
}
template <class F> constexpr Entry grad_of(const char* name) {
  return {name, false, {nullptr, nullptr, &grads<F, float>, &grads<F, double>}};
}
// In the order of enum Binary.
constexpr Entry table[] = {
    number<Add>("add"), number<Sub>("sub"), number<Mul>("mul"), fraction<Div>("div"), fraction<Pow>("pow"),
    number<Minimum>("minimum"), number<Maximum>("maximum"), fraction<Atan2>("atan2"),
    truth<Eq>("eq"), truth<Ne>("ne"), truth<Lt>("lt"), truth<Le>("le"), truth<Gt>("gt"), truth<Ge>("ge"),
    truth<And>("logical_and"), truth<Or>("logical_or"), truth<Xor>("logical_xor"),
    number<AddScaled>("add_scaled"), fraction<TanhGrad>("tanh_grad"), fraction<SigmoidGrad>("sigmoid_grad"),
    fraction<ReluGrad>("relu_grad"), fraction<LeakyReluGrad>("leaky_relu_grad"),
    fraction<ClampGrad>("clamp_grad"),
    fraction<HardtanhGrad>("hardtanh_grad"), grad_of<SoftplusBlock>("softplus_grad"), grad_of<SiluBlock>("silu_grad"),
    grad_of<MishBlock>("mish_grad"), grad_of<EluBlock>("elu_grad"), grad_of<GeluBlock>("gelu_grad"),
    grad_of<GeluTanhBlock>("gelu_tanh_grad"), fraction<ShareOfMin>("share_of_min")};
static_assert(std::size(table) == static_cast<std::size_t>(Binary::count));

// The type the function computes in, for operands of type t: bool counts as int64, integers as float32 where needed.
DType compute_type(const Entry& e, DType t) {
  while (!e.runs[static_cast<int>(t)]) t = static_cast<DType>(static_cast<int>(t) + 1);
  return t;
}

bool reusable(const Array* r, const Shape& shape, DType dtype) {
  return r && r->defined() && r->unique() && r->contiguous() && r->dtype() == dtype && r->shape() == shape;
}

Array apply(const Entry& e, const Array& a, const Array& b, DType type, double p, Array* reuse, double q = 0) {
  const DType result = e.gives_bool ? DType::boolean : type;
  const Run f = e.runs[static_cast<int>(type)];
  const std::int64_t item = static_cast<std::int64_t>(itemsize(type)), out_item = static_cast<std::int64_t>(itemsize(result));
  const bool same = a.shape() == b.shape();
  if (same && a.contiguous() && b.contiguous()) {
    Array out = reusable(reuse, a.shape(), result) ? *reuse : Array(a.shape(), result);
    const std::int64_t n = a.numel();
    if (n <= parallel_grain) {
      f(a.raw(), 1, b.raw(), 1, out.raw(), n, p, q);
    } else {
      detail::parallel_for(n, parallel_grain, [&](std::int64_t s, std::int64_t t) {
        f(a.raw() + s * item, 1, b.raw() + s * item, 1, out.raw() + s * out_item, t - s, p, q);
      });
    }
    return out;
  }
  const Shape shape = same ? a.shape() : broadcast_shapes(e.name, a.shape(), b.shape());
  Array out = reusable(reuse, shape, result) ? *reuse : Array(shape, result);
  if (out.numel() == 0) return out;
  const LoopNest<3> nest(shape, {&a, &b, &out});
  const std::int64_t n = nest.inner(), sa = nest.strides[0][nest.rank - 1], sb = nest.strides[1][nest.rank - 1];
  auto at = [&](std::int64_t oa, std::int64_t ob, std::int64_t oo, std::int64_t count) {
    f(a.raw() + oa * item, sa, b.raw() + ob * item, sb, out.raw() + oo * out_item, count, p, q);
  };
  if (nest.rank == 1) {
    detail::parallel_for(n, parallel_grain, [&](std::int64_t s, std::int64_t t) { at(s * sa, s * sb, s, t - s); });
  } else {
    detail::parallel_for(nest.outer(), std::max<std::int64_t>(1, parallel_grain / n), [&](std::int64_t s, std::int64_t t) {
      nest.rows(s, t, [&](const std::int64_t* o) { at(o[0], o[1], o[2], n); });
    });
  }
  return out;
}

Array as(const Array& a, DType t) { return a.dtype() == t ? a : cast(a, t); }

DType scalar_type(DType tensor, Scalar s) {
  return !s.integral() && !is_floating(tensor) ? DType::float32 : tensor == DType::boolean && s.integral() ? DType::int64 : tensor;
}

// A scalar as one element of type t, where a loop can read it.
struct Element {
  alignas(8) std::byte bytes[8];
  Element(Scalar s, DType t) {
    const auto put = [&](auto v) { std::memcpy(bytes, &v, sizeof(v)); };
    switch (t) {
      case DType::boolean: put(s.to<bool>()); break;
      case DType::int64: put(s.to<std::int64_t>()); break;
      case DType::float32: put(s.to<float>()); break;
      case DType::float64: put(s.to<double>()); break;
    }
  }
};

// f(x, s), or f(s, x) where the scalar comes first.
Array apply_scalar(const Entry& e, const Array& a, Scalar s, bool scalar_first, Array* reuse) {
  const DType type = compute_type(e, scalar_type(a.dtype(), s)), result = e.gives_bool ? DType::boolean : type;
  const Array x = a.dtype() == type ? contiguous(a) : cast(a, type);
  const Element c(s, type);
  const Run f = e.runs[static_cast<int>(type)];
  Array out = reusable(reuse, a.shape(), result) ? *reuse : Array(a.shape(), result);
  const std::int64_t item = static_cast<std::int64_t>(itemsize(type)), out_item = static_cast<std::int64_t>(itemsize(result));
  const auto part = [&](std::int64_t b, std::int64_t t) {
    const std::byte* p = x.raw() + b * item;
    if (scalar_first) f(c.bytes, 0, p, 1, out.raw() + b * out_item, t - b, 0, 0);
    else f(p, 1, c.bytes, 0, out.raw() + b * out_item, t - b, 0, 0);
  };
  if (a.numel() <= parallel_grain) part(0, a.numel());
  else detail::parallel_for(a.numel(), parallel_grain, part);
  return out;
}

}  // namespace

Array binary(Binary f, const Array& a, const Array& b, double p, Array* reuse, double q) {
  const Entry& e = table[static_cast<int>(f)];
  if (a.dtype() == b.dtype() && e.runs[static_cast<int>(a.dtype())]) return apply(e, a, b, a.dtype(), p, reuse, q);
  const DType t = compute_type(e, promote(a.dtype(), b.dtype()));
  return apply(e, as(a, t), as(b, t), t, p, reuse, q);
}

Array binary(Binary f, const Array& a, Scalar b, Array* reuse) {
  return apply_scalar(table[static_cast<int>(f)], a, b, false, reuse);
}

Array binary(Binary f, Scalar a, const Array& b, Array* reuse) {
  return apply_scalar(table[static_cast<int>(f)], b, a, true, reuse);
}

void binary_into(Binary f, Array& a, const Array& b, double p) {
  const Entry& e = table[static_cast<int>(f)];
  const Run run = e.runs[static_cast<int>(a.dtype())];
  if (!run || e.gives_bool) fail<DTypeError>(e.name, "expected elements the result can be stored in, got {}", a.dtype());
  // An operand that shares elements with a, but not place by place, is read before a is written.
  Array rhs = as(b, a.dtype());
  if (rhs.shares_storage(a) && !(rhs.raw() == a.raw() && rhs.shape() == a.shape() && rhs.strides() == a.strides())) rhs = copy(rhs);
  if (a.contiguous() && rhs.contiguous() && a.shape() == rhs.shape()) {
    const std::int64_t item = static_cast<std::int64_t>(itemsize(a.dtype()));
    detail::parallel_for(a.numel(), parallel_grain, [&](std::int64_t s, std::int64_t t) {
      run(a.raw() + s * item, 1, rhs.raw() + s * item, 1, a.raw() + s * item, t - s, p, 0);
    });
    return;
  }
  if (broadcast_shapes(e.name, a.shape(), b.shape()) != a.shape())
    fail<ShapeError>(e.name, "expected an operand that broadcasts to {}, got {}", a.shape(), b.shape());
  copy_into(a, apply(e, a, rhs, a.dtype(), p, nullptr));
}

// Selects bit by bit: g++ 12 makes a branch of anything else, and a branch guesses.
template <class T>
static void choose(const bool* __restrict c, const T* __restrict a, const T* __restrict b, T* __restrict o, std::int64_t n) {
  using Bits = std::conditional_t<sizeof(T) == 1, std::uint8_t, std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
  for (std::int64_t i = 0; i < n; ++i) {
    const Bits u = std::bit_cast<Bits>(a[i]), v = std::bit_cast<Bits>(b[i]), mask = static_cast<Bits>(Bits{0} - Bits{c[i]});
    o[i] = std::bit_cast<T>(static_cast<Bits>(v ^ ((u ^ v) & mask)));
  }
}

Array where(const Array& condition, const Array& a, const Array& b) {
  if (condition.dtype() != DType::boolean)
    fail<DTypeError>("where", "expected a bool condition, got {}; compare with 0 first", condition.dtype());
  const DType t = promote(a.dtype(), b.dtype());
  const Array x = as(a, t), y = as(b, t);
  const Shape shape = broadcast_shapes("where", condition.shape(), broadcast_shapes("where", a.shape(), b.shape()));
  Array out(shape, t);
  if (out.numel() == 0) return out;
  const LoopNest<4> nest(shape, {&condition, &x, &y, &out});
  auto loop = [&]<class T>(T*) {
    const std::int64_t n = nest.inner();
    std::int64_t s[4];
    for (int k = 0; k < 4; ++k) s[k] = nest.strides[k][nest.rank - 1];
    detail::parallel_for(nest.outer(), std::max<std::int64_t>(1, parallel_grain / n), [&](std::int64_t first, std::int64_t last) {
      nest.rows(first, last, [&](const std::int64_t* at) {
        const bool* c = condition.data<bool>() + at[0];
        const T *p = x.data<T>() + at[1], *q = y.data<T>() + at[2];
        T* o = out.data<T>() + at[3];
        if (s[0] == 1 && s[1] == 1 && s[2] == 1) {
          choose(c, p, q, o, n);
          return;
        }
        for (std::int64_t i = 0; i < n; ++i) o[i * s[3]] = c[i * s[0]] ? p[i * s[1]] : q[i * s[2]];
      });
    });
  };
  switch (t) {
    case DType::boolean: loop(static_cast<bool*>(nullptr)); break;
    case DType::int64: loop(static_cast<std::int64_t*>(nullptr)); break;
    case DType::float32: loop(static_cast<float*>(nullptr)); break;
    case DType::float64: loop(static_cast<double*>(nullptr)); break;
  }
  return out;
}

}  // namespace eg::kernels
