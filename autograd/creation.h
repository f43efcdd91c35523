#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Functions that make tensors. `shape` lists sizes >= 0, outermost first; {} makes a scalar.
// Errors    ShapeError on a negative size; DTypeError where requires_grad is asked of integers

Tensor empty(const Shape& shape, const TensorOptions& o = {});  ///< not initialized
Tensor full(const Shape& shape, Scalar value, const TensorOptions& o = {});
Tensor zeros(const Shape& shape, const TensorOptions& o = {});
Tensor ones(const Shape& shape, const TensorOptions& o = {});

/// The same with the shape of x, and its type unless options say another.
Tensor empty_like(const Tensor& x);
Tensor empty_like(const Tensor& x, const TensorOptions& o);
Tensor full_like(const Tensor& x, Scalar value);
Tensor full_like(const Tensor& x, Scalar value, const TensorOptions& o);
Tensor zeros_like(const Tensor& x);
Tensor zeros_like(const Tensor& x, const TensorOptions& o);
Tensor ones_like(const Tensor& x);
Tensor ones_like(const Tensor& x, const TensorOptions& o);

/// start, start + step, ... before end. Without options: int64 where all numbers are integers, else float32.
/// Errors: ValueError where step is 0 or leads away from end.
Tensor arange(Scalar end);
Tensor arange(Scalar end, const TensorOptions& o);
Tensor arange(Scalar start, Scalar end, Scalar step = 1);
Tensor arange(Scalar start, Scalar end, Scalar step, const TensorOptions& o);
/// `steps` numbers at equal distances from start to end, both included.
Tensor linspace(double start, double end, std::int64_t steps, const TensorOptions& o = {});
/// n x m (m: n where negative) with ones on the diagonal.
Tensor eye(std::int64_t n, std::int64_t m = -1, const TensorOptions& o = {});

/// A number, or a list of numbers, of lists of numbers, and so on: what the braces of tensor({...}) become.
/// Lives within the expression that makes it.
class Literal {
 public:
  template <class T>
    requires std::is_arithmetic_v<T>
  Literal(T v) : value_(v), type_(std::is_same_v<T, bool> ? boolean : std::is_integral_v<T> ? int64 : float32) {}
  Literal(std::initializer_list<Literal> items) : items_(items.begin(), items.size()), list_(true) {}
  explicit Literal(std::span<const Literal> items) : items_(items), list_(true) {}

  bool is_list() const { return list_; }
  std::span<const Literal> items() const { return items_; }
  Scalar value() const { return value_; }
  DType type() const { return type_; }  ///< of a number: bool, int64, float32

 private:
  Scalar value_ = 0;
  DType type_ = boolean;
  std::span<const Literal> items_;
  bool list_ = false;
};

/// A tensor of the numbers in the braces: tensor({1., 2.}), tensor({{1, 2}, {3, 4}}), tensor(3.5).
/// Without options: bool, int64 or float32, whichever holds all of them; with options: of their type, float32 where
/// they name none. Errors: ShapeError where lists of one level differ in length or depth.
Tensor tensor(const Literal& values);
Tensor tensor(const Literal& values, const TensorOptions& o);
template <class T>
  requires std::is_arithmetic_v<T>
Tensor tensor(std::initializer_list<T> values) {
  return tensor(Literal(std::vector<Literal>(values.begin(), values.end())));
}
template <class T>
  requires std::is_arithmetic_v<T>
Tensor tensor(std::initializer_list<T> values, const TensorOptions& o) {
  return tensor(Literal(std::vector<Literal>(values.begin(), values.end())), o);
}

/// A vector of the numbers given. T: float, double, std::int64_t.
template <class T> Tensor tensor(std::span<const T> values, const TensorOptions& o = {.dtype = dtype_of<T>});
template <class T>
Tensor tensor(const std::vector<T>& values, const TensorOptions& o = {.dtype = dtype_of<T>}) {
  return tensor(std::span<const T>(values), o);
}

}  // namespace eg
