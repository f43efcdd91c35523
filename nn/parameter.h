#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg::nn {

/// A tensor that a module owns. Unlike a Tensor, copying it copies the elements, so copying a module copies its weights.
/// Converts to const Tensor& wherever a function wants one. May be undefined (a layer without bias).
class Owned {
 public:
  Owned() noexcept = default;
  Owned(const Owned& o);
  Owned& operator=(const Owned& o);
  Owned(Owned&&) noexcept = default;
  Owned& operator=(Owned&&) noexcept = default;

  operator const Tensor&() const noexcept { return tensor_; }
  const Tensor& tensor() const noexcept { return tensor_; }
  Tensor& tensor() noexcept { return tensor_; }
  const Tensor* operator->() const noexcept { return &tensor_; }
  Tensor* operator->() noexcept { return &tensor_; }
  bool defined() const noexcept { return tensor_.defined(); }

 protected:
  explicit Owned(Tensor t) : tensor_(std::move(t)) {}
  Tensor tensor_;
};

/// A tensor that training changes: it requires grad.
class Parameter : public Owned {
 public:
  Parameter() noexcept = default;
  explicit Parameter(Tensor t) : Owned(std::move(t)) { tensor_.set_requires_grad(); }
};

/// A tensor that belongs to the state but is not trained, such as running statistics.
class Buffer : public Owned {
 public:
  Buffer() noexcept = default;
  explicit Buffer(Tensor t) : Owned(std::move(t)) {}
};

}  // namespace eg::nn
