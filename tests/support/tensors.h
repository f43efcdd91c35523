#pragma once
// Tensors of the oracle's numbers, and how far two tensors are apart.
#include <string>

#include <eigengrad/eigengrad.h>

#include "support/oracle.h"

/// float64 values become `floating`; int64 and bool keep their type.
eg::Tensor to_tensor(const oracle::Value& v, eg::DType floating = eg::float64);

/// "" where both have the same shape and every element agrees: |a - b| <= tolerance (1 + max |b|), infinities and NaN
/// exactly; otherwise a text that names the first element that does not. Tolerance 0 asks for equal numbers.
std::string difference(const eg::Tensor& a, const eg::Tensor& b, double tolerance);
