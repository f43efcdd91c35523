#pragma once
#include <cstddef>

namespace eg {

/// Gives the blocks that the library keeps for reuse back to the operating system.
void empty_cache();

namespace detail {

/// A block of at least `bytes` bytes, aligned to 64, not initialized. Note [Caching allocator] in allocator.cpp.
void* allocate(std::size_t bytes);
/// Gives back a block of allocate(bytes). Any thread may do so.
void deallocate(void* block, std::size_t bytes) noexcept;

}  // namespace detail
}  // namespace eg
