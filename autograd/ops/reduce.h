#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

/// Sum over `dims` (all where empty); keepdim keeps them with size 1. bool and int64 give int64.
/// Shapes    x any; result without dims          Errors    IndexError, ValueError for a bad or repeated dim
/// Gradient  x, at every order                   Cost      one read of x
Tensor sum(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

}  // namespace eg
