#pragma once
#include <eigengrad/core/array.h>

namespace eg::kernels {

/// Sums over `dims` (sorted, in range); bool and int64 give int64. The order of the additions depends on the shape only.
Array sum(const Array& a, const Dims& dims, bool keepdim);

}  // namespace eg::kernels
