#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

/// What fills the places that pad adds, for x = a b c d and two places on each side:
///   constant 0 0 a b c d 0 0     reflect c b a b c d c b     replicate a a a b c d d d     circular c d a b c d a b
enum class PadMode : std::uint8_t { constant, reflect, replicate, circular };

struct PadOptions {
  PadMode mode = PadMode::constant;
  Scalar value = 0;  ///< of constant
};

/// x with places added before and behind. `pad` counts from the last dimension, as PyTorch's:
/// {left, right} of the last one, then {top, bottom} of the one before, and so on; dimensions not named stay.
/// In mode constant a negative number crops.
/// Errors    ValueError for a list of odd length or for more dimensions than x has, for negative numbers in other modes;
///           ShapeError where a cropped size would be negative, or x has too few places to fill from: reflect needs
///           size > pad, circular size >= pad, replicate size >= 1
/// Gradient  x, at every order
Tensor pad(const Tensor& x, std::span<const std::int64_t> pad, const PadOptions& options = {});
Tensor pad(const Tensor& x, std::initializer_list<std::int64_t> pad, const PadOptions& options = {});

}  // namespace eg
