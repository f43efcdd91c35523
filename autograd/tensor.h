#pragma once
#include <eigengrad/core/array.h>
#include <eigengrad/core/scalar.h>

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace eg {

class Generator;
class Node;
class Tensor;
class TensorHook;

namespace detail {
struct TensorImpl;
void destroy_node(Node* n) noexcept;
void destroy_tensor(TensorImpl* t) noexcept;
}  // namespace detail

/// Options of the functions that make tensors.
struct TensorOptions {
  DType dtype = DType::float32;
  bool requires_grad = false;
};

/// Options of eg::grad, see autograd/engine.h.
struct BackwardOptions {
  bool create_graph = false;                 ///< record the gradient's own computation, so that it can be differentiated
  std::optional<bool> retain_graph = {};     ///< keep what the graph saved for another backward; default: create_graph
};

/// A handle to an n-d array and its place on the tape. Copying a Tensor shares the elements.
///
/// Operations are functions of values: they return new tensors (or views, which share elements) and record themselves
/// on the tape where an input requires grad. Every differentiable function is declared in <eigengrad/autograd/ops.h>;
/// the members below are the same functions in method form.
class Tensor {
 public:
  /// The undefined tensor: no shape, no elements.
  Tensor() noexcept = default;
  /// A tensor over `array`, recorded nowhere.
  explicit Tensor(Array array);

  bool defined() const noexcept { return static_cast<bool>(impl_); }
  const Shape& shape() const;
  /// Size along `dim`; negative dims count from the end. Errors: IndexError.
  std::int64_t size(std::int64_t dim) const;
  int dim() const { return shape().rank(); }
  std::int64_t numel() const;
  DType dtype() const;
  bool is_contiguous() const;
  /// The elements without the tape.
  const Array& array() const;

  /// The one element. Errors: ShapeError where numel() != 1.
  template <class T> T item() const;
  /// The elements in row-major order; valid while a tensor holds them. Errors: DTypeError where T is not the element
  /// type, ValueError where the tensor is not contiguous.
  template <class T> std::span<const T> data() const;
  /// Writable elements: counts as an in-place change. Errors: as data(), and GradError as all in-place changes.
  template <class T> std::span<T> mutable_data();
  /// The elements as a vector, whatever the strides; converted to T.
  template <class T> std::vector<T> to_vector() const;
  /// NumPy-like text with shape and dtype.
  std::string str() const;

  // The tape -------------------------------------------------------------------------------------------------------
  bool requires_grad() const noexcept;
  /// Makes a leaf that collects its gradient, or takes that back. Errors: GradError for the result of a recorded
  /// operation; DTypeError where the elements are no floating-point numbers.
  Tensor& set_requires_grad(bool value = true);
  /// True unless the tensor is the result of a recorded operation.
  bool is_leaf() const noexcept;
  /// Gradient collected by backward(), undefined where there is none. Only leaves collect.
  Tensor grad() const;
  void set_grad(Tensor g);
  /// Drops the collected gradient.
  void zero_grad() { set_grad(Tensor()); }
  /// Adds d(this)/d(leaf) to the gradient of every leaf it was computed from. `gradient` is the upstream gradient, of
  /// this shape; may be left out for a tensor of one element. Errors: GradError. See autograd/engine.h.
  void backward(const Tensor& gradient = {}, const BackwardOptions& options = {}) const;
  /// Calls f(g) with the gradient of this tensor in every backward that computes it, before anything is made of it: on a
  /// leaf the whole gradient of that backward, before it is added to grad(). f takes a const Tensor& and returns nothing,
  /// or the gradient to go on with (undefined: the same). Several hooks run in order of registration. On tapes of several
  /// threads that share this tensor f may run on each of them; register and remove while none runs backward.
  /// Errors    GradError where no grad is required, or, in backward, for a replacement of another shape or type
  template <class F> TensorHook register_hook(F f) const;
  /// The same elements, off the tape.
  Tensor detach() const;
  /// The node that made this tensor, or its leaf; null where no gradient is required.
  const detail::Ref<Node>& node() const noexcept;
  /// Number of in-place changes of the elements.
  std::uint32_t version() const { return array().version(); }

  // In place: not recorded. Errors: GradError where this tensor requires grad and recording is on (wrap it in NoGrad);
  // a change of elements that the tape saved is found at backward. All return *this.
  Tensor& copy_(const Tensor& src);  ///< src is broadcast and converted
  Tensor& fill_(Scalar value);
  Tensor& zero_() { return fill_(0); }
  Tensor& add_(const Tensor& other, Scalar alpha = 1);  ///< this += alpha other
  Tensor& sub_(const Tensor& other);
  Tensor& mul_(const Tensor& other);
  Tensor& div_(const Tensor& other);
  Tensor& mul_(Scalar s);
  Tensor& add_(Scalar s);
  /// Random numbers, of <eigengrad/core/random.h>; without a Generator from default_generator().
  Tensor& uniform_(double low = 0, double high = 1);
  Tensor& uniform_(double low, double high, Generator& g);
  Tensor& normal_(double mean = 0, double std = 1);
  Tensor& normal_(double mean, double std, Generator& g);

  // Functions in method form; documented in <eigengrad/autograd/ops/...> -------------------------------------------------
  Tensor to(DType dtype) const;
  Tensor clone() const;
  Tensor contiguous() const;

  Tensor abs() const;
  Tensor exp() const;
  Tensor log() const;
  Tensor sqrt() const;
  Tensor square() const;
  Tensor tanh() const;
  Tensor sigmoid() const;
  Tensor relu() const;
  Tensor pow(Scalar exponent) const;
  Tensor clamp(std::optional<double> low, std::optional<double> high) const;

  Tensor sum() const;
  Tensor sum(const Dims& dims, bool keepdim = false) const;
  Tensor mean() const;
  Tensor mean(const Dims& dims, bool keepdim = false) const;
  Tensor var(const Dims& dims = {}, bool unbiased = true, bool keepdim = false) const;
  Tensor std(const Dims& dims = {}, bool unbiased = true, bool keepdim = false) const;
  Tensor max() const;
  Tensor min() const;
  Tensor argmax(std::optional<std::int64_t> dim = {}, bool keepdim = false) const;
  Tensor norm(double p = 2, const Dims& dims = {}, bool keepdim = false) const;
  Tensor all() const;
  Tensor any() const;

  Tensor matmul(const Tensor& other) const;
  Tensor dot(const Tensor& other) const;

  Tensor reshape(const Shape& shape) const;  ///< one size may be -1
  Tensor flatten(std::int64_t start = 0, std::int64_t end = -1) const;
  Tensor squeeze(const Dims& dims = {}) const;
  Tensor unsqueeze(std::int64_t dim) const;
  Tensor permute(const Dims& dims) const;
  Tensor transpose(std::int64_t dim0, std::int64_t dim1) const;
  Tensor t() const;  ///< transpose of a matrix
  Tensor expand(const Shape& shape) const;
  Tensor repeat(const Shape& times) const;
  Tensor slice(std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step = 1) const;
  Tensor narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const;
  Tensor select(std::int64_t dim, std::int64_t index) const;
  Tensor index_select(std::int64_t dim, const Tensor& index) const;
  Tensor gather(std::int64_t dim, const Tensor& index) const;

 private:
  friend struct detail::TensorImpl;
  detail::Ref<detail::TensorImpl> impl_;

 public:
  /// For the library: the shared state.
  explicit Tensor(detail::Ref<detail::TensorImpl> impl) noexcept : impl_(std::move(impl)) {}
  detail::TensorImpl* impl() const noexcept { return impl_.get(); }
  detail::Ref<detail::TensorImpl>& impl_ref() noexcept { return impl_; }
};

namespace detail {

struct TensorImpl {
  RefCount refs;
  Ref<Node> node;  // the operation that made it, or a Leaf; null where no gradient is required
  Array array;

  explicit TensorImpl(Array a);
  ~TensorImpl();
  static void destroy(TensorImpl* t) noexcept { destroy_tensor(t); }
};

}  // namespace detail

extern template float Tensor::item<float>() const;
extern template double Tensor::item<double>() const;
extern template std::int64_t Tensor::item<std::int64_t>() const;
extern template bool Tensor::item<bool>() const;

}  // namespace eg

#include <eigengrad/autograd/hook.h>
