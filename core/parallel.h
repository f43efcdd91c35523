#pragma once
#include <cstdint>

namespace eg {

/// Threads that large kernels may use. Results do not depend on it. n >= 1; Errors: ValueError.
/// Default: all cores, or EIGENGRAD_NUM_THREADS where that is set.
void set_num_threads(int n);
int num_threads();

namespace detail {

/// Runs body(context, begin, end) over [0, n) in chunks; see parallel_for.
void run_parallel(std::int64_t n, std::int64_t grain, void (*body)(void*, std::int64_t, std::int64_t), void* context);

/// Runs body(begin, end) over consecutive chunks [k grain, min(n, (k+1) grain)) that cover [0, n). The chunks depend
/// on n and grain only, never on the number of threads, so a kernel that is exact per chunk has the same bits on any
/// number of threads. Chunks run in any order and side by side; one chunk, or one thread, runs on the caller at once.
/// A nested call runs serially on its thread. An exception thrown by the body reaches the caller.
template <class Body> void parallel_for(std::int64_t n, std::int64_t grain, Body&& body) {
  if (n <= grain) {
    if (n > 0) body(std::int64_t{0}, n);
    return;
  }
  run_parallel(
      n, grain,
      [](void* c, std::int64_t begin, std::int64_t end) { (*static_cast<Body*>(c))(begin, end); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace detail
}  // namespace eg
