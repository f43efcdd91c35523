#pragma once
// Vectors of a fixed width on every machine: 64 bytes, held in as many registers as the machine needs for them.
// A fixed width fixes the order of every sum, so the number of lanes is part of the definition of a kernel.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

// Before a loop: no iteration reads what another one writes, though an input may be the output itself.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"  // some functions have no vector form
#define EIGENGRAD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define EIGENGRAD_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace eg::kernels {

// Defined by the build where a machine shall test the kernels of a wider one; the compiler then makes do.
#if defined(EIGENGRAD_REGISTER_BYTES)
inline constexpr int register_bytes = EIGENGRAD_REGISTER_BYTES;
#elif defined(__AVX512F__)
inline constexpr int register_bytes = 64;
#elif defined(__AVX2__)
inline constexpr int register_bytes = 32;
#else
inline constexpr int register_bytes = 16;
#endif

// Note [Vectors wider than registers]
// g++ keeps a vector of its own that is wider than the machine's registers in memory: a product on AVX2 ran at a
// fifteenth of its speed. So Vec<T, N> is the compiler's vector where that fits a register and two halves otherwise,
// down to registers. Kernels write arithmetic, comparisons and shifts as operators, which both kinds have, and all else
// with the functions below: load, store, select, convert, cast_bits, shuffle, sqrt.
template <class T, int N>
struct Halves;
template <class T, int N, bool fits = (N * sizeof(T) <= register_bytes)>
struct VecOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};
template <class T, int N>
struct VecOf<T, N, false> {
  using type = Halves<T, N>;
};
/// N lanes of T; N is a power of two.
template <class T, int N>
using Vec = typename VecOf<T, N>::type;

/// What a comparison of lanes of T gives: lanes of -1 (true) or 0.
template <class T>
using MaskLane = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

template <class T, int N>
struct Halves {
  using Half = Vec<T, N / 2>;
  using Mask = Vec<MaskLane<T>, N>;
  Half lo, hi;
  T operator[](int i) const { return i < N / 2 ? lo[i] : hi[i - N / 2]; }

  friend Halves operator-(Halves a) { return {-a.lo, -a.hi}; }
  friend Halves operator~(Halves a) { return {~a.lo, ~a.hi}; }
#define EG_LANEWISE(op)                                                                  \
  friend Halves operator op(Halves a, Halves b) { return {a.lo op b.lo, a.hi op b.hi}; } \
  friend Halves operator op(Halves a, T b) { return {a.lo op b, a.hi op b}; }            \
  friend Halves operator op(T a, Halves b) { return {a op b.lo, a op b.hi}; }            \
  template <class B>                                                                     \
  friend Halves& operator op##=(Halves& a, B b) {                                        \
    return a = a op b;                                                                   \
  }
  EG_LANEWISE(+)
  EG_LANEWISE(-) EG_LANEWISE(*) EG_LANEWISE(/) EG_LANEWISE(&) EG_LANEWISE(|) EG_LANEWISE(^) EG_LANEWISE(<<)
      EG_LANEWISE(>>)
#undef EG_LANEWISE
#define EG_COMPARES(op)                                                                \
  friend Mask operator op(Halves a, Halves b) {                                        \
    return {(typename Mask::Half)(a.lo op b.lo), (typename Mask::Half)(a.hi op b.hi)}; \
  }                                                                                    \
  friend Mask operator op(Halves a, T b) {                                             \
    return {(typename Mask::Half)(a.lo op b), (typename Mask::Half)(a.hi op b)};       \
  }
          EG_COMPARES(<) EG_COMPARES(<=) EG_COMPARES(>) EG_COMPARES(>=) EG_COMPARES(==) EG_COMPARES(!=)
#undef EG_COMPARES
};

template <class V>
struct IsHalves : std::false_type {};
template <class T, int N>
struct IsHalves<Halves<T, N>> : std::true_type {};
template <class V>
inline constexpr bool is_halves = IsHalves<V>::value;
template <class V>
using LaneOf = std::remove_cvref_t<decltype(std::declval<const V&>()[0])>;
template <class V>
inline constexpr int lanes_of = sizeof(V) / sizeof(LaneOf<V>);
template <class V>
using HalfOf = Vec<LaneOf<V>, lanes_of<V> / 2>;

using f32x16 = Vec<float, 16>;
using f64x8 = Vec<double, 8>;
using i32x16 = Vec<std::int32_t, 16>;
using i64x8 = Vec<std::int64_t, 8>;
using f32x8 = Vec<float, 8>;

/// The 64-byte vector of T, and its number of lanes.
template <class T>
inline constexpr int lanes = 64 / sizeof(T);
template <class T>
using Simd = Vec<T, lanes<T>>;
/// Lanes of a register.
template <class T>
inline constexpr int register_lanes = register_bytes / static_cast<int>(sizeof(T));
/// The mask that compares Simd<T>.
template <class T>
using SimdMask = Vec<MaskLane<T>, lanes<T>>;

/// f(0), f(1), ... f(n - 1), the index as a constant. g++ 12 leaves a loop outside of all others as it is until arrays
/// have been put into registers, so an array that such a loop walks stays in memory.
template <int n, class F>
inline void unrolled(F f) {
  [&]<int... i>(std::integer_sequence<int, i...>) { (f(std::integral_constant<int, i>{}), ...); }
  (std::make_integer_sequence<int, n>{});
}

/// Calls f with the constant 0 <= n <= most that equals `n`; false where none does.
template <int most, class F>
inline bool with_constant(std::int64_t n, F f) {
  return [&]<int... c>(std::integer_sequence<int, c...>) {
    return ((n == c && (f(std::integral_constant<int, c>{}), true)) || ...);
  }
  (std::make_integer_sequence<int, most + 1>{});
}

/// Unaligned load and store.
template <class V, class T>
inline V load(const T* p) {
  if constexpr (is_halves<V>) {
    return {load<HalfOf<V>>(p), load<HalfOf<V>>(p + lanes_of<V> / 2)};
  } else {
    V v;
    std::memcpy(&v, p, sizeof(V));
    return v;
  }
}
template <class V, class T>
inline void store(T* p, V v) {
  if constexpr (is_halves<V>) {
    store(p, v.lo);
    store(p + lanes_of<V> / 2, v.hi);
  } else {
    std::memcpy(p, &v, sizeof(V));
  }
}

/// v itself, as a register: g++ 12 reads a loaded value that is used twice from memory twice, and a loop over several
/// arrays is bound by its loads.
template <class V>
inline V in_register(V v) {
  if constexpr (is_halves<V>) {
    return {in_register(v.lo), in_register(v.hi)};
  } else {
#if !defined(__clang__) && defined(__x86_64__) && !defined(EIGENGRAD_REGISTER_BYTES)
    asm("" : "+v"(v));
#endif
    return v;
  }
}

/// A store past the caches, which saves reading the line first and keeps what the caches hold; p is aligned to V.
/// Where a machine or compiler has none, a plain store. Before another thread may read: fence_stores().
template <class V, class T>
inline void store_past_caches(T* p, V v) {
  if constexpr (is_halves<V>) {
    store_past_caches(p, v.lo);
    store_past_caches(p + lanes_of<V> / 2, v.hi);
  } else {
#if defined(__clang__)
    __builtin_nontemporal_store(v, reinterpret_cast<V*>(p));
#else
#if defined(__AVX512F__)
    if constexpr (sizeof(V) == 64)
      __builtin_ia32_movntps512(reinterpret_cast<float*>(p), (Vec<float, 16>)v);
    else
#endif
#if defined(__AVX__)
        if constexpr (sizeof(V) == 32)
      __builtin_ia32_movntps256(reinterpret_cast<float*>(p), (Vec<float, 8>)v);
    else
#endif
#if defined(__SSE2__)
        if constexpr (sizeof(V) == 16)
      __builtin_ia32_movntps(reinterpret_cast<float*>(p), (Vec<float, 4>)v);
    else
#endif
      store(p, v);
#endif
  }
}
inline void fence_stores() {
#if defined(__SSE2__)
  __builtin_ia32_sfence();
#endif
}

/// Lane by lane: yes where the mask is set, else no. Also of single values.
template <class M, class V>
inline V select(M mask, V yes, V no) {
  if constexpr (is_halves<V>)
    return {select(mask.lo, yes.lo, no.lo), select(mask.hi, yes.hi, no.hi)};
  else
    return mask ? yes : no;
}

/// The same bits as lanes of another type.
template <class To, class V>
inline To cast_bits(V v) {
  static_assert(sizeof(To) == sizeof(V));
  if constexpr (is_halves<V>)
    return {cast_bits<HalfOf<To>>(v.lo), cast_bits<HalfOf<To>>(v.hi)};
  else
    return (To)v;
}

template <class V>
inline HalfOf<V> low_half(V v) {
  if constexpr (is_halves<V>)
    return v.lo;
  else
    return [&]<int... i>(std::integer_sequence<int, i...>) { return __builtin_shufflevector(v, v, i...); }
  (std::make_integer_sequence<int, lanes_of<V> / 2>{});
}
template <class V>
inline HalfOf<V> high_half(V v) {
  if constexpr (is_halves<V>)
    return v.hi;
  else
    return [&]<int... i>(std::integer_sequence<int, i...>) {
      return __builtin_shufflevector(v, v, (lanes_of<V> / 2 + i)...);
    }
  (std::make_integer_sequence<int, lanes_of<V> / 2>{});
}
template <class V>
inline Vec<LaneOf<V>, 2 * lanes_of<V>> join(V lo, V hi) {
  using To = Vec<LaneOf<V>, 2 * lanes_of<V>>;
  if constexpr (is_halves<To>)
    return {lo, hi};
  else
    return [&]<int... i>(std::integer_sequence<int, i...>) { return __builtin_shufflevector(lo, hi, i...); }
  (std::make_integer_sequence<int, 2 * lanes_of<V>>{});
}

/// Each lane's value in another type.
template <class To, class V>
inline To convert(V v) {
  if constexpr (is_halves<To> || is_halves<V>) {
    return join(convert<HalfOf<To>>(low_half(v)), convert<HalfOf<To>>(high_half(v)));
  } else {
#if defined(__GNUC__) && !defined(__clang__)  // g++ 12 widens floats by parts, though one instruction does it
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<To, Vec<double, 8>> && std::is_same_v<V, Vec<float, 8>>)
      return __builtin_ia32_cvtps2pd512_mask(v, To{}, -1, 4);
    else
#endif
#if defined(__AVX__)
        if constexpr (std::is_same_v<To, Vec<double, 4>> && std::is_same_v<V, Vec<float, 4>>)
      return __builtin_ia32_cvtps2pd256(v);
    else
#endif
#endif
      return __builtin_convertvector(v, To);
  }
}

/// Lanes I of a and b one behind the other: 0 is lane 0 of a, lanes_of<V> is lane 0 of b.
template <int... I, class V>
inline Vec<LaneOf<V>, sizeof...(I)> shuffle(V a, V b) {
  using To = Vec<LaneOf<V>, sizeof...(I)>;
  constexpr int n = sizeof...(I), part = lanes_of<V> / 2;
  constexpr std::array<int, n> index{I...};
  if constexpr (!is_halves<V> && !is_halves<To>) {
    return __builtin_shufflevector(a, b, I...);
  } else if constexpr (is_halves<V>) {
    // Of the four halves a.lo, a.hi, b.lo, b.hi, two may be all that is needed.
    constexpr int first = index[0] / part;
    constexpr int second = [=] {
      for (int i : index)
        if (i / part != first) return i / part;
      return first;
    }();
    constexpr bool two = ((I / part == first || I / part == second) && ...);
    if constexpr (two) {
      const auto half = [&](auto which) {
        constexpr int w = which();
        if constexpr (w == 0)
          return a.lo;
        else if constexpr (w == 1)
          return a.hi;
        else if constexpr (w == 2)
          return b.lo;
        else
          return b.hi;
      };
      return shuffle<(I % part + (I / part == first ? 0 : part))...>(half(std::integral_constant<int, first>{}),
                                                                     half(std::integral_constant<int, second>{}));
    } else {
      return [&]<int... i>(std::integer_sequence<int, i...>) {
        return join(shuffle<index[i]...>(a, b), shuffle<index[n / 2 + i]...>(a, b));
      }
      (std::make_integer_sequence<int, n / 2>{});
    }
  } else {
    return [&]<int... i>(std::integer_sequence<int, i...>) {
      return join(shuffle<index[i]...>(a, b), shuffle<index[n / 2 + i]...>(a, b));
    }
    (std::make_integer_sequence<int, n / 2>{});
  }
}

template <class V>
inline V sqrt(V v) {
  if constexpr (is_halves<V>) {
    return {sqrt(v.lo), sqrt(v.hi)};
  } else {
    LaneOf<V> a[lanes_of<V>];
    store(a, v);
    for (auto& x : a) x = std::sqrt(x);
    return load<V>(a);
  }
}

}  // namespace eg::kernels
