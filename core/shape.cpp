#include <eigengrad/core/shape.h>
#include <eigengrad/core/error.h>

#include <algorithm>

#include "detail/format.h"

namespace eg {

Shape::Shape(const std::int64_t* v, std::size_t n) {
  if (n > max_rank) fail<ShapeError>("shape", "expected at most {} dimensions, got {}", max_rank, n);
  rank_ = static_cast<int>(n);
  std::copy(v, v + n, dims_);
}

Shape Shape::filled(int rank, std::int64_t value) {
  Shape s;
  for (int i = 0; i < rank; ++i) s.push_back(value);
  return s;
}

void Shape::push_back(std::int64_t v) { insert(rank_, v); }

void Shape::insert(int at, std::int64_t v) {
  if (rank_ == max_rank) fail<ShapeError>("shape", "expected at most {} dimensions, got one more after {}", max_rank, *this);
  std::copy_backward(dims_ + at, dims_ + rank_, dims_ + rank_ + 1);
  dims_[at] = v;
  ++rank_;
}

void Shape::erase(int at) {
  std::copy(dims_ + at + 1, dims_ + rank_, dims_ + at);
  --rank_;
}

std::string Shape::str() const {
  std::string s = "[";
  for (int i = 0; i < rank_; ++i) {
    if (i) s += ", ";
    s += std::to_string(dims_[i]);
  }
  return s + "]";
}

Strides contiguous_strides(const Shape& shape) {
  Strides s = shape;
  std::int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    s[i] = step;
    step *= std::max<std::int64_t>(shape[i], 1);
  }
  return s;
}

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  Shape out = longer;
  const int shift = longer.rank() - shorter.rank();
  for (int i = 0; i < shorter.rank(); ++i) {
    const std::int64_t x = longer[i + shift], y = shorter[i];
    if (x != y && x != 1 && y != 1)
      fail<ShapeError>(op, "expected shapes that broadcast (sizes equal or 1, aligned at the end), got {} and {}", a, b);
    out[i + shift] = x == 1 ? y : x;
  }
  return out;
}

int wrap_dim(const char* op, std::int64_t dim, int rank) {
  const int r = std::max(rank, 1);
  if (dim < -r || dim >= r) fail<IndexError>(op, "expected a dimension in [{}, {}], got {}", -r, r - 1, dim);
  return static_cast<int>(dim < 0 ? dim + r : dim);
}

Dims wrap_dims(const char* op, const Dims& dims, int rank) {
  Dims out;
  if (dims.empty()) {
    for (int i = 0; i < rank; ++i) out.push_back(i);
    return out;
  }
  for (std::int64_t d : dims) {
    const int w = wrap_dim(op, d, rank);
    if (std::find(out.begin(), out.end(), w) != out.end())
      fail<ValueError>(op, "expected each dimension once, got {} twice in {}", d, dims);
    out.push_back(w);
  }
  std::sort(out.begin(), out.end());
  if (rank == 0) return {};
  return out;
}

}  // namespace eg
