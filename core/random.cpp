#include <eigengrad/core/random.h>

#if EIGENGRAD_THREADS
#include <mutex>
#endif

namespace eg {
namespace {

// Guards the state of the default generator; others belong to one thread and are not locked.
class Lock {
 public:
#if EIGENGRAD_THREADS
  explicit Lock(const Generator* g) : needed_(g == &default_generator()) {
    if (needed_) mutex.lock();
  }
  ~Lock() {
    if (needed_) mutex.unlock();
  }

 private:
  bool needed_;
  static std::mutex mutex;
#else
  explicit Lock(const Generator*) {}
#endif
  Lock(const Lock&) = delete;
};
#if EIGENGRAD_THREADS
constinit std::mutex Lock::mutex;
#endif

}  // namespace

GeneratorState Generator::state() const {
  const Lock lock(this);
  return state_;
}

void Generator::set_state(GeneratorState state) {
  const Lock lock(this);
  state_ = state;
}

GeneratorState Generator::reserve(std::uint64_t blocks) {
  const Lock lock(this);
  const GeneratorState before = state_;
  state_.offset += blocks;
  return before;
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}

void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

}  // namespace eg
