#pragma once
#include <eigengrad/core/array.h>

namespace eg::kernels {

struct Sorted {
  Array values, indices;
};

/// Every line of dimension dim in order, equal elements in the order they had; nan counts as the largest, -0 as 0.
Sorted sort(const Array& x, int dim, bool descending);
/// The first k of each line in that order; largest first where `largest`, else smallest first.
Sorted topk(const Array& x, std::int64_t k, int dim, bool largest);

/// y_i = x_0 + ... + x_i along dim, from the end where `reverse`; bool and int64 give int64. float32 is added up in
/// double.
Array cumsum(const Array& x, int dim, bool reverse);

}  // namespace eg::kernels
