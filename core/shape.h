#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace eg {

inline constexpr int max_rank = 8;

/// A short list of at most 8 integers, held inline: a shape, strides, or a list of dimensions.
/// As a shape it holds the sizes, outermost first; {} is the shape of a scalar.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> v) : Shape(v.begin(), v.size()) {}
  Shape(std::span<const std::int64_t> v) : Shape(v.data(), v.size()) {}
  Shape(const std::vector<std::int64_t>& v) : Shape(v.data(), v.size()) {}
  /// `rank` copies of `value`. Errors: ShapeError where rank > 8.
  static Shape filled(int rank, std::int64_t value);

  Shape(const Shape& o) noexcept : rank_(o.rank_) { copy(o); }
  Shape& operator=(const Shape& o) noexcept {
    rank_ = o.rank_;
    copy(o);
    return *this;
  }

  int rank() const { return rank_; }
  std::size_t size() const { return static_cast<std::size_t>(rank_); }
  bool empty() const { return rank_ == 0; }
  std::int64_t operator[](int i) const { return dims_[i]; }
  std::int64_t& operator[](int i) { return dims_[i]; }
  std::int64_t back() const { return dims_[rank_ - 1]; }
  const std::int64_t* begin() const { return dims_; }
  const std::int64_t* end() const { return dims_ + rank_; }
  std::int64_t* begin() { return dims_; }
  std::int64_t* end() { return dims_ + rank_; }
  /// Errors: ShapeError where the list is full.
  void push_back(std::int64_t v);
  void insert(int at, std::int64_t v);
  void erase(int at);

  /// Product of the sizes; 1 for a scalar.
  std::int64_t numel() const {
    std::int64_t n = 1;
    for (int i = 0; i < rank_; ++i) n *= dims_[i];
    return n;
  }
  /// "[2, 3, 100]".
  std::string str() const;

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i)
      if (a.dims_[i] != b.dims_[i]) return false;
    return true;
  }

 private:
  Shape(const std::int64_t* v, std::size_t n);
  void copy(const Shape& o) noexcept {
    for (int i = 0; i < rank_; ++i) dims_[i] = o.dims_[i];
  }
  std::int64_t dims_[max_rank];
  int rank_ = 0;
};

/// Distance in elements between neighbours along each dimension.
using Strides = Shape;
/// A list of dimensions; negative ones count from the end.
using Dims = Shape;

/// Strides of a row-major (C order) array.
Strides contiguous_strides(const Shape& shape);
/// NumPy broadcasting: sizes are aligned at the end and must be equal or 1. Errors: ShapeError naming `op` and both.
Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b);
/// `dim` in [0, rank) with negative values counted from the end (rank 0 acts as rank 1). Errors: IndexError naming `op`.
int wrap_dim(const char* op, std::int64_t dim, int rank);
/// wrap_dim over a list; an empty list means all. Result sorted. Errors: IndexError; ValueError on a repeated dim.
Dims wrap_dims(const char* op, const Dims& dims, int rank);

}  // namespace eg
