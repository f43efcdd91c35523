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

}  // namespace eg
