#pragma once
// How an operation hands its tensors to kernels that take pointers.
#include <eigengrad/autograd/tensor.h>
#include <eigengrad/core/kernels/copy.h>

namespace eg::detail {

/// The elements, or null for an undefined array: optional weights, biases, results not wanted.
template <class T> const T* data_or_null(const Array& a) { return a.defined() ? a.data<T>() : nullptr; }
template <class T> T* data_or_null(Array& a) { return a.defined() ? a.data<T>() : nullptr; }

/// The elements in row-major order; an undefined tensor gives an undefined array.
inline Array contiguous_or_none(const Tensor& t) { return t.defined() ? kernels::contiguous(t.array()) : Array(); }

}  // namespace eg::detail
