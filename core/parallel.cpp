#include <eigengrad/core/error.h>
#include <eigengrad/core/parallel.h>

#include "detail/cores.h"
#include "detail/format.h"

#if EIGENGRAD_THREADS
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>
#endif

namespace eg {
namespace {

using Body = void (*)(void*, std::int64_t, std::int64_t);

void run_serial(std::int64_t n, std::int64_t grain, Body body, void* context) {
  for (std::int64_t b = 0; b < n; b += grain) body(context, b, n - b < grain ? n : b + grain);
}

#if EIGENGRAD_THREADS

// Note [Thread pool]
// One region runs at a time; `busy` belongs to the thread whose region it is. All that a worker looks at before it has
// work is one 64-bit word, `range` = the chunks [begin, end) nobody took yet. The caller takes chunks at the front, the
// workers at the back, by compare-and-swap. With two threads each so gets one contiguous part, about the same part
// in every kernel over the same data, which then is in its own cache.
//  - Whoever has taken a chunk keeps the region open: the caller returns only when `done` counts every chunk. So the
//    description of the region (body, n, ...) is read after taking a chunk and needs no lock, and a worker that comes
//    late, from any earlier region, either takes a valid chunk of the present one or finds nothing.
//  - The caller never waits for a worker that took nothing, so a worker may be asleep, not scheduled or not started.
//  - Sleep: a worker counts itself in `sleepers`, then looks at `range` again; the caller writes `range`, then looks at
//    `sleepers`. Both sequentially consistent, so one of them sees the other and no wake-up is lost.
//  - A worker that finds itself on the caller's core moves away. Linux may start or wake it there, and may leave it
//    there for milliseconds although another core is idle; there it only takes time from the caller.
//  - After a wake-up a worker spins again even when the region is over: the next one usually follows at once.
constexpr auto spin_time = std::chrono::microseconds(150);

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

int default_threads() {
  if (const char* text = std::getenv("EIGENGRAD_NUM_THREADS")) {
    const char* end = text + std::strlen(text);
    int n = 0;
    const auto [rest, error] = std::from_chars(text, end, n);
    if (error == std::errc() && rest == end && n >= 1 && n <= 1024) return n;
  }
  return detail::usable_cores();
}

std::atomic<int> threads{0};    // 0: not decided yet
std::atomic<bool> busy{false};  // somebody's region is open, or the pool is gone

class Pool {
 public:
  ~Pool() {
    if (busy.exchange(true)) {  // exit() inside a region
      for (auto& w : workers_) w.detach();
    } else {
      stop_workers();  // busy stays true: destructors of other statics run serially
    }
  }

  /// The caller holds `busy`. 2 <= chunks < 2^32.
  void run(std::int64_t n, std::int64_t grain, std::uint32_t chunks, Body body, void* context, int max_threads) {
    if (static_cast<int>(workers_.size()) >= max_threads) stop_workers();
    const std::size_t wanted = chunks - 1 < static_cast<unsigned>(max_threads - 1) ? chunks - 1 : max_threads - 1;
    if (workers_.size() < wanted) start_workers(wanted);

    n_ = n, grain_ = grain, body_ = body, context_ = context, chunks_ = chunks;
    done_.store(0, std::memory_order_relaxed);
    caller_core_.store(detail::current_core(), std::memory_order_relaxed);
    range_.store(pack(0, chunks));
    const int asleep = sleepers_.load();
    const int missing = static_cast<int>(wanted) - (static_cast<int>(workers_.size()) - asleep);
    if (asleep > 0 && missing > 0) wake(missing);

    take_chunks</*front=*/true>();
    wait_until_done(chunks);
    if (error_) {
      std::exception_ptr error;
      error.swap(error_);
      busy.store(false, std::memory_order_release);
      std::rethrow_exception(error);
    }
    busy.store(false, std::memory_order_release);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static std::uint64_t pack(std::uint64_t begin, std::uint64_t end) { return begin | end << 32; }
  static std::uint32_t begin_of(std::uint64_t r) { return static_cast<std::uint32_t>(r); }
  static std::uint32_t end_of(std::uint64_t r) { return static_cast<std::uint32_t>(r >> 32); }
  static bool empty(std::uint64_t r) { return begin_of(r) >= end_of(r); }

  template <bool front> void take_chunks() {
    std::uint32_t finished = 0;
    std::uint64_t r = range_.load(std::memory_order_relaxed);
    while (!empty(r)) {
      const std::uint32_t b = begin_of(r), e = end_of(r);
      const std::uint64_t left = front ? pack(b + 1, e) : pack(b, e - 1);
      if (!range_.compare_exchange_weak(r, left, std::memory_order_acq_rel)) continue;
      finished += 1 + run_chunk(front ? b : e - 1);
      r = range_.load(std::memory_order_relaxed);
    }
    if (finished > 0) done_.fetch_add(finished, std::memory_order_release);
  }

  /// For chunks that others have taken: there is no way but to wait, so spin, then give the core away.
  void wait_until_done(std::uint32_t chunks) const {
    if (done_.load(std::memory_order_acquire) == chunks) return;
    const auto give_up = Clock::now() + spin_time;
    bool late = crowded_.load(std::memory_order_relaxed);
    for (int i = 1; done_.load(std::memory_order_acquire) != chunks; ++i) {
      if (late) {
        std::this_thread::yield();
      } else {
        pause();
        late = i % 64 == 0 && Clock::now() > give_up;
      }
    }
  }

  /// Runs a chunk that this thread has taken. Returns how many later ones it cancelled because this one threw.
  std::uint32_t run_chunk(std::uint32_t k) {
    try {
      const std::int64_t b = k * grain_;
      body_(context_, b, n_ - b < grain_ ? n_ : b + grain_);
      return 0;
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_ || k < error_chunk_) error_ = std::current_exception(), error_chunk_ = k;
    }
    // Chunks below k still run: one of them may throw, and the lowest error is the one reported.
    std::uint64_t r = range_.load(std::memory_order_relaxed), cut;
    do {
      if (empty(r) || end_of(r) <= k) return 0;
      cut = begin_of(r) <= k ? pack(begin_of(r), k) : 0;
    } while (!range_.compare_exchange_weak(r, cut, std::memory_order_acq_rel));
    return end_of(r) - (cut ? k : begin_of(r));
  }

  void work() {
    for (;;) {
      const auto give_up = Clock::now() + spin_time;
      for (int i = 1;; ++i) {
        if (!empty(range_.load(std::memory_order_relaxed))) {
          make_way();
          take_chunks</*front=*/false>();
          break;
        }
        if (stop_.load(std::memory_order_relaxed)) return;
        if (i % 16 != 0) {
          pause();
        } else if (Clock::now() > give_up) {
          sleep();
          break;
        } else if (crowded_.load(std::memory_order_relaxed)) {
          std::this_thread::yield();
        } else {
          make_way();
        }
      }
    }
  }

  void make_way() {
    const int core = caller_core_.load(std::memory_order_relaxed);
    if (core >= 0 && core == detail::current_core() && !crowded_.load(std::memory_order_relaxed)) {
      detail::leave_core(core);
    }
  }

  void sleep() {
    std::unique_lock lock(sleep_mutex_);
    sleepers_.fetch_add(1);
    if (empty(range_.load()) && !stop_.load()) wake_.wait(lock);
    sleepers_.fetch_sub(1);
  }

  void wake(int count) {
    { const std::lock_guard lock(sleep_mutex_); }  // whoever counted itself a sleeper now really waits
    for (int i = 0; i < count; ++i) wake_.notify_one();
  }

  void start_workers(std::size_t count) {
    crowded_.store(static_cast<int>(count) + 1 > detail::usable_cores());
    try {
      workers_.reserve(count);
      while (workers_.size() < count) workers_.emplace_back([this] { work(); });
    } catch (const std::exception&) {  // no more threads to be had: fewer will do
    }
  }

  void stop_workers() {
    stop_.store(true);
    { const std::lock_guard lock(sleep_mutex_); }
    wake_.notify_all();
    for (auto& w : workers_) w.join();
    workers_.clear();
    stop_.store(false);
  }

  // What workers poll, what they write when done, and what they only read: each on its own cache line.
  alignas(64) std::atomic<std::uint64_t> range_{0};
  alignas(64) std::atomic<std::uint32_t> done_{0};
  alignas(64) std::int64_t n_ = 0;
  std::int64_t grain_ = 1;
  std::uint32_t chunks_ = 0;
  Body body_ = nullptr;
  void* context_ = nullptr;
  std::atomic<int> caller_core_{-1};
  std::atomic<bool> stop_{false};
  std::atomic<bool> crowded_{false};  // more threads than cores: give the core away while waiting
  alignas(64) std::atomic<int> sleepers_{0};
  std::mutex sleep_mutex_;
  std::condition_variable wake_;
  std::mutex error_mutex_;
  std::exception_ptr error_;
  std::uint32_t error_chunk_ = 0;
  std::vector<std::thread> workers_;
};

void run_threads(std::int64_t n, std::int64_t grain, Body body, void* context) {
  const std::int64_t chunks = (n - 1) / grain + 1;
  const int max_threads = num_threads();
  const bool serial = chunks < 2 || max_threads < 2 || chunks >= std::int64_t{1} << 32;
  if (serial || busy.exchange(true, std::memory_order_acquire)) {
    return run_serial(n, grain, body, context);
  }
  static Pool pool;
  pool.run(n, grain, static_cast<std::uint32_t>(chunks), body, context, max_threads);
}

#endif
}  // namespace

void set_num_threads(int n) {
  if (n < 1) fail<ValueError>("set_num_threads", "expected at least 1 thread, got {}", n);
#if EIGENGRAD_THREADS
  threads.store(n, std::memory_order_relaxed);
#endif
}

int num_threads() {
#if EIGENGRAD_THREADS
  int n = threads.load(std::memory_order_relaxed);
  if (n == 0) {
    int undecided = 0;
    n = default_threads();
    if (!threads.compare_exchange_strong(undecided, n, std::memory_order_relaxed)) n = undecided;
  }
  return n;
#else
  return 1;
#endif
}

namespace detail {
void run_parallel(std::int64_t n, std::int64_t grain, Body body, void* context) {
  if (n < 1) return;
  if (grain < 1) grain = 1;
#if EIGENGRAD_THREADS
  run_threads(n, grain, body, context);
#else
  run_serial(n, grain, body, context);
#endif
}
}  // namespace detail
}  // namespace eg
