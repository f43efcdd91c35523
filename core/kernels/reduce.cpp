#include "kernels/reduce.h"

#include "kernels/copy.h"
#include "kernels/strided.h"

namespace eg::kernels {
namespace {

template <class T> void sum_typed(Array& out, const Array& a) {
  fill(out, 0);
  if (a.numel() == 0) return;
  Array wide = broadcast_to(out, a.shape());
  const LoopNest<2> nest(a.shape(), {&a, &wide});
  const std::int64_t n = nest.inner(), sa = nest.strides[0][nest.rank - 1], so = nest.strides[1][nest.rank - 1];
  nest.rows(0, nest.outer(), [&](const std::int64_t* at) {
    const T* x = a.data<T>() + at[0];
    T* o = wide.data<T>() + at[1];
    if (so == 0) {
      T s = 0;
      for (std::int64_t i = 0; i < n; ++i) s += x[i * sa];
      *o += s;
    } else {
      for (std::int64_t i = 0; i < n; ++i) o[i * so] += x[i * sa];
    }
  });
}

}  // namespace

Array sum(const Array& in, const Dims& dims, bool keepdim) {
  const Array a = is_floating(in.dtype()) ? in : cast(in, DType::int64);
  Shape kept = a.shape();
  for (std::int64_t d : dims) kept[static_cast<int>(d)] = 1;
  Array out(kept, a.dtype());
  switch (a.dtype()) {
    case DType::float32: sum_typed<float>(out, a); break;
    case DType::float64: sum_typed<double>(out, a); break;
    default: sum_typed<std::int64_t>(out, a); break;
  }
  if (keepdim) return out;
  Shape shape;
  for (int i = 0, k = 0; i < a.rank(); ++i) {
    if (k < dims.rank() && dims[k] == i) ++k;
    else shape.push_back(a.size(i));
  }
  return out.view(shape, contiguous_strides(shape));
}

}  // namespace eg::kernels
