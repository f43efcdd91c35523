// What this machine can do on one core: multiply-adds from registers, and copies of the tensors of group b.
#include <eigengrad/eigengrad.h>

#include <cstring>
#include <vector>

#include "workload.h"

namespace bench {
namespace {

typedef float Vector __attribute__((vector_size(64)));
constexpr int accumulators = 12, rounds = 100000;

}  // namespace

void add_limits() {
  // Microseconds per million floating-point operations: 1000 / this are GFLOP/s.
  add("limit/fma", []() -> Call {
    return [] {
      Vector a[accumulators] = {}, x, y;
      for (int i = 0; i < 16; ++i) x[i] = 0.999f, y[i] = 1e-3f;
      for (int i = 0; i < accumulators; ++i) {  // unequal, or the compiler computes one for all
        for (int j = 0; j < 16; ++j) a[i][j] = static_cast<float>(i);
        keep(&a[i]);
      }
      for (int r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (Vector& v : a) v = v * x + y;
      for (Vector& v : a) keep(&v);
    };
  }, 1e-6 * 2 * 16 * accumulators * rounds);
  for (const auto& s : norm_shapes)
    add("limit/copy/" + text(s), [&s]() -> Call {
      const auto bytes = static_cast<std::size_t>(4 * s[0] * s[1] * s[2]);
      return [bytes, from = std::vector<char>(bytes, 1), to = std::vector<char>(bytes)]() mutable {
        std::memcpy(to.data(), from.data(), bytes);
        keep(to.data());
      };
    });
}

void set_threads(int n) {
  eg::set_num_threads(n);
  eg::manual_seed(1);
}

}  // namespace bench
