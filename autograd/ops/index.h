#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Views that pick elements by their place; gather.h picks by index tensors, mask.h by masks.

/// The view x[start : end : step] of one dimension, as in Python: negative places count from the end, places beyond the
/// ends mean the ends, and an end before start gives size 0.
/// Errors    IndexError for dim; ValueError for step < 1            Gradient  x, at every order
Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step = 1);

/// The view of `length` places of dimension dim from `start` on; a negative start counts from the end.
/// Errors    IndexError where start or start + length is outside    Gradient  x, at every order
Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length);

/// The view at one place of dimension dim, which goes away; a negative index counts from the end.
/// Errors    IndexError                                             Gradient  x, at every order
Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index);

}  // namespace eg
