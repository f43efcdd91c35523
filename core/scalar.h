#pragma once
#include <cstdint>
#include <type_traits>

namespace eg {

/// A number given as an argument: a bool, an integer or a floating-point number. A scalar never changes a floating
/// tensor's type; a fractional scalar turns an integer tensor into float32.
class Scalar {
 public:
  template <class T>
    requires std::is_arithmetic_v<T>
  Scalar(T v) : d_(static_cast<double>(v)), i_(std::is_integral_v<T> ? static_cast<std::int64_t>(v) : 0), integral_(std::is_integral_v<T>) {}
  bool integral() const { return integral_; }
  template <class T> T to() const {
    if constexpr (std::is_same_v<T, bool>) return d_ != 0;
    return integral_ ? static_cast<T>(i_) : static_cast<T>(d_);
  }

 private:
  double d_;
  std::int64_t i_;
  bool integral_;
};

}  // namespace eg
