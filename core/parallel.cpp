#include <eigengrad/core/parallel.h>
#include <eigengrad/core/error.h>

#include "detail/format.h"

namespace eg {
namespace {
int threads = 1;
}

void set_num_threads(int n) {
  if (n < 1) fail<ValueError>("set_num_threads", "expected at least 1 thread, got {}", n);
  threads = n;
}
int num_threads() { return threads; }

namespace detail {
void run_parallel(std::int64_t n, std::int64_t grain, void (*body)(void*, std::int64_t, std::int64_t), void* context) {
  for (std::int64_t b = 0; b < n; b += grain) body(context, b, b + grain < n ? b + grain : n);
}
}  // namespace detail
}  // namespace eg
