#include "kernels/product.h"

#include <eigengrad/core/error.h>

#include <algorithm>

#include "detail/format.h"
#include "kernels/copy.h"
#include "kernels/matmul.h"

namespace eg::kernels {
namespace {

// The last two dimensions of an array as gemm takes them.
struct Matrix {
  const Array* array;
  Array owned;      // where a copy was needed
  bool trans;       // op, the way the elements are stored included
  std::int64_t ld;  // distance between stored rows

  Matrix(const Array& a, bool t) : array(&a), trans(t) {
    const std::int64_t rows = a.size(a.rank() - 2), cols = a.size(a.rank() - 1);
    const std::int64_t sr = a.stride(a.rank() - 2), sc = a.stride(a.rank() - 1);
    if ((sc == 1 || cols == 1) && (sr >= cols || rows == 1)) {
      ld = rows == 1 ? std::max<std::int64_t>(cols, 1) : sr;
    } else if ((sr == 1 || rows == 1) && (sc >= rows || cols == 1)) {
      trans = !t;
      ld = cols == 1 ? std::max<std::int64_t>(rows, 1) : sc;
    } else {
      own(a);
    }
  }
  void own(const Array& a) {
    owned = copy(a);
    array = &owned;
    ld = std::max<std::int64_t>(a.size(a.rank() - 1), 1);
  }
  std::int64_t size() const { return array->size(array->rank() - 2) * array->size(array->rank() - 1); }

  // The one stride that walks all dimensions of `batch`. Where there is none, the matrices are copied side by side.
  std::int64_t batch_stride(const Shape& batch, bool stored_as_given) {
    const Array& a = *array;
    const int shift = batch.rank() + 2 - a.rank();
    std::int64_t stride = 0, expected = -1;
    for (int d = batch.rank() - 1; d >= 0; --d) {
      if (batch[d] == 1) continue;
      const int i = d - shift;
      const std::int64_t s = i < 0 || a.size(i) == 1 ? 0 : a.stride(i);
      if (expected < 0) stride = s;
      else if (s != expected) {
        Shape whole = batch;
        whole.push_back(a.size(a.rank() - 2));
        whole.push_back(a.size(a.rank() - 1));
        trans = stored_as_given;
        own(broadcast_to(Array(a), whole));
        return size();
      }
      expected = s * batch[d];
    }
    return stride;
  }
};

Shape batch_of(const Array& a) {
  Shape b = a.shape();
  b.erase(b.rank() - 1);
  b.erase(b.rank() - 1);
  return b;
}

template <class T>
void run(Matrix& a, bool ta, Matrix& b, bool tb, const Shape& batch, std::int64_t m, std::int64_t n, std::int64_t k, Array& out) {
  const std::int64_t sa = a.batch_stride(batch, ta), sb = b.batch_stride(batch, tb);
  gemm_batch<T>(batch.numel(), a.trans, b.trans, m, n, k, a.array->template data<T>(), a.ld, sa,
                b.array->template data<T>(), b.ld, sb, out.data<T>(), n, m * n, false);
}

}  // namespace

Array matmul(const char* op, const Array& a, bool ta, const Array& b, bool tb) {
  const int ra = a.rank(), rb = b.rank();
  const std::int64_t m = a.size(ta ? ra - 1 : ra - 2), k = a.size(ta ? ra - 2 : ra - 1);
  const std::int64_t kb = b.size(tb ? rb - 1 : rb - 2), n = b.size(tb ? rb - 2 : rb - 1);
  if (k != kb)
    fail<ShapeError>(op, "expected inner sizes that agree, got {} and {} ({} against {})", a.shape(), b.shape(), k, kb);
  const bool f32 = a.dtype() == DType::float32;
  Matrix x(a, ta), y(b, tb);
  if (ra == 2 && rb == 2) {
    Array out({m, n}, a.dtype());
    if (f32) gemm<float>(x.trans, y.trans, m, n, k, x.array->data<float>(), x.ld, y.array->data<float>(), y.ld, out.data<float>(), n, false);
    else gemm<double>(x.trans, y.trans, m, n, k, x.array->data<double>(), x.ld, y.array->data<double>(), y.ld, out.data<double>(), n, false);
    return out;
  }
  const Shape batch = broadcast_shapes(op, batch_of(a), batch_of(b));
  Shape shape = batch;
  shape.push_back(m);
  shape.push_back(n);
  Array out(shape, a.dtype());
  if (out.numel() == 0) return out;
  if (f32) run<float>(x, ta, y, tb, batch, m, n, k, out);
  else run<double>(x, ta, y, tb, batch, m, n, k, out);
  return out;
}

namespace {

template <class T> void linear_typed(const Array& x, const Array& w, const Array& bias, Array& y) {
  const std::int64_t m = x.size(0), k = x.size(1), n = w.size(0);
  if (bias.defined()) {
    const T* b = bias.data<T>();
    T* out = y.data<T>();
    for (std::int64_t i = 0; i < m; ++i) std::copy(b, b + n, out + i * n);
  }
  gemm<T>(false, true, m, n, k, x.data<T>(), x.stride(0), w.data<T>(), w.stride(0), y.data<T>(), n, bias.defined());
}

}  // namespace

Array linear(const Array& x, const Array& w, const Array& bias) {
  Array y({x.size(0), w.size(0)}, x.dtype());
  if (x.dtype() == DType::float32) linear_typed<float>(x, w, bias, y);
  else linear_typed<double>(x, w, bias, y);
  return y;
}

}  // namespace eg::kernels
