// Largest and smallest elements. Each operation: 1 its node (the mathematics of backward)  2 the public function.
#include <eigengrad/autograd/ops/extremes.h>
#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/node.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/gather.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/elementwise.h>
#include <eigengrad/core/kernels/extremes.h>
#include <eigengrad/core/kernels/reduce.h>

#include <eigengrad/core/detail/format.h>

namespace eg {
using detail::record;
using detail::should_record;

namespace {

// y = max_dims x       dx = g / k where x = y, k of them; else 0
struct Extreme final : Node {
  Saved x, y;
  Dims dims;
  Shape kept;
  const char* op;
  Extreme(const char* name, const Tensor& in, const Array& out, const Dims& d, const Shape& k)
      : x(in), y(Saved::output(out)), dims(d), kept(k), op(name) {}
  const char* name() const noexcept override { return op; }
  void release() noexcept override {
    x.reset();
    y.reset();
  }
  void backward(Tensor g, Grads grads) override {
    const Array &in = x.get(*this).array(), &out = y.get(*this).array();
    const Array chosen = kernels::cast(kernels::binary(kernels::Binary::eq, in, out.view(kept, contiguous_strides(kept))), in.dtype());
    const Array share = kernels::binary(kernels::Binary::div, chosen, kernels::sum(chosen, dims, true));
    grads[0] = mul(reshape(g, kept), Tensor(share));
  }
};

// y = x[.., k(..), ..]     dx = g at the places named; else 0
struct ExtremePlaces final : Node {
  Shape x, kept;
  Tensor places;  // dims kept
  int dim;
  const char* op;
  ExtremePlaces(const char* name, const Shape& in, const Shape& k, const Array& at, int along)
      : x(in), kept(k), places(at.view(k, contiguous_strides(k))), dim(along), op(name) {}
  const char* name() const noexcept override { return op; }
  void release() noexcept override { places = Tensor(); }
  void backward(Tensor g, Grads grads) override {
    if (x.rank() == 0) grads[0] = g;
    else grads[0] = scatter_add(zeros(x, {.dtype = g.dtype()}), dim, places, reshape(g, kept));
  }
};

void check_elements(const char* op, const Tensor& x, const Dims& over) {
  if (kernels::count_along(x.shape(), over) == 0)
    fail<ShapeError>(op, "expected at least one element to choose from, got input {}", x.shape());
}

Tensor extreme(const char* op, bool largest, const Tensor& x, const Dims& dims, bool keepdim) {
  const Dims over = wrap_dims(op, dims, x.dim());
  check_elements(op, x, over);
  Array out = kernels::extreme(largest, x.array(), over, keepdim);
  if (!should_record(x)) return Tensor(std::move(out));
  const Array y = out;
  return record<Extreme>(std::move(out), {&x}, op, x, y, over, kernels::reduced_shape(x.shape(), over, true));
}

ValuesIndices extreme_along(const char* op, bool largest, const Tensor& x, std::int64_t dim, bool keepdim) {
  const int d = wrap_dim(op, dim, x.dim());
  const Dims over = x.dim() ? Dims{d} : Dims{};
  check_elements(op, x, over);
  kernels::Extremes r = kernels::extreme_places(largest, x.array(), d, keepdim);
  Tensor indices(r.indices);
  if (!should_record(x)) return {Tensor(std::move(r.values)), std::move(indices)};
  const Shape kept = kernels::reduced_shape(x.shape(), over, true);
  return {record<ExtremePlaces>(std::move(r.values), {&x}, op, x.shape(), kept, r.indices, d), std::move(indices)};
}

Tensor place(const char* op, bool largest, const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) {
  const NoGrad guard;
  if (dim) return extreme_along(op, largest, x, *dim, keepdim).indices;
  const Tensor at = extreme_along(op, largest, reshape(x, {x.numel()}), 0, false).indices;
  return keepdim ? reshape(at, Shape::filled(x.dim(), 1)) : at;
}

Tensor truth(const char* op, bool some, const Tensor& x, const Dims& dims, bool keepdim) {
  const Dims over = wrap_dims(op, dims, x.dim());
  const Shape shape = kernels::reduced_shape(x.shape(), over, keepdim);
  if (x.numel() == 0) return Tensor(kernels::full(shape, DType::boolean, !some));
  const Array a = x.dtype() == DType::boolean ? x.array() : kernels::cast(x.array(), DType::boolean);
  return Tensor(kernels::extreme(some, a, over, keepdim));
}

}  // namespace

Tensor max(const Tensor& x) { return extreme("max", true, x, {}, false); }
Tensor min(const Tensor& x) { return extreme("min", false, x, {}, false); }
ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim) { return extreme_along("max", true, x, dim, keepdim); }
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim) { return extreme_along("min", false, x, dim, keepdim); }
Tensor amax(const Tensor& x, const Dims& dims, bool keepdim) { return extreme("amax", true, x, dims, keepdim); }
Tensor amin(const Tensor& x, const Dims& dims, bool keepdim) { return extreme("amin", false, x, dims, keepdim); }
Tensor argmax(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) { return place("argmax", true, x, dim, keepdim); }
Tensor argmin(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) { return place("argmin", false, x, dim, keepdim); }
Tensor any(const Tensor& x, const Dims& dims, bool keepdim) { return truth("any", true, x, dims, keepdim); }
Tensor all(const Tensor& x, const Dims& dims, bool keepdim) { return truth("all", false, x, dims, keepdim); }

Tensor Tensor::max() const { return eg::max(*this); }
Tensor Tensor::min() const { return eg::min(*this); }
Tensor Tensor::argmax(std::optional<std::int64_t> dim, bool keepdim) const { return eg::argmax(*this, dim, keepdim); }
Tensor Tensor::any() const { return eg::any(*this); }
Tensor Tensor::all() const { return eg::all(*this); }

}  // namespace eg
