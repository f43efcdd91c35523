#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg::detail {

/// The elements of t for a change in place, which is counted. Errors: GradError where t requires grad and recording is
/// on; ValueError for an undefined tensor.
Array& writable(const char* op, Tensor& t);

}  // namespace eg::detail
