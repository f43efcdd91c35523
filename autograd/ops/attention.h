#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

struct AttentionOptions {
  Tensor mask = {};                    ///< bool: true takes part; floating: added to the scores. Broadcasts to [..., L, S]
  bool causal = false;                 ///< query l sees keys 0 to l only
  std::optional<double> scale = {};    ///< of the scores; 1 / sqrt(E) where none is given
};

/// softmax(scale q k^T + mask) v, the softmax over the keys.
/// Shapes    q [..., L, E], k [..., S, E], v [..., S, Ev]; leading dimensions (batch, heads) broadcast; result [..., L, Ev]
/// Errors    ShapeError; DTypeError for integers, different types, or a mask of another type
/// NaN       in the rows of queries that see no key
/// Gradient  q, k, v and a floating mask, at every order
/// Cost      4 L S E operations; the scores [..., L, S] are held in memory
/// Source    Vaswani et al. 2017, arXiv:1706.03762
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options = {});

}  // namespace eg
