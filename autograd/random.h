#pragma once
#include <eigengrad/autograd/tensor.h>
#include <eigengrad/core/random.h>

namespace eg {

// Tensors of random numbers: from the Generator given, else from default_generator(). The same numbers for the same
// state on every platform and any number of threads. Errors: as the functions of creation.h; DTypeError for integer or
// bool where real numbers are drawn; ValueError for parameters out of range.

/// Uniform in [0, 1).
Tensor rand(const Shape& shape, const TensorOptions& o = {});
Tensor rand(const Shape& shape, Generator& g, const TensorOptions& o = {});
/// Standard normal.
Tensor randn(const Shape& shape, const TensorOptions& o = {});
Tensor randn(const Shape& shape, Generator& g, const TensorOptions& o = {});
/// Integers in [low, high).
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, const TensorOptions& o = {.dtype = DType::int64});
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& g, const TensorOptions& o = {.dtype = DType::int64});
/// 0 ... n - 1 in random order.
Tensor randperm(std::int64_t n, const TensorOptions& o = {.dtype = DType::int64});
Tensor randperm(std::int64_t n, Generator& g, const TensorOptions& o = {.dtype = DType::int64});
/// 1 with probability p, else 0; of the shape given, or with one p for each element, of the type of p.
Tensor bernoulli(const Shape& shape, double p, const TensorOptions& o = {});
Tensor bernoulli(const Shape& shape, double p, Generator& g, const TensorOptions& o = {});
Tensor bernoulli(const Tensor& p);
Tensor bernoulli(const Tensor& p, Generator& g);

/// With the shape and type of x.
Tensor rand_like(const Tensor& x);
Tensor rand_like(const Tensor& x, Generator& g);
Tensor randn_like(const Tensor& x);
Tensor randn_like(const Tensor& x, Generator& g);

}  // namespace eg
