#include <eigengrad/autograd/ops/attention.h>
#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/detail/attention.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/mask.h>
#include <eigengrad/autograd/ops/matmul.h>
#include <eigengrad/autograd/ops/rearrange.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/autograd/ops/softmax.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>

#include <cmath>
#include <limits>

namespace eg {
namespace {

void check(const char* op, const Tensor& q, const Tensor& k, const Tensor& v) {
  for (const Tensor* t : {&q, &k, &v})
    if (!is_floating(t->dtype()) || t->dtype() != q.dtype())
      fail<DTypeError>(op, "expected q, k and v of one floating-point type, got {}, {} and {}; convert with to()", q.dtype(), k.dtype(),
                       v.dtype());
  if (q.dim() < 2 || k.dim() < 2 || v.dim() < 2 || q.size(-1) != k.size(-1) || k.size(-2) != v.size(-2))
    fail<ShapeError>(op, "expected q [..., L, E], k [..., S, E] and v [..., S, Ev], got {}, {} and {}", q.shape(), k.shape(), v.shape());
}

Tensor masked(const char* op, const Tensor& scores, const Tensor& mask) {
  const Shape& m = mask.shape();
  const int shift = scores.dim() - m.rank();
  bool fits = shift >= 0;
  for (int i = 0; fits && i < m.rank(); ++i) fits = m[i] == 1 || m[i] == scores.shape()[i + shift];
  if (!fits) fail<ShapeError>(op, "expected a mask that broadcasts to the scores {}, got {}", scores.shape(), m);
  if (mask.dtype() == DType::boolean) return where(mask, scores, -std::numeric_limits<double>::infinity());
  if (mask.dtype() != scores.dtype())
    fail<DTypeError>(op, "expected a mask of bool or of the type of q, {}, got {}; convert with to()", scores.dtype(), mask.dtype());
  return scores + mask;
}

}  // namespace

Tensor detail::attention_weights(const char* op, const Tensor& q, const Tensor& k, const AttentionOptions& o) {
  const double scale = o.scale ? *o.scale : 1 / std::sqrt(static_cast<double>(q.size(-1)));
  Tensor scores = matmul(q * scale, transpose(k, -2, -1));
  if (o.causal) scores = masked(op, scores, tril(ones({scores.size(-2), scores.size(-1)}, {.dtype = DType::boolean})));
  if (o.mask.defined()) scores = masked(op, scores, o.mask);
  return softmax(scores, -1);
}

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& o) {
  constexpr const char* op = "scaled_dot_product_attention";
  check(op, q, k, v);
  return matmul(detail::attention_weights(op, q, k, o), v);
}

}  // namespace eg
