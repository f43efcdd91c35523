#pragma once
#include <cstdint>
#include <type_traits>

namespace eg {

/// Threads that large kernels may use, the calling one included. Results do not depend on it, bit for bit.
/// Default: the cores this process may run on, or the environment variable EIGENGRAD_NUM_THREADS where it holds a
/// whole number from 1 to 1024. May be called at any time; it holds from the next kernel on. Nothing is started before
/// a kernel really uses a second thread. A build without threads checks n and keeps 1.
/// Errors    ValueError for n < 1
void set_num_threads(int n);
int num_threads();

namespace detail {

/// Runs body(context, begin, end) over [0, n) in chunks; see parallel_for.
void run_parallel(std::int64_t n, std::int64_t grain, void (*body)(void*, std::int64_t, std::int64_t), void* context);

/// Runs body(begin, end) over consecutive chunks [k grain, min(n, (k+1) grain)) that cover [0, n); grain >= 1.
///   Same bits   The chunks depend on n and grain only, never on the number of threads, so a kernel that is exact per
///               chunk, and adds partial results of chunks in fixed order, has the same bits on any number of threads.
///   Order       Chunks run in any order and side by side. One chunk, or one thread, runs on the caller at once.
///   Nesting     A call from inside a body runs serially on its thread, and so does a call while another thread of the
///               program has the workers.
///   Errors      An exception of the body reaches the caller: the one of the lowest chunk, as if run serially, but
///               chunks after it may have run too.
///   Cost        About 0.2 us for two threads while the workers are awake. They fall asleep 0.15 ms after their last
///               chunk and need 25 - 90 us to wake up, during which the caller works alone; to wake them costs it
///               3 - 5 us. So let a chunk be 1 us of work or more. No allocation.
template <class Body> void parallel_for(std::int64_t n, std::int64_t grain, Body&& body) {
  if (n <= grain) {
    if (n > 0) body(std::int64_t{0}, n);
    return;
  }
  run_parallel(
      n, grain,
      [](void* c, std::int64_t b, std::int64_t e) { (*static_cast<std::remove_reference_t<Body>*>(c))(b, e); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace detail
}  // namespace eg
