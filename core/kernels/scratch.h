#pragma once
// Memory for packed operands, kept by each thread: a fresh block costs a page fault per 4 KiB, which is dearer than
// packing into it.
#include <cstddef>
#include <cstdint>
#include <new>

namespace eg::kernels {

/// A 64-byte aligned buffer that grows and never shrinks while its thread lives.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { release(); }

  /// At least `bytes` bytes; what was there before is lost.
  void* reserve(std::size_t bytes) {
    if (bytes > size_) {
      release();
      data_ = ::operator new (bytes, std::align_val_t{64});
      size_ = bytes;
    }
    return data_;
  }

 private:
  void release() {
    if (data_) ::operator delete (data_, std::align_val_t{64});
    data_ = nullptr;
    size_ = 0;
  }
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

/// The calling thread's buffer number Slot, with room for n values of T, uninitialised. It holds until the same
/// thread asks for the same slot again, so kernels that run inside one another take different slots.
template <int Slot, class T>
T* scratch(std::int64_t n) {
  static thread_local Scratch buffer;
  return static_cast<T*>(buffer.reserve(static_cast<std::size_t>(n) * sizeof(T)));
}

}  // namespace eg::kernels
