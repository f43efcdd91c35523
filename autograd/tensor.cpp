#include <eigengrad/autograd/tensor.h>
#include <eigengrad/core/error.h>

#include <new>

#include <eigengrad/autograd/detail/in_place.h>
#include <eigengrad/autograd/detail/leaf.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/kernels/copy.h>
#include <eigengrad/core/kernels/elementwise.h>

namespace eg {

detail::TensorImpl::TensorImpl(Array a) : array(std::move(a)) {}
detail::TensorImpl::~TensorImpl() = default;

void detail::destroy_tensor(TensorImpl* t) noexcept {
  t->~TensorImpl();
  deallocate(t, sizeof(TensorImpl));
}

Tensor::Tensor(Array array)
    : impl_(detail::Ref<detail::TensorImpl>::adopt(
          new (detail::allocate(sizeof(detail::TensorImpl))) detail::TensorImpl(std::move(array)))) {}

namespace {

const Array& checked(const char* op, const detail::TensorImpl* impl) {
  if (!impl) fail<ValueError>(op, "expected a tensor, got an undefined one");
  return impl->array;
}

void check_in_place(const char* op, const Tensor& t) {
  if (t.requires_grad() && grad_enabled())
    fail<GradError>(op, "expected a tensor that requires no grad, or recording off, since changes in place are not "
                    "recorded; wrap the call in NoGrad, or use the function that returns a new tensor");
}

}  // namespace

const Array& Tensor::array() const { return checked("tensor", impl_.get()); }
const Shape& Tensor::shape() const { return checked("shape", impl_.get()).shape(); }
std::int64_t Tensor::numel() const { return checked("numel", impl_.get()).numel(); }
DType Tensor::dtype() const { return checked("dtype", impl_.get()).dtype(); }
bool Tensor::is_contiguous() const { return checked("is_contiguous", impl_.get()).contiguous(); }

std::int64_t Tensor::size(std::int64_t dim) const {
  const Shape& s = shape();
  if (s.rank() == 0) fail<IndexError>("size", "expected a tensor with dimensions, got a scalar; use numel()");
  return s[wrap_dim("size", dim, s.rank())];
}

const detail::Ref<Node>& Tensor::node() const noexcept {
  static const detail::Ref<Node> none;
  return impl_ ? impl_->node : none;
}

bool Tensor::requires_grad() const noexcept { return impl_ && impl_->node; }
bool Tensor::is_leaf() const noexcept { return !impl_ || !impl_->node || impl_->node->is_leaf(); }

Tensor& Tensor::set_requires_grad(bool value) {
  const Array& a = checked("set_requires_grad", impl_.get());
  if (!is_leaf())
    fail<GradError>("set_requires_grad", "expected a leaf, got the result of {}; use detach() for a leaf with the same "
                    "elements", impl_->node->name());
  if (value && !is_floating(a.dtype()))
    fail<DTypeError>("set_requires_grad", "expected floating-point elements, got {}; convert with to(float32)", a.dtype());
  if (value == requires_grad()) return *this;
  impl_->node = value ? detail::Ref<Node>::adopt(new detail::Leaf(a)) : detail::Ref<Node>();
  return *this;
}

Tensor Tensor::grad() const {
  if (!requires_grad() || !impl_->node->is_leaf()) return {};
  return static_cast<const detail::Leaf&>(*impl_->node).grad();
}

void Tensor::set_grad(Tensor g) {
  if (!requires_grad() || !is_leaf()) {
    if (!g.defined()) return;
    fail<GradError>("set_grad", "expected a leaf that requires grad; call set_requires_grad() first");
  }
  if (g.defined() && (g.shape() != shape() || g.dtype() != dtype()))
    fail<ShapeError>("set_grad", "expected a gradient of shape {} and type {}, got {} and {}", shape(), dtype(), g.shape(),
                     g.dtype());
  static_cast<detail::Leaf&>(*impl_->node).set_grad(std::move(g));
}

Tensor Tensor::detach() const { return defined() ? Tensor(impl_->array) : Tensor(); }

// --- elements ------------------------------------------------------------------------------------------------------------

template <class T> T Tensor::item() const {
  const Array& a = checked("item", impl_.get());
  if (a.numel() != 1)
    fail<ShapeError>("item", "expected a tensor of one element, got shape {}; use to_vector() or select", a.shape());
  switch (a.dtype()) {
    case DType::boolean: return static_cast<T>(*a.data<bool>());
    case DType::int64: return static_cast<T>(*a.data<std::int64_t>());
    case DType::float32: return static_cast<T>(*a.data<float>());
    default: return static_cast<T>(*a.data<double>());
  }
}

namespace {
template <class T> void check_data(const char* op, const Array& a) {
  if (a.dtype() != dtype_of<T>)
    fail<DTypeError>(op, "expected data<{}>() for a tensor of {}, got data<{}>(); convert with to()", a.dtype(), a.dtype(),
                     dtype_of<T>);
  if (!a.contiguous())
    fail<ValueError>(op, "expected a contiguous tensor, got shape {} with strides {}; call contiguous() first", a.shape(),
                     a.strides());
}
}  // namespace

template <class T> std::span<const T> Tensor::data() const {
  const Array& a = checked("data", impl_.get());
  check_data<T>("data", a);
  return {a.data<T>(), static_cast<std::size_t>(a.numel())};
}

template <class T> std::span<T> Tensor::mutable_data() {
  checked("mutable_data", impl_.get());
  check_in_place("mutable_data", *this);
  Array& a = impl_->array;
  check_data<T>("mutable_data", a);
  a.bump_version();
  return {a.data<T>(), static_cast<std::size_t>(a.numel())};
}

template <class T> std::vector<T> Tensor::to_vector() const {
  const Array a = kernels::cast(array(), dtype_of<T>);
  return std::vector<T>(a.data<T>(), a.data<T>() + a.numel());
}

#define EIGENGRAD_ELEMENT(T)                            \
  template T Tensor::item<T>() const;                   \
  template std::span<const T> Tensor::data<T>() const;  \
  template std::span<T> Tensor::mutable_data<T>();      \
  template std::vector<T> Tensor::to_vector<T>() const;
EIGENGRAD_ELEMENT(bool)
EIGENGRAD_ELEMENT(std::int64_t)
EIGENGRAD_ELEMENT(float)
EIGENGRAD_ELEMENT(double)

// --- in place -------------------------------------------------------------------------------------------------------------

Array& detail::writable(const char* op, Tensor& t) {
  checked(op, t.impl());
  check_in_place(op, t);
  Array& a = t.impl()->array;
  a.bump_version();
  return a;
}
using detail::writable;

Tensor& Tensor::copy_(const Tensor& src) {
  const Array& s = checked("copy_", src.impl());
  Array& a = writable("copy_", *this);
  if (broadcast_shapes("copy_", a.shape(), s.shape()) != a.shape())
    fail<ShapeError>("copy_", "expected a source that broadcasts to {}, got {}", a.shape(), s.shape());
  kernels::copy_into(a, a.shares_storage(s) ? kernels::copy(s) : s);
  return *this;
}

Tensor& Tensor::fill_(Scalar value) {
  kernels::fill(writable("fill_", *this), value);
  return *this;
}

Tensor& Tensor::add_(const Tensor& o, Scalar alpha) {
  kernels::binary_into(kernels::Binary::add_scaled, writable("add_", *this), checked("add_", o.impl()), alpha.to<double>());
  return *this;
}
Tensor& Tensor::sub_(const Tensor& o) {
  kernels::binary_into(kernels::Binary::sub, writable("sub_", *this), checked("sub_", o.impl()));
  return *this;
}
Tensor& Tensor::mul_(const Tensor& o) {
  kernels::binary_into(kernels::Binary::mul, writable("mul_", *this), checked("mul_", o.impl()));
  return *this;
}
Tensor& Tensor::div_(const Tensor& o) {
  kernels::binary_into(kernels::Binary::div, writable("div_", *this), checked("div_", o.impl()));
  return *this;
}
Tensor& Tensor::mul_(Scalar s) {
  Array& a = writable("mul_", *this);
  kernels::binary_into(kernels::Binary::mul, a, kernels::full({}, a.dtype(), s));
  return *this;
}
Tensor& Tensor::add_(Scalar s) {
  Array& a = writable("add_", *this);
  kernels::binary_into(kernels::Binary::add, a, kernels::full({}, a.dtype(), s));
  return *this;
}

}  // namespace eg
