#pragma once
#include <eigengrad/core/allocator.h>
#include <eigengrad/core/dtype.h>
#include <eigengrad/core/ref.h>
#include <eigengrad/core/shape.h>

namespace eg {

namespace detail {

/// A block of elements shared by the arrays that view it. The data follow the header, aligned to 64 bytes.
/// `version` counts in-place changes; the tape compares it (Note [Versions] in autograd/node.h).
struct alignas(64) Storage {
  RefCount refs;
  std::uint32_t version = 0;
  std::size_t bytes = 0;  // of the whole block, header included

  static Ref<Storage> make(std::size_t data_bytes);
  static void destroy(Storage* s) noexcept;
  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this) + sizeof(Storage); }
};
static_assert(sizeof(Storage) == 64);

}  // namespace detail

/// An n-d array without gradients: shape, strides and type over shared storage. Copying shares the elements.
/// Kernels take and return Arrays; users of the library see eg::Tensor.
class Array {
 public:
  Array() noexcept = default;
  /// Row-major, not initialized. Errors: ShapeError on a negative size or more than 2^48 elements.
  Array(const Shape& shape, DType dtype);

  bool defined() const noexcept { return static_cast<bool>(storage_); }
  const Shape& shape() const noexcept { return shape_; }
  const Strides& strides() const noexcept { return strides_; }
  DType dtype() const noexcept { return dtype_; }
  int rank() const noexcept { return shape_.rank(); }
  std::int64_t size(int i) const noexcept { return shape_[i]; }
  std::int64_t numel() const noexcept { return numel_; }
  std::int64_t stride(int i) const noexcept { return strides_[i]; }
  /// Row-major without gaps.
  bool contiguous() const noexcept { return contiguous_; }
  /// Nobody else holds the elements.
  bool unique() const noexcept { return storage_.unique(); }
  bool shares_storage(const Array& o) const noexcept { return storage_ == o.storage_; }

  /// First element; T is not checked.
  template <class T> const T* data() const noexcept { return reinterpret_cast<const T*>(data_); }
  template <class T> T* data() noexcept { return reinterpret_cast<T*>(data_); }
  const std::byte* raw() const noexcept { return data_; }
  std::byte* raw() noexcept { return data_; }

  /// The same elements under another shape and strides, from `offset` elements after the first. Not checked.
  Array view(const Shape& shape, const Strides& strides, std::int64_t offset = 0) const;

  std::uint32_t version() const noexcept { return storage_ ? storage_->version : 0; }
  void bump_version() noexcept { ++storage_->version; }

 private:
  detail::Ref<detail::Storage> storage_;
  std::byte* data_ = nullptr;
  std::int64_t numel_ = 0;
  DType dtype_ = DType::float32;
  bool contiguous_ = true;
  Shape shape_;
  Strides strides_;
};

}  // namespace eg
