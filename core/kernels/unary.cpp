#include <eigengrad/core/parallel.h>

#include <cmath>
#include <limits>

#include "detail/eigen.h"
#include "kernels/activations.h"
#include "kernels/copy.h"
#include "kernels/elementwise.h"
#include "kernels/strided.h"

namespace eg::kernels {
namespace {

// A run without gaps as an Eigen array: log, sin and cos are Eigen's vector functions.
template <class T> using In = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>;
template <class T> using Out = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>>;

// --- functions written as loops over one element ------------------------------------------------------------------------
struct Neg { template <class T> static T f(T x, T, T) { return -x; } };
struct Abs { template <class T> static T f(T x, T, T) { return std::abs(x); } };
struct Sign { template <class T> static T f(T x, T, T) { return static_cast<T>((x > T(0)) - (x < T(0))); } };
struct Square { template <class T> static T f(T x, T, T) { return x * x; } };
struct Reciprocal { template <class T> static T f(T x, T, T) { return T(1) / x; } };
struct Sqrt { template <class T> static T f(T x, T, T) { return std::sqrt(x); } };
struct Rsqrt { template <class T> static T f(T x, T, T) { return T(1) / std::sqrt(x); } };
struct Relu { template <class T> static T f(T x, T, T) { return x < T(0) ? T(0) : x; } };
struct LeakyRelu { template <class T> static T f(T x, T p, T) { return x > T(0) ? x : p * x; } };
struct Clamp { template <class T> static T f(T x, T p, T q) { const T y = x < p ? p : x; return y > q ? q : y; } };

// Integers are whole already.
struct Floor { template <class T> static T f(T x, T, T) { if constexpr (std::is_integral_v<T>) return x; else return std::floor(x); } };
struct Ceil { template <class T> static T f(T x, T, T) { if constexpr (std::is_integral_v<T>) return x; else return std::ceil(x); } };
struct Round { template <class T> static T f(T x, T, T) { if constexpr (std::is_integral_v<T>) return x; else return std::nearbyint(x); } };
struct Trunc { template <class T> static T f(T x, T, T) { if constexpr (std::is_integral_v<T>) return x; else return std::trunc(x); } };
struct Log2 { template <class T> static T f(T x, T, T) { return std::log2(x); } };
struct Tan { template <class T> static T f(T x, T, T) { return std::tan(x); } };
struct Asin { template <class T> static T f(T x, T, T) { return std::asin(x); } };
struct Acos { template <class T> static T f(T x, T, T) { return std::acos(x); } };
struct Atan { template <class T> static T f(T x, T, T) { return std::atan(x); } };
struct Sinh { template <class T> static T f(T x, T, T) { return std::sinh(x); } };
struct Cosh { template <class T> static T f(T x, T, T) { return std::cosh(x); } };
struct Erfc { template <class T> static T f(T x, T, T) { return std::erfc(x); } };
struct Softsign { template <class T> static T f(T x, T, T) { return x / (T(1) + std::abs(x)); } };
struct Zero { template <class T> static T f(T, T, T) { return T(0); } };

using Run = void (*)(const void* x, void* out, std::int64_t n, double p, double q);

// A parameter as T; beyond the integers at their ends.
template <class T> T parameter(double v) {
  if constexpr (std::is_integral_v<T>) return v >= 0x1p63 ? std::numeric_limits<T>::max() : v < -0x1p63 ? std::numeric_limits<T>::min() : static_cast<T>(v);
  else return static_cast<T>(v);
}

template <class F, class T> void loop(const void* vx, void* vo, std::int64_t n, double pd, double qd) {
  const T* x = static_cast<const T*>(vx);
  T* o = static_cast<T*>(vo);
  const T p = parameter<T>(pd), q = parameter<T>(qd);
EIGENGRAD_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) o[i] = F::f(x[i], p, q);
}

// --- functions that Eigen vectorizes -------------------------------------------------------------------------------------
struct Log { template <class A> static auto f(const A& x) { return x.log(); } };
struct Sin { template <class A> static auto f(const A& x) { return x.sin(); } };
struct Cos { template <class A> static auto f(const A& x) { return x.cos(); } };

// The tail that does not fill a vector goes through one as well, so that an element's value does not depend on where
// in the array it stands.
template <class F, class T> void vector(const void* vx, void* vo, std::int64_t n, double, double) {
  constexpr std::int64_t width = 64 / sizeof(T);
  const T* x = static_cast<const T*>(vx);
  T* o = static_cast<T*>(vo);
  const std::int64_t whole = n / width * width;
  if (whole) Out<T>(o, whole) = F::f(In<T>(x, whole));
  if (n > whole) {
    Block<T> in = Block<T>::Ones(), out;
    for (std::int64_t i = whole; i < n; ++i) in[i - whole] = x[i];
    out = F::f(in);
    for (std::int64_t i = whole; i < n; ++i) o[i] = out[i - whole];
  }
}

// --- functions of kernels/activations.h, a block at a time ---------------------------------------------------------------
template <class F, class T> void blocks(const void* vx, void* vo, std::int64_t n, double pd, double qd) {
  constexpr std::int64_t width = 64 / sizeof(T);
  using V = Block<T>;
  const T* x = static_cast<const T*>(vx);
  T* o = static_cast<T*>(vo);
  const T p = static_cast<T>(pd), q = static_cast<T>(qd);
  std::int64_t i = 0;
  for (; i + width <= n; i += width) Eigen::Map<V>(o + i) = F::template f<V, T>(V(Eigen::Map<const V>(x + i)), p, q);
  if (i < n) {
    V in = V::Ones();
    for (std::int64_t k = i; k < n; ++k) in[k - i] = x[k];
    const V out = F::template f<V, T>(in, p, q);
    for (std::int64_t k = i; k < n; ++k) o[k] = out[k - i];
  }
}

struct Entry { Run runs[4]; };  // by DType; null where the function gives fractions
template <class F> constexpr Entry number() { return {{nullptr, &loop<F, std::int64_t>, &loop<F, float>, &loop<F, double>}}; }
template <class F> constexpr Entry fraction() { return {{nullptr, nullptr, &loop<F, float>, &loop<F, double>}}; }
template <class F> constexpr Entry block() { return {{nullptr, nullptr, &blocks<F, float>, &blocks<F, double>}}; }
template <class F> constexpr Entry eigen() { return {{nullptr, nullptr, &vector<F, float>, &vector<F, double>}}; }

// In the order of enum Unary.
constexpr Entry table[] = {
    number<Neg>(), number<Abs>(), number<Sign>(), number<Square>(), fraction<Reciprocal>(), fraction<Sqrt>(),
    fraction<Rsqrt>(), block<ExpBlock>(), block<Expm1Block>(), eigen<Log>(), fraction<Log2>(), block<Log1pBlock>(), eigen<Sin>(),
    eigen<Cos>(), fraction<Tan>(), fraction<Asin>(), fraction<Acos>(), fraction<Atan>(), fraction<Sinh>(), fraction<Cosh>(),
    block<TanhBlock>(), block<SigmoidBlock>(), block<LogSigmoidBlock>(), block<ErfBlock>(), fraction<Erfc>(), number<Relu>(),
    fraction<LeakyRelu>(), block<SoftplusBlock>(), fraction<Softsign>(), block<SiluBlock>(), block<MishBlock>(),
    block<EluBlock>(), block<GeluBlock>(), block<GeluTanhBlock>(), number<Clamp>(), number<Floor>(), number<Ceil>(),
    number<Round>(), number<Trunc>(), number<Zero>()};
static_assert(std::size(table) == static_cast<std::size_t>(Unary::count));

template <class Test> Array predicate(const Array& x, Test test) {
  const Array in = contiguous(x);
  Array out(x.shape(), DType::boolean);
  bool* o = out.data<bool>();
  auto run = [&](const auto* p) {
    for (std::int64_t i = 0; i < in.numel(); ++i) o[i] = test(p[i]);
  };
  switch (x.dtype()) {
    case DType::boolean: run(in.data<bool>()); break;
    case DType::int64: run(in.data<std::int64_t>()); break;
    case DType::float32: run(in.data<float>()); break;
    case DType::float64: run(in.data<double>()); break;
  }
  return out;
}

}  // namespace

Array unary(Unary f, const Array& x, double p, double q, Array* reuse) {
  const Entry& e = table[static_cast<int>(f)];
  DType t = x.dtype();
  while (!e.runs[static_cast<int>(t)]) t = static_cast<DType>(static_cast<int>(t) + 1);
  const Array in = t == x.dtype() ? contiguous(x) : cast(x, t);
  const Run run = e.runs[static_cast<int>(t)];
  const bool take = reuse && reuse->defined() && reuse->unique() && reuse->contiguous() && reuse->dtype() == t &&
                    reuse->shape() == x.shape();
  Array out = take ? *reuse : Array(x.shape(), t);
  const std::int64_t n = in.numel(), item = static_cast<std::int64_t>(itemsize(t));
  if (n <= parallel_grain) {
    run(in.raw(), out.raw(), n, p, q);
  } else {
    detail::parallel_for(n, parallel_grain, [&](std::int64_t b, std::int64_t s) {
      run(in.raw() + b * item, out.raw() + b * item, s - b, p, q);
    });
  }
  return out;
}

Array logical_not(const Array& x) { return predicate(x, [](auto v) { return !v; }); }
Array is_nan(const Array& x) { return predicate(x, [](auto v) { return v != v; }); }
Array is_inf(const Array& x) {
  return predicate(x, [](auto v) { return v == v && v - v != 0; });
}
Array is_finite(const Array& x) { return predicate(x, [](auto v) { return v - v == 0; }); }

}  // namespace eg::kernels
