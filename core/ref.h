#pragma once
#include <cstdint>
#include <utility>
#if EIGENGRAD_THREADS
#include <atomic>
#endif

namespace eg::detail {

/// A reference count, starting at one. Atomic where the library is built with threads.
class RefCount {
 public:
  void acquire() noexcept {
#if EIGENGRAD_THREADS
    n_.fetch_add(1, std::memory_order_relaxed);
#else
    ++n_;
#endif
  }
  /// True where this was the last reference. The sole owner needs no atomic write.
  bool release() noexcept {
#if EIGENGRAD_THREADS
    return n_.load(std::memory_order_acquire) == 1 || n_.fetch_sub(1, std::memory_order_acq_rel) == 1;
#else
    return --n_ == 0;
#endif
  }
  std::uint32_t value() const noexcept {
#if EIGENGRAD_THREADS
    return n_.load(std::memory_order_acquire);
#else
    return n_;
#endif
  }

 private:
#if EIGENGRAD_THREADS
  std::atomic<std::uint32_t> n_{1};
#else
  std::uint32_t n_ = 1;
#endif
};

/// Intrusive pointer. T has a member `RefCount refs` and a `static void destroy(T*) noexcept`.
template <class T> class Ref {
 public:
  Ref() noexcept = default;
  /// Takes over the reference a new object is born with.
  static Ref adopt(T* p) noexcept {
    Ref r;
    r.p_ = p;
    return r;
  }
  static Ref share(T* p) noexcept {
    if (p) p->refs.acquire();
    return adopt(p);
  }
  Ref(const Ref& o) noexcept : p_(o.p_) {
    if (p_) p_->refs.acquire();
  }
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref& operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() {
    if (p_ && p_->refs.release()) T::destroy(p_);
  }
  T* get() const noexcept { return p_; }
  T* operator->() const noexcept { return p_; }
  T& operator*() const noexcept { return *p_; }
  explicit operator bool() const noexcept { return p_ != nullptr; }
  bool unique() const noexcept { return p_ && p_->refs.value() == 1; }
  friend bool operator==(const Ref& a, const Ref& b) noexcept { return a.p_ == b.p_; }

 private:
  T* p_ = nullptr;
};

}  // namespace eg::detail
