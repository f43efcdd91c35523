#pragma once
// Walking several operands of one broadcast shape in step.
#include <eigengrad/core/array.h>

namespace eg::kernels {

/// Elements below which a loop is not worth a second thread.
inline constexpr std::int64_t parallel_grain = 32768;

/// A loop nest over K operands: dimensions of size 1 dropped and neighbours that run on merged, innermost last.
/// Strides are in elements; 0 along a broadcast dimension.
template <int K> struct LoopNest {
  int rank = 0;
  std::int64_t sizes[max_rank];
  std::int64_t strides[K][max_rank];

  /// `shape` is the broadcast shape; every operand's shape broadcasts to it.
  LoopNest(const Shape& shape, const Array* const (&operands)[K]) {
    for (int d = 0; d < shape.rank(); ++d) {
      if (shape[d] == 1) continue;
      std::int64_t s[K];
      for (int k = 0; k < K; ++k) {
        const Array& a = *operands[k];
        const int i = d - (shape.rank() - a.rank());
        s[k] = i < 0 || a.size(i) == 1 ? 0 : a.stride(i);
      }
      bool merge = rank > 0;
      for (int k = 0; k < K && merge; ++k) merge = strides[k][rank - 1] == s[k] * shape[d];
      if (!merge) sizes[rank++] = 1;
      sizes[rank - 1] *= shape[d];
      for (int k = 0; k < K; ++k) strides[k][rank - 1] = s[k];
    }
    if (rank == 0) {
      sizes[rank++] = 1;
      for (int k = 0; k < K; ++k) strides[k][0] = 0;
    }
  }

  std::int64_t inner() const { return sizes[rank - 1]; }
  std::int64_t outer() const {
    std::int64_t n = 1;
    for (int d = 0; d + 1 < rank; ++d) n *= sizes[d];
    return n;
  }

  /// Calls row(offsets) for each outer index in [begin, end): offsets[k] is where the inner run of operand k starts.
  template <class Row> void rows(std::int64_t begin, std::int64_t end, Row&& row) const {
    std::int64_t index[max_rank] = {}, offset[K] = {};
    std::int64_t rest = begin;
    for (int d = rank - 2; d >= 0; --d) {
      index[d] = rest % sizes[d];
      rest /= sizes[d];
      for (int k = 0; k < K; ++k) offset[k] += index[d] * strides[k][d];
    }
    for (std::int64_t i = begin; i < end; ++i) {
      row(static_cast<const std::int64_t*>(offset));
      for (int d = rank - 2; d >= 0; --d) {
        for (int k = 0; k < K; ++k) offset[k] += strides[k][d];
        if (++index[d] < sizes[d]) break;
        for (int k = 0; k < K; ++k) offset[k] -= sizes[d] * strides[k][d];
        index[d] = 0;
      }
    }
  }
};

}  // namespace eg::kernels
