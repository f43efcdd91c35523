#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Reductions over `dims`: any set of dimensions, negative ones count from the end, all of them where the list is empty.
// keepdim keeps them with size 1. Sums of float32 are added up so that their error is near that of rounding the result,
// and have the same bits on any number of threads.
// Errors    IndexError for a bad dim, ValueError for a repeated one

/// Sum. bool and int64 give int64.
/// Gradient  x, at every order                   Cost      one read of x
Tensor sum(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// Arithmetic mean; NaN of no elements.
/// Errors    DTypeError for integers             Gradient  x, at every order      Cost  one read of x
Tensor mean(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// Variance: mean squared distance from the mean, over n - 1 (unbiased) or n; NaN where that is 0.
/// Errors    DTypeError for integers             Gradient  x, at every order      Cost  two reads of x
Tensor var(const Tensor& x, const Dims& dims = {}, bool unbiased = true, bool keepdim = false);

/// Standard deviation, the root of var. Gradient 0 where it is 0.
/// Errors    DTypeError for integers             Gradient  x, at every order      Cost  two reads of x
Tensor std(const Tensor& x, const Dims& dims = {}, bool unbiased = true, bool keepdim = false);

/// Product; 1 of no elements. bool and int64 give int64.
/// Gradient  x, at every order, zeros among the elements included
Tensor prod(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// (sum |x|^p)^(1/p); the largest |x| for p = infinity, the smallest for -infinity, the number of non-zeros for 0.
/// Gradient  x, at every order; 0 where the norm is 0
/// Errors    DTypeError for integers; ShapeError for p = +-infinity of no elements
Tensor norm(const Tensor& x, double p = 2, const Dims& dims = {}, bool keepdim = false);

}  // namespace eg
