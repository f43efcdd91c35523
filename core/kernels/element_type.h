#pragma once
// Calls f(T*) for an element type, with null as a tag.
#include <eigengrad/core/dtype.h>

#include <cstdint>

namespace eg::kernels {

/// float32 and float64.
template <class F> void for_floating(DType t, F&& f) {
  if (t == DType::float32) f(static_cast<float*>(nullptr));
  else f(static_cast<double*>(nullptr));
}
template <class F> void for_type(DType t, F&& f) {
  switch (t) {
    case DType::boolean: return f(static_cast<bool*>(nullptr));
    case DType::int64: return f(static_cast<std::int64_t*>(nullptr));
    case DType::float32: return f(static_cast<float*>(nullptr));
    case DType::float64: return f(static_cast<double*>(nullptr));
  }
}

}  // namespace eg::kernels
