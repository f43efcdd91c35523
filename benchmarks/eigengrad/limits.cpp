// What this machine can do with as many threads as the workloads get: multiply-adds from registers, and loops that only
// move the tensors a workload must move. Norms in training have row_limits.cpp.
#include <eigengrad/eigengrad.h>

#include <array>

#include "vectors.h"
#include "workload.h"

namespace bench {
namespace {

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

/// body(begin, end) over [0, n), one part a thread; begin and end are multiples of a cache line's 16 values.
template <class Body> void in_lines(std::int64_t n, Body body) {
  in_parts((n + 15) / 16, [&](std::int64_t begin, std::int64_t end, std::int64_t) { body(16 * begin, 16 * end); });
}
/// y = x
template <class Store> void copy(std::int64_t n, const float* x, float* y) {
  in_lines(n, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += lanes) Store::store(y + i, load(x + i));
    Store::finish();
  });
}
/// z = x + y
template <class Store> void sum(std::int64_t n, const float* x, const float* y, float* z) {
  in_lines(n, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += lanes) Store::store(z + i, load(x + i) + load(y + i));
    Store::finish();
  });
}
/// p += g, m += g, v += g
void update(std::int64_t n, const float* g, float* p, float* m, float* v) {
  in_lines(n, [=](std::int64_t begin, std::int64_t end) {
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
