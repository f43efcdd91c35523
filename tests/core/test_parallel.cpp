#include <doctest/doctest.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/parallel.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>
#if EIGENGRAD_THREADS
#include <chrono>
#include <thread>
#endif

using eg::detail::parallel_for;

namespace {

/// Sets the number of threads for one scope.
struct Threads {
  int before = eg::num_threads();
  explicit Threads(int n) { eg::set_num_threads(n); }
  ~Threads() { eg::set_num_threads(before); }
};

/// The chunks that parallel_for makes, by their begin.
std::map<std::int64_t, std::int64_t> chunks_of(std::int64_t n, std::int64_t grain) {
  std::mutex m;
  std::map<std::int64_t, std::int64_t> out;
  parallel_for(n, grain, [&](std::int64_t b, std::int64_t e) {
    const std::lock_guard lock(m);
    CHECK(out.emplace(b, e).second);
  });
  return out;
}

std::string error_of(std::int64_t n, std::int64_t grain, const std::set<std::int64_t>& bad) {
  try {
    parallel_for(n, grain, [&](std::int64_t b, std::int64_t) {
      if (bad.count(b / grain)) throw std::runtime_error("chunk " + std::to_string(b / grain));
    });
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("parallel: every index runs exactly once") {
  for (int threads : {1, 2, 3, 5}) {
    const Threads scope(threads);
    for (std::int64_t n : {0, 1, 2, 7, 64, 1000}) {
      for (std::int64_t grain : {1, 2, 3, 64, 5000}) {
        std::vector<int> hits(n, 0);
        parallel_for(n, grain, [&](std::int64_t b, std::int64_t e) {
          for (std::int64_t i = b; i < e; ++i) ++hits[i];
        });
        CHECK(hits == std::vector<int>(n, 1));
      }
    }
  }
}

TEST_CASE("parallel: chunks depend on n and grain only") {
  std::map<std::int64_t, std::int64_t> expected;
  for (std::int64_t b = 0; b < 1001; b += 10) expected[b] = b + 10 < 1001 ? b + 10 : 1001;
  for (int threads : {1, 2, 4}) {
    const Threads scope(threads);
    CHECK(chunks_of(1001, 10) == expected);
  }
}

TEST_CASE("parallel: many short regions in a row, with changing numbers of threads") {
  std::int64_t total = 0;
  for (int round = 0; round < 3000; ++round) {
    if (round % 100 == 0) eg::set_num_threads(1 + round / 100 % 4);
    std::int64_t part[8] = {};
    parallel_for(8, 1, [&](std::int64_t b, std::int64_t) { part[b] = b + round; });
    for (std::int64_t p : part) total += p;
  }
  CHECK(total == 3000 * 28 + 8 * std::int64_t{3000} * 2999 / 2);
  eg::set_num_threads(2);
}

TEST_CASE("parallel: the lowest failing chunk's exception reaches the caller, and the pool lives on") {
  for (int threads : {1, 2, 4}) {
    const Threads scope(threads);
    for (int repeat = 0; repeat < 200; ++repeat) {
      CHECK(error_of(100, 1, {7, 8, 40, 99}) == "chunk 7");
      CHECK(error_of(100, 3, {33}) == "chunk 33");
      CHECK(error_of(40, 1, {0, 39}) == "chunk 0");
      CHECK(error_of(40, 1, {}) == "none");
    }
  }
}

TEST_CASE("parallel: a call from inside a region runs serially on its thread") {
  const Threads scope(2);
  std::vector<int> hits(16 * 100, 0);
  parallel_for(16, 1, [&](std::int64_t i, std::int64_t) {
    std::int64_t next = 0;  // unsynchronized on purpose: one thread, in order
    parallel_for(100, 7, [&](std::int64_t b, std::int64_t e) {
      if (b != next) throw std::logic_error("out of order");
      next = e;
      for (std::int64_t j = b; j < e; ++j) ++hits[i * 100 + j];
    });
  });
  CHECK(hits == std::vector<int>(16 * 100, 1));
}

TEST_CASE("parallel: the number of threads") {
  const Threads scope(2);
  CHECK_THROWS_WITH_AS(eg::set_num_threads(0), "set_num_threads: expected at least 1 thread, got 0", eg::ValueError);
#if EIGENGRAD_THREADS
  CHECK(eg::num_threads() == 2);
#else
  CHECK(eg::num_threads() == 1);
#endif
}

#if EIGENGRAD_THREADS
TEST_CASE("parallel: no more threads than asked for, and one thread stays on the caller") {
  for (int threads : {1, 2, 3, 1, 2}) {
    const Threads scope(threads);
    std::mutex m;
    std::set<std::thread::id> ids;
    for (int repeat = 0; repeat < 50; ++repeat) {
      parallel_for(32, 1, [&](std::int64_t, std::int64_t) {
        const std::lock_guard lock(m);
        ids.insert(std::this_thread::get_id());
      });
    }
    CHECK(ids.size() <= static_cast<std::size_t>(threads));
    if (threads == 1) CHECK(*ids.begin() == std::this_thread::get_id());
  }
}

TEST_CASE("parallel: a second thread really takes part, after a sleep too") {
  const Threads scope(2);
  for (int repeat = 0; repeat < 2; ++repeat) {
    std::atomic<int> inside{0};
    parallel_for(2, 1, [&](std::int64_t, std::int64_t) {  // each chunk waits for the other, so both must be running
      inside.fetch_add(1);
      while (inside.load() < 2) std::this_thread::yield();
    });
    CHECK(inside.load() == 2);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

TEST_CASE("parallel: two user threads at once") {
  const Threads scope(2);
  auto job = [](std::int64_t* out) {
    for (int repeat = 0; repeat < 500; ++repeat) {
      std::int64_t part[10] = {};
      parallel_for(1000, 100, [&](std::int64_t b, std::int64_t e) {
        for (std::int64_t i = b; i < e; ++i) part[b / 100] += i;
      });
      for (std::int64_t p : part) *out += p;
    }
  };
  std::int64_t a = 0, b = 0;
  std::thread other(job, &a);
  job(&b);
  other.join();
  CHECK(a == 500 * 499500);
  CHECK(b == 500 * 499500);
}
#endif
