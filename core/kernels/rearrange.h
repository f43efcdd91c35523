#pragma once
#include <eigengrad/core/array.h>

namespace eg::kernels {

/// x seen as `shape` (its own with ones in front), laid out times[i] times along dimension i.
Array repeat(const Array& x, const Shape& shape, const Shape& times);
/// A copy with `dims` (in range, each once) backwards.
Array flip(const Array& x, const Dims& dims);
/// y[(i + shift) mod n] = x[i] along dim.
Array roll(const Array& x, int dim, std::int64_t shift);
/// Matrices of the last two dimensions with zeros above (lower) or below diagonal number k.
Array triangle(const Array& x, std::int64_t k, bool lower);
/// Windows g [..., w, ..., size] of dimension dim, `step` places apart, added up into zeros of `shape`. Float, double.
Array fold_windows(const Array& g, const Shape& shape, int dim, std::int64_t step);

}  // namespace eg::kernels
