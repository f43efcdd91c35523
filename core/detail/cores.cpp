#include "detail/cores.h"

#if EIGENGRAD_THREADS
#include <thread>
#ifdef __linux__
#include <sched.h>
#endif
#endif

namespace eg::detail {

#if EIGENGRAD_THREADS && defined(__linux__)

int usable_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
  const unsigned n = std::thread::hardware_concurrency();
  return n < 1 ? 1 : static_cast<int>(n);
}

int current_core() { return sched_getcpu(); }

void leave_core(int core) {
  cpu_set_t all;
  if (core < 0 || core >= CPU_SETSIZE || sched_getaffinity(0, sizeof all, &all) != 0) return;
  cpu_set_t others = all;
  CPU_CLR(static_cast<unsigned>(core), &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
  sched_setaffinity(0, sizeof all, &all);
}

#else

int usable_cores() {
#if EIGENGRAD_THREADS
  const unsigned n = std::thread::hardware_concurrency();
  return n < 1 ? 1 : static_cast<int>(n);
#else
  return 1;
#endif
}
int current_core() { return -1; }
void leave_core(int) {}

#endif

}  // namespace eg::detail
