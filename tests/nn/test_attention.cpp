#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include <cmath>

#include "oracle_module.h"
#include "support/check_module.h"

using namespace eg;

namespace {

/// A layer of an encoder, put together from ours: PyTorch's names.
struct EncoderLayer : nn::Module {
  nn::MultiheadAttention self_attn;
  nn::Linear linear1, linear2;
  nn::LayerNorm norm1, norm2;
  bool norm_first, with_gelu;
  explicit EncoderLayer(const oracle::Case& c)
      : self_attn(c.integer("d_model"), c.integer("nhead")), linear1(c.integer("d_model"), c.integer("dim_feedforward")),
        linear2(c.integer("dim_feedforward"), c.integer("d_model")), norm1(Shape{c.integer("d_model")}),
        norm2(Shape{c.integer("d_model")}), norm_first(c.flag("norm_first")), with_gelu(c.text("activation") == "gelu") {}
  void visit(nn::Visitor& v) override {
    v("self_attn", self_attn)("linear1", linear1)("linear2", linear2)("norm1", norm1)("norm2", norm2);
  }
  Tensor attend(const Tensor& x) { return self_attn(x, x, x).output; }
  Tensor widen(const Tensor& x) {
    const Tensor h = linear1(x);
    return linear2(with_gelu ? gelu(h) : relu(h));
  }
  Tensor forward(const Tensor& x) override {
    if (norm_first) {
      const Tensor h = x + attend(norm1(x));
      return h + widen(norm2(h));
    }
    const Tensor h = norm1(x + attend(x));
    return norm2(h + widen(h));
  }
};

}  // namespace

TEST_CASE("MultiheadAttention: PyTorch's numbers") {
  const oracle::Case& c = oracle::load("sequence").at("multi_head_attention/basic");
  nn::MultiheadAttention m(c.integer("embed_dim"), c.integer("num_heads"));
  load_parameters(m, c);
  NamedTensors data;
  for (const char* name : {"q", "k", "v"}) data.emplace_back(name, to_tensor(c.in.at(name)).set_requires_grad());
  const auto [output, weights] = m(data[0].second, data[1].second, data[2].second);
  CHECK(difference(output, to_tensor(c.out.at("out")), 1e-12) == "");
  CHECK(difference(weights, to_tensor(c.out.at("weights")), 1e-12) == "");
  const Tensor loss = (output * to_tensor(c.upstream.at("out"))).sum() + (weights * to_tensor(c.upstream.at("weights"))).sum();
  expect_gradients(m, c, loss, data, 1e-11);
  for (const char* name : {"transformer_encoder_layer/post_norm_relu", "transformer_encoder_layer/pre_norm_gelu"}) {
    EncoderLayer layer(oracle::load("sequence").at(name));
    expect_case(layer, "sequence", name);
  }
}

TEST_CASE("MultiheadAttention: contract, layouts, masks") {
  manual_seed(16);
  const Tensor x = randn({5, 3, 8});
  check_module(nn::MultiheadAttention(8, 2), x);
  check_module(nn::MultiheadAttention(8, 4, {.bias = false, .batch_first = true, .dropout = 0.2}), x);
  nn::MultiheadAttention m(8, 2), first(8, 2, {.batch_first = true});
  first.load_state_dict(m.state_dict());
  const Tensor k = randn({6, 3, 8});
  const nn::AttentionResult r = m(x, k, k);
  CHECK(r.weights.shape() == Shape{3, 5, 6});
  CHECK(difference(first(x.transpose(0, 1), k.transpose(0, 1), k.transpose(0, 1)).output, r.output.transpose(0, 1), 1e-6) == "");
  CHECK(difference(m(x.select(1, 1), k.select(1, 1), k.select(1, 1)).output, r.output.select(1, 1), 1e-6) == "");
  CHECK(m(x.select(1, 1), k.select(1, 1), k.select(1, 1)).weights.shape() == Shape{5, 6});
  // As a module it is self-attention.
  CHECK(difference(static_cast<nn::Module&>(m)(x), m(x, x, x).output, 0) == "");
  CHECK(difference(m(x, x.clone(), x.clone()).output, m(x, x, x).output, 1e-6) == "");
  const std::vector<float> w = m(x, x, x, {.causal = true}).weights.to_vector<float>();
  CHECK(w[0] == 1);
  CHECK(w[1] == 0);
  CHECK(difference(m(x, k, k, {.mask = lt(tensor({0., 1., 2., 3., 4., 5.}), 4)}).output, m(x, k.narrow(0, 0, 4), k.narrow(0, 0, 4)).output, 1e-6) == "");
}

TEST_CASE("MultiheadAttention: start, descriptions, errors") {
  manual_seed(17);
  nn::MultiheadAttention m(32, 4);
  const double bound = std::sqrt(6.0 / 128), largest = m.in_proj_weight->detach().abs().max().item<float>();
  CHECK(largest <= bound);
  CHECK(largest > 0.95 * bound);
  CHECK(m.in_proj_bias->detach().abs().max().item<float>() == 0);
  CHECK(m.out_proj.bias->detach().abs().max().item<float>() == 0);
  std::vector<std::string> names;
  for (const auto& [name, t] : m.state_dict()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"});
  CHECK(m.describe() == "MultiheadAttention(32, 4)");
  CHECK(nn::MultiheadAttention(4, 2, {.bias = false, .dropout = 0.1}).describe() == "MultiheadAttention(4, 2, bias=false, dropout=0.1)");
  CHECK_THROWS_WITH_AS(nn::MultiheadAttention(6, 4), "MultiheadAttention: expected heads >= 1 that divide the size, got size 6 and heads 4", ValueError);
  CHECK_THROWS_WITH_AS(m(zeros({5, 2, 32}), zeros({6, 3, 32}), zeros({6, 3, 32})),
                       "MultiheadAttention(32, 4): multi_head_attention: expected q [L, N, 32], k and v [S, N, 32], or [L, 32] and [S, 32], got "
                       "[5, 2, 32], [6, 3, 32] and [6, 3, 32]", ShapeError);
  CHECK_THROWS_AS(m(zeros({32}), zeros({32}), zeros({32})), ShapeError);
  CHECK_THROWS_AS(nn::MultiheadAttention(4, 2, {.dropout = -1}), ValueError);
}
