#pragma once
// Arrays and tensors as Eigen sees them, and back. Opt-in: the only public header that includes Eigen, yours.
#include <eigengrad/core/array.h>
#include <eigengrad/core/error.h>

#include <Eigen/Core>

namespace eg {
class Tensor;
}

namespace eg::eigen {

template <class T> using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;

namespace detail {
inline const Array& array_of(const Array& a) { return a; }
template <class X> auto array_of(const X& x) -> decltype(x.array()) { return x.array(); }

template <class T> const Array& checked(const Array& a) {
  if (a.dtype() != dtype_of<T>)
    throw DTypeError("eigen::map", std::string("expected map<T> with T of the elements, ") + name(a.dtype()) + ", got " + name(dtype_of<T>));
  if (a.rank() < 1 || a.rank() > 2)
    throw ShapeError("eigen::map", "expected a vector or a matrix, got shape " + a.shape().str() + "; reshape it first");
  return a;
}
// A vector is a matrix of one column.
inline std::int64_t columns(const Array& a) { return a.rank() == 2 ? a.size(1) : 1; }
inline Stride strides(const Array& a) { return {a.stride(0), a.rank() == 2 ? a.stride(1) : 1}; }
}  // namespace detail

/// The elements of an Array or Tensor of rank 1 (as a column) or 2 as a matrix, without a copy, whatever the strides.
/// Valid while the array holds them. Errors: DTypeError where T is not the element type; ShapeError for another rank.
template <class T, class X> Eigen::Map<const Matrix<T>, 0, Stride> map(const X& x) {
  const Array& a = detail::checked<T>(detail::array_of(x));
  return {a.data<T>(), a.size(0), detail::columns(a), detail::strides(a)};
}

/// The same to write to: an in-place change, with the errors of Tensor::mutable_data where x is a tensor.
template <class T, class X> Eigen::Map<Matrix<T>, 0, Stride> mutable_map(X& x) {
  const Array& a = detail::checked<T>(detail::array_of(x));
  T* data;
  if constexpr (std::is_same_v<X, Array>) {
    x.bump_version();
    data = x.template data<T>();
  } else {
    data = x.template mutable_data<T>().data();
  }
  return {data, a.size(0), detail::columns(a), detail::strides(a)};
}

/// A row-major copy of a matrix, array or expression; of rank 1 where its type says that it is a vector. Integers of
/// every width become int64.
template <class Derived> Array array(const Eigen::DenseBase<Derived>& m) {
  using Scalar = typename Derived::Scalar;
  using T = std::conditional_t<std::is_integral_v<Scalar> && !std::is_same_v<Scalar, bool>, std::int64_t, Scalar>;
  const auto values = m.derived().eval();
  const std::int64_t rows = values.rows(), columns = values.cols();
  Array out(Derived::IsVectorAtCompileTime ? Shape{rows * columns} : Shape{rows, columns}, dtype_of<T>);
  T* p = out.data<T>();
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t k = 0; k < columns; ++k) *p++ = static_cast<T>(values(i, k));
  return out;
}

/// The same as a tensor; needs <eigengrad/autograd/tensor.h>.
template <class Derived, class Result = Tensor> Result tensor(const Eigen::DenseBase<Derived>& m) {
  return Result(array(m));
}

}  // namespace eg::eigen
