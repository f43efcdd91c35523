#pragma once
// Vectors of a fixed width on every machine: 64 bytes, which the compiler splits where registers are narrower.
// A fixed width fixes the order of every sum, so the number of lanes is part of the definition of a kernel.
#include <cstdint>
#include <cstring>

// Before a loop: no iteration reads what another one writes, though an input may be the output itself.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"  // some functions have no vector form
#define EIGENGRAD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define EIGENGRAD_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace eg::kernels {

using f32x16 = float __attribute__((vector_size(64)));
using f64x8 = double __attribute__((vector_size(64)));
using i32x16 = std::int32_t __attribute__((vector_size(64)));
using i64x8 = std::int64_t __attribute__((vector_size(64)));
using f32x8 = float __attribute__((vector_size(32)));

template <class T> struct SimdOf;
template <> struct SimdOf<float> { using type = f32x16; };
template <> struct SimdOf<double> { using type = f64x8; };
/// The 64-byte vector of T, and its number of lanes.
template <class T> using Simd = typename SimdOf<T>::type;
template <class T> inline constexpr int lanes = 64 / sizeof(T);

/// Unaligned load and store.
template <class V, class T> inline V load(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof(V));
  return v;
}
template <class V, class T> inline void store(T* p, V v) { std::memcpy(p, &v, sizeof(V)); }

/// A store past the caches, which saves reading the line first and keeps what the caches hold; p is aligned to V.
/// Where a machine or compiler has none, a plain store. Before another thread may read: fence_stores().
template <class V, class T> inline void store_past_caches(T* p, V v) {
#if defined(__clang__)
  __builtin_nontemporal_store(v, reinterpret_cast<V*>(p));
#elif defined(__AVX512F__)
  __builtin_ia32_movntps512(reinterpret_cast<float*>(p), (f32x16)v);
#elif defined(__SSE2__)
  using f32x4 = float __attribute__((vector_size(16)));
  for (int i = 0; i < 64; i += 16) {
    f32x4 part;
    std::memcpy(&part, reinterpret_cast<const char*>(&v) + i, sizeof part);
    __builtin_ia32_movntps(reinterpret_cast<float*>(reinterpret_cast<char*>(p) + i), part);
  }
#else
  store(p, v);
#endif
}
inline void fence_stores() {
#if defined(__SSE2__)
  __builtin_ia32_sfence();
#endif
}

}  // namespace eg::kernels
