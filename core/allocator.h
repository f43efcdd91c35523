#pragma once
#include <cstddef>
#include <cstdint>

namespace eg {

/// Bytes of blocks in use: values of tensors, what the tape saves, and its nodes. Blocks kept for reuse do not count.
struct MemoryStats {
  std::int64_t current = 0;  ///< now
  std::int64_t peak = 0;     ///< the most since the thread began or reset_peak_memory_stats()
};

/// What the calling thread took from the library's allocator less what it gave back, in whole blocks (at most a quarter
/// larger than asked for; 64 bytes at least).
///   eg::reset_peak_memory_stats();
///   const auto before = eg::memory_stats().current;
///   loss(net(x)).backward();
///   const auto step = eg::memory_stats().peak - before;  // bytes that this step needed at its worst moment
/// Threads   each counts for itself: a thread that drops what another made counts below zero, and scratch that worker threads
///           take inside a kernel is not seen. Weights, activations and gradients are allocated by the calling thread.
/// Cost      five instructions a block (an addition of 16 elements: 768 instead of 758); no lock, no atomic
MemoryStats memory_stats() noexcept;
/// Lets the calling thread's peak start again from what is in use now.
void reset_peak_memory_stats() noexcept;

/// Gives the blocks that the library keeps for reuse back to the operating system.
void empty_cache();

namespace detail {

/// A block of at least `bytes` bytes, aligned to 64, not initialized. Note [Caching allocator] in allocator.cpp.
void* allocate(std::size_t bytes);
/// Gives back a block of allocate(bytes). Any thread may do so.
void deallocate(void* block, std::size_t bytes) noexcept;

}  // namespace detail
}  // namespace eg
