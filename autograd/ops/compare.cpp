#include <eigengrad/autograd/ops/compare.h>
#include <eigengrad/core/kernels/elementwise.h>

namespace eg {
using kernels::Binary;

namespace {
Tensor truth(Binary f, const Tensor& a, const Tensor& b) { return Tensor(kernels::binary(f, a.array(), b.array())); }
Tensor truth(Binary f, const Tensor& a, Scalar b) { return Tensor(kernels::binary(f, a.array(), b)); }
}  // namespace

Tensor eq(const Tensor& a, const Tensor& b) { return truth(Binary::eq, a, b); }
Tensor eq(const Tensor& a, Scalar b) { return truth(Binary::eq, a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return truth(Binary::ne, a, b); }
Tensor ne(const Tensor& a, Scalar b) { return truth(Binary::ne, a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return truth(Binary::lt, a, b); }
Tensor lt(const Tensor& a, Scalar b) { return truth(Binary::lt, a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return truth(Binary::le, a, b); }
Tensor le(const Tensor& a, Scalar b) { return truth(Binary::le, a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return truth(Binary::gt, a, b); }
Tensor gt(const Tensor& a, Scalar b) { return truth(Binary::gt, a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return truth(Binary::ge, a, b); }
Tensor ge(const Tensor& a, Scalar b) { return truth(Binary::ge, a, b); }

Tensor logical_and(const Tensor& a, const Tensor& b) { return truth(Binary::logical_and, a, b); }
Tensor logical_or(const Tensor& a, const Tensor& b) { return truth(Binary::logical_or, a, b); }
Tensor logical_xor(const Tensor& a, const Tensor& b) { return truth(Binary::logical_xor, a, b); }
Tensor logical_not(const Tensor& x) { return Tensor(kernels::logical_not(x.array())); }

Tensor isnan(const Tensor& x) { return Tensor(kernels::is_nan(x.array())); }
Tensor isinf(const Tensor& x) { return Tensor(kernels::is_inf(x.array())); }
Tensor isfinite(const Tensor& x) { return Tensor(kernels::is_finite(x.array())); }

}  // namespace eg
