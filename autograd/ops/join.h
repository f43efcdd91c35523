#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

// Putting tensors together and taking them apart.

/// The tensors one after another along dimension dim; types promote.
/// Shapes    equal but for dimension dim
/// Errors    ValueError for no tensors; ShapeError, IndexError      Gradient  all, at every order
Tensor cat(std::span<const Tensor> tensors, std::int64_t dim = 0);
Tensor cat(std::initializer_list<Tensor> tensors, std::int64_t dim = 0);

/// The tensors one after another along a new dimension, put in before dimension dim; types promote.
/// Shapes    equal
/// Errors    ValueError for no tensors; ShapeError, IndexError      Gradient  all, at every order
Tensor stack(std::span<const Tensor> tensors, std::int64_t dim = 0);
Tensor stack(std::initializer_list<Tensor> tensors, std::int64_t dim = 0);

/// Views of `size` places of dimension dim each; the last has what is left.
/// Errors    ValueError for size < 1; IndexError                    Gradient  x, at every order
std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim = 0);
/// Views of the given sizes. Errors: ValueError where their sum is another than that of dimension dim; IndexError.
std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, std::int64_t dim = 0);

/// At most `chunks` views of the same size ceil(n / chunks), the last smaller: 6 places in 4 chunks are 3 views of 2.
/// Errors    ValueError for chunks < 1; IndexError                  Gradient  x, at every order
std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim = 0);

/// The view at every place of dimension dim, which goes away. Errors: IndexError.      Gradient  x, at every order
std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim = 0);

}  // namespace eg
