#pragma once
// A row-major array seen from one dimension: [outer, size, inner].
#include <eigengrad/core/array.h>

#include <algorithm>

#include "kernels/strided.h"

namespace eg::kernels {

struct Blocks {
  std::int64_t outer = 1, size = 1, inner = 1;

  Blocks(const Shape& shape, int dim) {
    for (int i = 0; i < dim; ++i) outer *= shape[i];
    if (dim < shape.rank()) size = shape[dim];
    for (int i = dim + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

inline Shape with_size(Shape shape, int dim, std::int64_t size) {
  shape[dim] = size;
  return shape;
}

/// Rows a chunk of parallel_for holds where a row costs `cost` elements.
inline std::int64_t row_grain(std::int64_t cost) { return std::max<std::int64_t>(1, parallel_grain / std::max<std::int64_t>(1, cost)); }

}  // namespace eg::kernels
