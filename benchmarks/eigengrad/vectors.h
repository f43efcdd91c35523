// What the limits are made of: registers, two kinds of stores, and a part of the work for each thread.
#pragma once
#include <eigengrad/eigengrad.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>

namespace bench {

// A register: wider vectors would be split, and accumulators then live in memory.
#if defined(__AVX512F__)
constexpr int width = 64;
#elif defined(__AVX__)
constexpr int width = 32;
#else
constexpr int width = 16;
#endif
typedef float Vector __attribute__((vector_size(width)));
constexpr std::int64_t lanes = width / 4;

inline Vector load(const float* p) {
  Vector v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

struct Ordinary {
  static void store(float* p, Vector v) { std::memcpy(p, &v, sizeof v); }
  static void finish() {}
};
/// Saves reading the line before it is written, and keeps what the caches hold. p is aligned to a Vector.
struct PastCaches {
  static void store(float* p, Vector v) {
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX__)
    _mm256_stream_ps(p, (__m256)v);
#elif defined(__SSE2__)
    _mm_stream_ps(p, (__m128)v);
#else
    Ordinary::store(p, v);
#endif
  }
  static void finish() {
#if defined(__SSE2__)
    _mm_sfence();
#endif
  }
};

/// body(begin, end, part) over [0, n), one part a thread.
template <class Body> void in_parts(std::int64_t n, Body body) {
  const std::int64_t part = (n - 1) / eg::num_threads() + 1;
  eg::detail::parallel_for(n, part, [&](std::int64_t begin, std::int64_t end) { body(begin, end, begin / part); });
}

}  // namespace bench
