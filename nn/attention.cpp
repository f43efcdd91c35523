#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/ops/dropout.h>
#include <eigengrad/autograd/ops/index.h>
#include <eigengrad/autograd/ops/matmul.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/error.h>
#include <eigengrad/nn/attention.h>
#include <eigengrad/nn/init.h>

#include <eigengrad/autograd/detail/attention.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/nn/detail/open_call.h>

namespace eg::nn {
namespace {

struct BesideQuery {
  const Tensor &k, &v;
  const AttentionOptions& how;
  Tensor weights;
};
using Call = detail::OpenCall<BesideQuery>;

std::int64_t checked(std::int64_t embed_dim, std::int64_t heads) {
  if (embed_dim < 1 || heads < 1 || embed_dim % heads != 0)
    fail<ValueError>("MultiheadAttention", "expected heads >= 1 that divide the size, got size {} and heads {}", embed_dim, heads);
  return embed_dim;
}

}  // namespace

MultiheadAttention::MultiheadAttention(std::int64_t E, std::int64_t heads, MultiheadAttentionOptions o)
    : out_proj(checked(E, heads), E, {.bias = o.bias}), options(o), heads_(heads) {
  if (!(o.dropout >= 0 && o.dropout <= 1)) fail<ValueError>("MultiheadAttention", "expected a dropout from 0 to 1, got {}", o.dropout);
  Tensor w = zeros({3 * E, E});
  in_proj_weight = Parameter(init::xavier_uniform_(w));
  if (!o.bias) return;
  in_proj_bias = Parameter(zeros({3 * E}));
  out_proj.bias = Parameter(zeros({E}));
}

Tensor MultiheadAttention::forward(const Tensor& q) {
  BesideQuery* const call = Call::take(*this);
  if (!call) return compute(q, q, q, {}, nullptr);
  return compute(q, call->k, call->v, call->how, &call->weights);
}

AttentionResult MultiheadAttention::operator()(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& how) {
  BesideQuery beside{k, v, how, {}};
  const Call open(*this, beside);
  Tensor output = Module::operator()(q);
  return {std::move(output), std::move(beside.weights)};
}

Tensor MultiheadAttention::compute(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& how, Tensor* weights) {
  constexpr const char* op = "multi_head_attention";
  const std::int64_t E = in_proj_weight->size(1);
  const bool batch = q.dim() == 3;
  const int n = options.batch_first ? 0 : 1, l = batch ? 1 - n : 0;
  bool fits = (batch || q.dim() == 2) && k.dim() == q.dim() && v.dim() == q.dim() && k.size(l) == v.size(l);
  for (const Tensor* t : {&q, &k, &v}) fits = fits && t->size(-1) == E && (!batch || t->size(n) == q.size(n));
  if (!fits)
    fail<ShapeError>(op, "expected q [{0}, {1}], k and v [{2}, {1}], or [L, {1}] and [S, {1}], got {3}, {4} and {5}",
                     options.batch_first ? "N, L" : "L, N", E, options.batch_first ? "N, S" : "S, N", q.shape(), k.shape(), v.shape());
  // Part i of the projection of x; of all three at once where they are one.
  const bool same = q.impl() == k.impl() && q.impl() == v.impl();
  const Tensor all = same ? linear(q, in_proj_weight, in_proj_bias) : Tensor();
  const auto heads_of = [&](const Tensor& x, int i) {
    const Tensor y = same ? narrow(all, -1, i * E, E)
                          : linear(x, narrow(in_proj_weight, 0, i * E, E),
                                   in_proj_bias.defined() ? narrow(in_proj_bias, 0, i * E, E) : Tensor());
    const Tensor parts = unflatten(batch ? y : unsqueeze(y, n), -1, {heads_, E / heads_});
    return n == 0 ? permute(parts, {0, 2, 1, 3}) : permute(parts, {1, 2, 0, 3});  // [N, heads, L, E / heads]
  };
  const Tensor qh = heads_of(q, 0), kh = heads_of(k, 1), vh = heads_of(v, 2);
  const Tensor w = dropout(eg::detail::attention_weights(op, qh, kh, how), options.dropout, is_training());
  const Tensor together = permute(matmul(w, vh), n == 0 ? Dims{0, 2, 1, 3} : Dims{2, 0, 1, 3});
  const Tensor y = flatten(together, -2, -1);
  if (weights) {
    *weights = mean(w, {1});
    if (!batch) *weights = squeeze(*weights, {0});
  }
  return out_proj(batch ? y : squeeze(y, {n}));
}

std::string MultiheadAttention::describe() const {
  std::string s = fmt::format("MultiheadAttention({}, {}", in_proj_weight->size(1), heads_);
  if (!options.bias) s += ", bias=false";
  if (options.batch_first) s += ", batch_first=true";
  if (options.dropout != 0) s += fmt::format(", dropout={:g}", options.dropout);
  return s + ")";
}

}  // namespace eg::nn
