#pragma once
#include <eigengrad/autograd/ops/loss.h>
#include <eigengrad/autograd/ops/reduce.h>

namespace eg::detail {

/// Errors    DTypeError where x holds integers, ShapeError where the shapes differ
void check_pair(const char* op, const Tensor& x, const Tensor& target);

inline Tensor reduce_losses(const Tensor& losses, Reduction r) {
  return r == Reduction::none ? losses : r == Reduction::sum ? sum(losses) : mean(losses);
}

}  // namespace eg::detail
