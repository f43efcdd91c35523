#pragma once
// Products of row-major matrices of float or double.
#include <cstdint>

namespace eg::kernels {

/// C = op(A) op(B), or C += op(A) op(B) where `accumulate`; op(A) is m x k, op(B) is k x n, C is m x n.
/// A is stored m x k, or k x m where trans_a, with rows lda apart; B likewise. C must not overlap A or B.
/// k == 0 gives zeros. The bits do not depend on the number of threads.
template <class T>
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda,
          const T* b, std::int64_t ldb, T* c, std::int64_t ldc, bool accumulate);

/// gemm for `batch` products whose operands lie stride_a, stride_b, stride_c elements apart; a stride of 0 shares A or
/// B. Each product has the bits that gemm alone gives.
template <class T>
void gemm_batch(std::int64_t batch, bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k,
                const T* a, std::int64_t lda, std::int64_t stride_a, const T* b, std::int64_t ldb,
                std::int64_t stride_b, T* c, std::int64_t ldc, std::int64_t stride_c, bool accumulate);

}  // namespace eg::kernels
