#include <eigengrad/autograd/ops/sort.h>
#include <eigengrad/autograd/detail/places.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/sort.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

// y = sums from the start (or from the end)      dx = sums of g from the end (or from the start)
struct Cumsum final : Node {
  int dim;
  bool reverse;
  Cumsum(int d, bool r) : dim(d), reverse(r) {}
  const char* name() const noexcept override { return "cumsum"; }
  void backward(Tensor g, Grads grads) override;
};

Tensor sums(const Tensor& x, int dim, bool reverse) {
  Array out = kernels::cumsum(x.array(), dim, reverse);
  if (!should_record(x)) return Tensor(std::move(out));
  return record<Cumsum>(std::move(out), {&x}, dim, reverse);
}

void Cumsum::backward(Tensor g, Grads grads) { grads[0] = sums(g, dim, !reverse); }

ValuesIndices results(const char* op, const Tensor& x, int dim, kernels::Sorted s) {
  Tensor indices(std::move(s.indices));
  return {detail::picked(op, x, dim, indices, std::move(s.values)), indices};
}

}  // namespace

ValuesIndices sort(const Tensor& x, std::int64_t dim, bool descending) {
  const int d = wrap_dim("sort", dim, x.dim());
  return results("sort", x, d, kernels::sort(x.array(), d, descending));
}

Tensor argsort(const Tensor& x, std::int64_t dim, bool descending) {
  return Tensor(kernels::sort(x.array(), wrap_dim("argsort", dim, x.dim()), descending).indices);
}

ValuesIndices topk(const Tensor& x, std::int64_t k, std::int64_t dim, bool largest) {
  const int d = wrap_dim("topk", dim, x.dim());
  const std::int64_t n = x.dim() == 0 ? 1 : x.shape()[d];
  if (k < 0 || k > n || (x.dim() == 0 && k == 0))
    fail<ValueError>("topk", "expected k in [0, {}] for dimension {} of shape {}, got {}", n, d, x.shape(), k);
  return results("topk", x, d, kernels::topk(x.array(), k, d, largest));
}

Tensor cumsum(const Tensor& x, std::int64_t dim) { return sums(x, wrap_dim("cumsum", dim, x.dim()), false); }

}  // namespace eg
