#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Functions that make tensors. `shape` lists sizes >= 0, outermost first; {} makes a scalar.
// Errors    ShapeError on a negative size; DTypeError where requires_grad is asked of integers

Tensor empty(const Shape& shape, const TensorOptions& o = {});  ///< not initialized
Tensor full(const Shape& shape, Scalar value, const TensorOptions& o = {});
Tensor zeros(const Shape& shape, const TensorOptions& o = {});
Tensor ones(const Shape& shape, const TensorOptions& o = {});

/// A vector of the values given.
template <class T> Tensor tensor(std::span<const T> values, const TensorOptions& o = {.dtype = dtype_of<T>});
Tensor tensor(std::initializer_list<double> values, const TensorOptions& o = {});

}  // namespace eg
