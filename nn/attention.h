#pragma once
#include <eigengrad/autograd/ops/attention.h>
#include <eigengrad/nn/linear.h>

namespace eg::nn {

struct MultiheadAttentionOptions {
  bool bias = true;
  bool batch_first = false;  ///< q, k, v and output are [N, L, E]
  double dropout = 0;        ///< of the attention weights, in training
};
struct AttentionResult {
  Tensor output;   ///< as q
  Tensor weights;  ///< mean over the heads, [N, L, S] or, for [L, E], [L, S]
};

/// Attention of several heads: each takes E / heads of the projected sizes (see scaled_dot_product_attention), and
/// out_proj puts their results together. A mask broadcasts to [N, heads, L, S]; unlike PyTorch's here, true takes part.
/// Shapes    q [L, N, E], k and v [S, N, E], with batch_first [N, L, E] and [N, S, E], or [L, E] and [S, E]
/// Errors    ValueError unless heads divide E, and for a dropout outside [0, 1]; ShapeError; DTypeError
/// Starts    in_proj_weight by xavier_uniform_, out_proj as Linear, biases 0; as PyTorch
/// Called as a Module, in Sequential for instance, it is self-attention and gives the output.
class MultiheadAttention : public Module {
 public:
  MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads, MultiheadAttentionOptions options = {});
  void visit(Visitor& v) override { v("in_proj_weight", in_proj_weight)("in_proj_bias", in_proj_bias)("out_proj", out_proj); }
  Tensor forward(const Tensor& x) override;
  AttentionResult operator()(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& how = {});
  std::string describe() const override;

  Parameter in_proj_weight, in_proj_bias;  ///< [3 E, E], [3 E]: of q, k and v
  Linear out_proj;
  MultiheadAttentionOptions options;

 private:
  Tensor compute(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& how, Tensor* weights);
  std::int64_t heads_;
};

}  // namespace eg::nn
