#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

/// What functions give that find elements as well as their places: max, min, sort, topk.
struct ValuesIndices {
  Tensor values;   ///< differentiable
  Tensor indices;  ///< int64, of the shape of values: places along the dimension asked about
};

}  // namespace eg
