// What this machine can do with as many threads as the workloads get: multiply-adds from registers, and loops that only
// move the tensors a workload must move.
#include <eigengrad/eigengrad.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <array>

#include "workload.h"

namespace bench {
namespace {

// A register: wider vectors would be split, and the accumulators below then live in memory.
#if defined(__AVX512F__)
constexpr int width = 64;
#elif defined(__AVX__)
constexpr int width = 32;
#else
constexpr int width = 16;
#endif
typedef float Vector __attribute__((vector_size(width)));
constexpr std::int64_t lanes = width / 4;

/// body(begin, end) over [0, n), one part a thread; begin and end are multiples of a cache line's 16 values.
template <class Body> void in_parts(std::int64_t n, Body body) {
  const std::int64_t lines = (n + 15) / 16, part = (lines - 1) / eg::num_threads() + 1;
  eg::detail::parallel_for(lines, part, [&](std::int64_t begin, std::int64_t end) { body(16 * begin, 16 * end); });
}

// --- multiply-adds ---------------------------------------------------------------------------------------------------

// Two units of four cycles' latency keep eight in flight; with the operands, twelve fit 16 registers.
constexpr int accumulators = 12, rounds = 200000;

void multiply_adds() {
  Vector a[accumulators] = {}, x, y;
  for (int i = 0; i < lanes; ++i) x[i] = 0.999f, y[i] = 1e-3f;
  for (int i = 0; i < accumulators; ++i) {  // unequal, or the compiler computes one for all
    for (int j = 0; j < lanes; ++j) a[i][j] = static_cast<float>(i);
    keep(&a[i]);
  }
  for (int r = 0; r < rounds; ++r)
#pragma GCC unroll 12
    for (Vector& v : a) v = v * x + y;
  for (Vector& v : a) keep(&v);
}

// --- moves -----------------------------------------------------------------------------------------------------------

Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }

struct Ordinary {
  static void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }
  static void finish() {}
};
// Saves reading the line before it is written, and keeps what the caches hold.
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

/// y = x
template <class Store> void copy(std::int64_t n, const float* x, float* y) {
  in_parts(n, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += lanes) Store::store(y + i, load(x + i));
    Store::finish();
  });
}
/// z = x + y
template <class Store> void sum(std::int64_t n, const float* x, const float* y, float* z) {
  in_parts(n, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += lanes) Store::store(z + i, load(x + i) + load(y + i));
    Store::finish();
  });
}
/// p += g, m += g, v += g
void update(std::int64_t n, const float* g, float* p, float* m, float* v) {
  in_parts(n, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += lanes) {
      const Vector a = load(g + i), b = load(p + i) + a, c = load(m + i) + a, d = load(v + i) + a;
      Ordinary::store(p + i, b);
      Ordinary::store(m + i, c);
      Ordinary::store(v + i, d);
    }
  });
}

/// move(n, four tensors of n values)
using Tensors = std::array<float*, 4>;
template <class Move> void add_moves(const std::string& name, std::int64_t n, Move move) {
  add("limit/moves/" + name, [=]() -> Call {
    std::array<eg::Tensor, 4> tensors;  // the library's memory, as the workload's
    Tensors t;
    for (std::size_t k = 0; k < t.size(); ++k) {
      tensors[k] = eg::ones({(n + 15) / 16 * 16});
      t[k] = tensors[k].mutable_data<float>().data();
    }
    return [=, owners = std::move(tensors)] { move(n, t); };
  });
}

/// What a norm has to move, x, y, g, dx: once with each kind of store; the better one is the limit.
template <class Store> void add_norm_moves(const std::string& name, const std::string& kind, std::int64_t n) {
  add_moves(name + "/fwd" + kind, n, [](std::int64_t size, const Tensors& t) { copy<Store>(size, t[0], t[1]); });
  add_moves(name + "/fwdbwd" + kind, n, [](std::int64_t size, const Tensors& t) {
    copy<Store>(size, t[0], t[1]);
    sum<Store>(size, t[0], t[2], t[3]);
  });
  add_moves(name + "/fwdbwd_without_x" + kind, n, [](std::int64_t size, const Tensors& t) {
    copy<Store>(size, t[0], t[1]);
    copy<Store>(size, t[2], t[3]);
  });
}

}  // namespace

void add_limits() {
  // Microseconds per 1e9 floating-point operations of all threads together.
  const double gflop = 1e-9 * 2 * lanes * accumulators * rounds * eg::num_threads();
  add("limit/fma", []() -> Call {
    return [] { eg::detail::parallel_for(eg::num_threads(), 1, [](std::int64_t, std::int64_t) { multiply_adds(); }); };
  }, gflop);
  for (const auto& s : norm_shapes) {
    add_norm_moves<Ordinary>(text(s), "", s[0] * s[1] * s[2]);
    add_norm_moves<PastCaches>(text(s), "/past_caches", s[0] * s[1] * s[2]);
  }
  for (const std::int64_t n : mlp_parameters)
    add_moves("adam/" + std::to_string(n), n, [](std::int64_t size, const Tensors& t) { update(size, t[0], t[1], t[2], t[3]); });
}

}  // namespace bench
