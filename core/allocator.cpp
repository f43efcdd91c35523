// Note [Caching allocator]
// A training step asks for the same sizes again and again, and a fresh large block is dear: the kernel hands out zeroed
// pages one fault at a time (340 - 440 us for 1 MiB on a virtual machine, against 8 us when the block is warm). So
// blocks are never returned while training runs: they wait in lists, one a size class.
//   - Classes: multiples of 64 bytes up to 1 KiB, then four a power of two, so at most a fifth of a block is unused.
//   - Each thread keeps lists of its own for classes up to 1 MiB, without a lock. A thread that frees more than it
//     allocates hands the surplus to the shared lists; a thread that ends hands over everything.
//   - Larger classes live in the shared lists, under a lock.
//   - Blocks of 4 MiB and more ask for huge pages where the system has them: a 512th of the faults when they are
//     fresh, and of the address translations at every use.
// Blocks up to 1 KiB are cut from slabs of 64 KiB that are kept for the life of the program.
// Under AddressSanitizer every block is a malloc of its own, so that use after free is seen.
#include <eigengrad/core/allocator.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <new>
#if EIGENGRAD_THREADS
#include <mutex>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define EIGENGRAD_CACHE_BLOCKS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EIGENGRAD_CACHE_BLOCKS 0
#endif
#endif
#ifndef EIGENGRAD_CACHE_BLOCKS
#define EIGENGRAD_CACHE_BLOCKS 1
#endif

namespace eg {
namespace detail {
namespace {

constexpr std::size_t align = 64;
constexpr std::size_t small_limit = 1024;           // multiples of 64 up to here
constexpr std::size_t slab_bytes = 64 * 1024;
constexpr int small_classes = small_limit / align;  // 16
constexpr int thread_classes = small_classes + 40;  // up to 1 MiB: ten octaves of four
constexpr int all_classes = small_classes + 4 * 38;
constexpr std::size_t thread_surplus = std::size_t{32} << 20;
constexpr std::size_t huge_page = std::size_t{2} << 20;

struct Block { Block* next; };

struct SizeClass { int index; std::size_t bytes; };

inline SizeClass size_class(std::size_t bytes) {
  if (bytes <= small_limit) {
    const std::size_t k = bytes == 0 ? 1 : (bytes + align - 1) / align;
    return {static_cast<int>(k) - 1, k * align};
  }
  // bytes in (2^e, 2^(e+1)], cut into quarters.
  const int e = std::bit_width(bytes - 1) - 1;
  const std::size_t quarter = std::size_t{1} << (e - 2);
  const std::size_t q = (bytes - (std::size_t{1} << e) + quarter - 1) / quarter;  // 1..4
  return {small_classes + (e - 10) * 4 + static_cast<int>(q) - 1, (std::size_t{1} << e) + q * quarter};
}

// Each thread counts for itself: an atomic would cost more than the rest of a small allocation.
constinit thread_local MemoryStats stats;

inline void count_taken(std::size_t bytes) {
  const std::int64_t now = stats.current + static_cast<std::int64_t>(bytes);
  stats.current = now;
  if (now > stats.peak) stats.peak = now;
}
inline void count_given(std::size_t bytes) { stats.current -= static_cast<std::int64_t>(bytes); }

[[maybe_unused]] void* fresh(std::size_t bytes) {
  const bool huge = bytes >= 2 * huge_page;
  void* p = huge ? std::aligned_alloc(huge_page, (bytes + huge_page - 1) / huge_page * huge_page)
                 : std::aligned_alloc(align, bytes);
  if (!p) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (huge) madvise(p, bytes, MADV_HUGEPAGE);  // a wish: where it fails, the pages are small
#endif
  return p;
}

struct Shared {
#if EIGENGRAD_THREADS
  std::mutex mutex;
  struct Lock {
    explicit Lock(Shared& s) : guard(s.mutex) {}
    std::lock_guard<std::mutex> guard;
  };
#else
  struct Lock { explicit Lock(Shared&) {} };
#endif
  Block* lists[all_classes] = {};
  Block* slabs = nullptr;  // chained by their first word, so that leak checkers see them

  void* pop(int c) {
    Lock lock(*this);
    Block* b = lists[c];
    if (b) lists[c] = b->next;
    return b;
  }
  void push(int c, void* p) {
    Lock lock(*this);
    lists[c] = new (p) Block{lists[c]};
  }
};
Shared& shared() {
  static Shared* s = new Shared;  // never destroyed: threads may end after main
  return *s;
}

struct ThreadCache {
  Block* lists[thread_classes] = {};
  std::size_t bytes = 0;
};
constinit thread_local ThreadCache* cache = nullptr;
constinit thread_local bool cache_ended = false;

void flush(ThreadCache& t) {
  for (int c = 0; c < thread_classes; ++c)
    while (Block* b = t.lists[c]) {
      t.lists[c] = b->next;
      shared().push(c, b);
    }
  t.bytes = 0;
}

struct CacheOwner {
  ThreadCache own;
  ~CacheOwner() {
    flush(own);
    cache = nullptr;
    cache_ended = true;
  }
};

[[maybe_unused, gnu::noinline]] ThreadCache* make_cache() {
  if (cache_ended) return nullptr;
  thread_local CacheOwner owner;
  cache = &owner.own;
  return cache;
}

[[maybe_unused, gnu::noinline]] void* refill(ThreadCache* t, SizeClass c) {
  if (void* p = shared().pop(c.index)) return p;
  if (c.bytes > small_limit || !t) return fresh(c.bytes);
  char* slab = static_cast<char*>(fresh(slab_bytes));
  {
    Shared& s = shared();
    Shared::Lock lock(s);
    s.slabs = new (slab) Block{s.slabs};
  }
  // The first 64 bytes of a slab hold the chain; the rest is cut into blocks, kept in order of address.
  const std::size_t n = (slab_bytes - align) / c.bytes;
  for (std::size_t i = n; i-- > 1;) t->lists[c.index] = new (slab + align + i * c.bytes) Block{t->lists[c.index]};
  t->bytes += (n - 1) * c.bytes;
  return slab + align;
}

}  // namespace

#if EIGENGRAD_CACHE_BLOCKS
void* allocate(std::size_t bytes) {
  const SizeClass c = size_class(bytes);
  if (c.index >= all_classes) throw std::bad_alloc();
  if (c.index >= thread_classes) {
    void* p = shared().pop(c.index);
    if (!p) p = fresh(c.bytes);
    count_taken(c.bytes);
    return p;
  }
  ThreadCache* t = cache ? cache : make_cache();
  if (t) {
    if (Block* b = t->lists[c.index]) {
      t->lists[c.index] = b->next;
      t->bytes -= c.bytes;
      count_taken(c.bytes);
      return b;
    }
  }
  void* p = refill(t, c);
  count_taken(c.bytes);
  return p;
}

void deallocate(void* block, std::size_t bytes) noexcept {
  const SizeClass c = size_class(bytes);
  count_given(c.bytes);
  ThreadCache* t = cache ? cache : make_cache();
  if (c.index >= thread_classes || !t) return shared().push(c.index, block);
  t->lists[c.index] = new (block) Block{t->lists[c.index]};
  t->bytes += c.bytes;
  if (t->bytes > thread_surplus) flush(*t);
}
#else
void* allocate(std::size_t bytes) {
  void* p = fresh((bytes + align - 1) / align * align + align);
  count_taken(size_class(bytes).bytes);
  return p;
}
void deallocate(void* block, std::size_t bytes) noexcept {
  count_given(size_class(bytes).bytes);
  std::free(block);
}
#endif

}  // namespace detail

MemoryStats memory_stats() noexcept { return detail::stats; }
void reset_peak_memory_stats() noexcept { detail::stats.peak = detail::stats.current; }

void empty_cache() {
  using namespace detail;
  if (cache) flush(*cache);
  Shared& s = shared();
  Shared::Lock lock(s);
  for (int c = small_classes; c < all_classes; ++c)
    while (Block* b = s.lists[c]) {
      s.lists[c] = b->next;
      std::free(b);
    }
}

}  // namespace eg
