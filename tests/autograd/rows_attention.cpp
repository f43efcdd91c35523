#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const bench::Input q{.shape = {2, 3, 2}}, k{.shape = {2, 4, 2}}, v{.shape = {2, 4, 3}};
const bench::Input some{.shape = {3, 4}, .low = 0, .high = 1, .dtype = boolean, .values = {1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1}};

const bench::Rows rows{
    {.name = "scaled_dot_product_attention", .f = [](In in) { return scaled_dot_product_attention(in[0], in[1], in[2]); },
     .inputs = {q, k, v}, .oracle = {"sequence:scaled_dot_product_attention/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       AttentionOptions o{.causal = c.args.has("is_causal") && c.flag("is_causal")};
       if (in.size() > 3) o.mask = in[3];
       return scaled_dot_product_attention(in[0], in[1], in[2], o);
     },
     .order = 3, .any_size = {0}, .large = {{8, 65, 32}, {8, 130, 32}, {8, 130, 40}}},
    {.name = "scaled_dot_product_attention", .variant = "mask",
     .f = [](In in) { return scaled_dot_product_attention(in[0], in[1], in[2], {.mask = in[3], .scale = 0.5}); }, .inputs = {q, k, v, some}},
    {.name = "scaled_dot_product_attention", .variant = "causal_bias",
     .f = [](In in) { return scaled_dot_product_attention(in[0], in[1], in[2], {.mask = in[3], .causal = true}); },
     .inputs = {q, k, v, {.shape = {3, 4}}}},
    {.name = "scaled_dot_product_attention", .variant = "shared_heads",
     .f = [](In in) { return scaled_dot_product_attention(in[0], in[1], in[2]); },
     .inputs = {{.shape = {2, 2, 3, 2}}, {.shape = {2, 1, 4, 2}}, {.shape = {1, 4, 2}}}},
};

}  // namespace
