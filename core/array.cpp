#include <eigengrad/core/array.h>
#include <eigengrad/core/error.h>

#include <new>

#include "detail/format.h"

namespace eg {

namespace detail {

Ref<Storage> Storage::make(std::size_t data_bytes) {
  const std::size_t bytes = sizeof(Storage) + data_bytes;
  Storage* s = new (allocate(bytes)) Storage;
  s->bytes = bytes;
  return Ref<Storage>::adopt(s);
}

void Storage::destroy(Storage* s) noexcept { deallocate(s, s->bytes); }

}  // namespace detail

Array::Array(const Shape& shape, DType dtype) : dtype_(dtype), shape_(shape) {
  constexpr std::int64_t limit = std::int64_t{1} << 48;
  std::int64_t n = 1;
  for (std::int64_t d : shape) {
    if (d < 0 || (d > 0 && n > limit / d))
      fail<ShapeError>("tensor", "expected sizes >= 0 and at most 2^48 elements, got shape {}", shape);
    n *= d;
  }
  numel_ = n;
  strides_ = contiguous_strides(shape);
  storage_ = detail::Storage::make(static_cast<std::size_t>(n) * itemsize(dtype));
  data_ = storage_->data();
}

Array Array::view(const Shape& shape, const Strides& strides, std::int64_t offset) const {
  Array v;
  v.storage_ = storage_;
  v.data_ = data_ + offset * static_cast<std::int64_t>(itemsize(dtype_));
  v.dtype_ = dtype_;
  v.shape_ = shape;
  v.strides_ = strides;
  v.numel_ = shape.numel();
  std::int64_t expected = 1;
  for (int i = shape.rank() - 1; i >= 0 && v.numel_ > 0; --i) {
    if (shape[i] != 1 && strides[i] != expected) v.contiguous_ = false;
    expected *= shape[i];
  }
  return v;
}

}  // namespace eg
