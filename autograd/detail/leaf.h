#pragma once
#include <eigengrad/autograd/node.h>
#if EIGENGRAD_THREADS
#include <atomic>
#endif

namespace eg::detail {

std::uint64_t next_sequence(std::uint64_t after) noexcept;

/// The node of a tensor that collects its gradient. It holds the gradient, not the tensor, so there is no cycle.
/// Collecting is guarded by a lock: tapes on several threads may share parameters.
class Leaf final : public Node {
 public:
  Leaf(const Array& a) {
    set_output(a);
    set_inputs(std::initializer_list<const Tensor*>{});
  }
  const char* name() const noexcept override { return "leaf"; }
  bool is_leaf() const noexcept override { return true; }
  void backward(Tensor, Grads) override {}

  /// grad += g; recorded where recording is on.
  void accumulate(Tensor g);
  Tensor grad() const;
  void set_grad(Tensor g);

 private:
  struct Lock {
#if EIGENGRAD_THREADS
    explicit Lock(const Leaf& l) : flag(l.flag_) {
      while (flag.test_and_set(std::memory_order_acquire)) flag.wait(true, std::memory_order_relaxed);
    }
    ~Lock() {
      flag.clear(std::memory_order_release);
      flag.notify_one();
    }
    std::atomic_flag& flag;
#else
    explicit Lock(const Leaf&) {}
#endif
  };
#if EIGENGRAD_THREADS
  mutable std::atomic_flag flag_;
#endif
  Tensor grad_;
};

}  // namespace eg::detail
