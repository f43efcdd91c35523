#pragma once
#include <eigengrad/core/array.h>

namespace eg::kernels {

// Reductions over `dims` (sorted, in range, not repeated). The order of the additions depends on the shape only, never
// on the number of threads; Note [Sums] in reduce_stages.h.

/// What is added up.
enum class Term : std::uint8_t {
  value,
  absolute,  // |x|
  square,    // x^2
};
/// (Sum of the terms) / divisor. bool and int64 give int64 and take divisor 1.
Array total(Term term, const Array& a, const Dims& dims, bool keepdim, double divisor = 1);
/// Sums; bool and int64 give int64.
inline Array sum(const Array& a, const Dims& dims, bool keepdim) { return total(Term::value, a, dims, keepdim); }

/// Mean (dims kept with size 1) and (sum of (x - mean)^2) / divisor of floating-point numbers.
struct MeanVar {
  Array mean, var;
};
MeanVar mean_var(const Array& a, const Dims& dims, bool keepdim, double divisor);

/// Shape without `dims`, or with size 1 there.
Shape reduced_shape(const Shape& shape, const Dims& dims, bool keepdim);
/// Number of elements along `dims`.
std::int64_t count_along(const Shape& shape, const Dims& dims);

}  // namespace eg::kernels
