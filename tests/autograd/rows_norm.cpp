#include "bench.h"

using namespace eg;
using bench::In;

namespace {

Tensor at(In in, std::size_t i) { return i < in.size() ? in[i] : Tensor(); }

/// The case's fixed statistics in the type under test.
Tensor state(const oracle::Case& c, const char* key, In in) { return to_tensor(c.state_before.at(key), in[0].dtype()); }
bench::Outs fixed(const oracle::Case& c, In in, bool unbatched) {
  return normalize_by(in[0], state(c, "running_mean", in), state(c, "running_var", in), at(in, 1), at(in, 2), c.number("eps"), unbatched);
}

Tensor instance(In in) { return instance_norm(in[0], at(in, 1), at(in, 2), 0.01); }
Tensor batch(In in) { return batch_norm(in[0], at(in, 1), at(in, 2), 0.01); }
Tensor grouped(In in) { return group_norm(in[0], 2, at(in, 1), at(in, 2), 0.01); }
Tensor layer(In in) { return layer_norm(in[0], Shape{in[0].size(-1)}, at(in, 1), at(in, 2), 0.01); }
Tensor rms(In in) { return rms_norm(in[0], Shape{in[0].size(-1)}, at(in, 1), 0.01); }
Tensor by(In in) { return normalize_by(in[0], in[1], in[2], at(in, 3), at(in, 4)); }

const bench::Input two{.shape = {2}}, two_mean{.shape = {2}, .grad = false}, two_var{.shape = {2}, .low = 0.5, .high = 2, .grad = false};

// Orders 3 and 4 are compared with the oracle and with finite differences.
const bench::Rows instance_rows{
    {.name = "instance_norm", .f = instance, .inputs = {{.shape = {2, 2, 4}}, two, two}, .oracle = {"instance_norm:instance_norm/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return instance_norm(in[0], at(in, 1), at(in, 2), c.number("eps")); },
     .order = 4, .any_size = {0}, .large = {{17, 24, 300}, {24}, {24}}},
    {.name = "instance_norm", .variant = "plain", .f = instance, .inputs = {{.shape = {2, 3, 3}}}, .order = 4, .any_size = {0, 1},
     .large = {{40, 30, 7}}},
    {.name = "instance_norm", .variant = "weight_only", .f = instance, .inputs = {{.shape = {1, 2, 3}}, two}, .order = 3},
    {.name = "instance_norm", .variant = "bias_only", .f = [](In in) { return instance_norm(in[0], {}, in[1], 0.01); },
     .inputs = {{.shape = {1, 2, 3}}, two}, .order = 3},
    {.name = "instance_norm", .variant = "unbatched", .f = instance, .inputs = {{.shape = {2, 4}}, two, two}, .order = 3},
    {.name = "instance_norm", .variant = "2d", .f = instance, .inputs = {{.shape = {2, 2, 2, 2}}, two, two}, .order = 3, .any_size = {0},
     .large = {{5, 12, 20, 31}, {12}, {12}}},
    {.name = "instance_norm", .variant = "constant_input", .f = [](In in) { return instance_norm(in[0], in[1], in[2], 0.25); },
     .inputs = {{.shape = {2, 2, 4}, .grad = false}, two, two}},
    {.name = "instance_norm", .variant = "frozen_parameters", .f = instance,
     .inputs = {{.shape = {2, 2, 3}}, {.shape = {2}, .grad = false}, {.shape = {2}, .grad = false}}, .order = 3},
};

const bench::Rows shared_rows{
    {.name = "group_norm", .f = grouped, .inputs = {{.shape = {2, 4, 2}}, {.shape = {4}}, {.shape = {4}}}, .oracle = {"norms:group_norm/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return group_norm(in[0], c.integer("num_groups"), at(in, 1), at(in, 2), c.number("eps"));
     },
     .order = 4, .any_size = {0}, .large = {{9, 24, 200}, {24}, {24}}},
    {.name = "group_norm", .variant = "plain", .f = grouped, .inputs = {{.shape = {2, 4, 3}}}, .order = 3, .any_size = {0, 2}},
    {.name = "group_norm", .variant = "no_length", .f = grouped, .inputs = {{.shape = {3, 4}}, {.shape = {4}}, {.shape = {4}}}, .order = 3,
     .any_size = {0}},
    {.name = "group_norm", .variant = "one_group", .f = [](In in) { return group_norm(in[0], 1, in[1], in[2], 0.01); },
     .inputs = {{.shape = {2, 2, 3}}, two, two}, .order = 3},
    {.name = "batch_norm", .f = batch, .inputs = {{.shape = {3, 2, 2}}, two, two}, .oracle = {"norms:batch_norm/train*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return batch_norm(in[0], at(in, 1), at(in, 2), c.number("eps")); },
     .order = 4, .any_size = {0, 2}, .large = {{33, 24, 70}, {24}, {24}}},
    {.name = "batch_norm", .variant = "plain", .f = batch, .inputs = {{.shape = {2, 3, 3}}}, .order = 3, .any_size = {0, 1, 2}},
    {.name = "batch_norm", .variant = "no_length", .f = batch, .inputs = {{.shape = {5, 2}}, two, two}, .order = 3,
     .large = {{700, 90}, {90}, {90}}},
    {.name = "batch_norm", .variant = "2d", .f = batch, .inputs = {{.shape = {2, 2, 2, 2}}, two, two}, .order = 3},
    {.name = "layer_norm", .f = layer, .inputs = {{.shape = {2, 4}}, {.shape = {4}}, {.shape = {4}}}, .oracle = {"norms:layer_norm/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return layer_norm(in[0], c.integers("normalized_shape"), at(in, 1), at(in, 2), c.number("eps"));
     },
     .order = 4, .any_size = {0}, .large = {{300, 123}, {123}, {123}}},
    {.name = "layer_norm", .variant = "plain", .f = layer, .inputs = {{.shape = {2, 2, 3}}}, .order = 3, .any_size = {0, 1},
     .large = {{5, 90, 64}}},
    {.name = "layer_norm", .variant = "two_dimensions", .f = [](In in) { return layer_norm(in[0], {2, 3}, in[1], in[2], 0.01); },
     .inputs = {{.shape = {2, 2, 3}}, {.shape = {2, 3}}, {.shape = {2, 3}}}, .order = 3},
    {.name = "layer_norm", .variant = "one_row", .f = layer, .inputs = {{.shape = {4}}, {.shape = {4}}, {.shape = {4}}}, .order = 3},
    {.name = "rms_norm", .f = rms, .inputs = {{.shape = {2, 4}}, {.shape = {4}}}, .oracle = {"norms:rms_norm/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return rms_norm(in[0], c.integers("normalized_shape"), at(in, 1), c.number("eps"));
     },
     .order = 4, .any_size = {0}, .large = {{300, 123}, {123}}},
    {.name = "rms_norm", .variant = "plain", .f = rms, .inputs = {{.shape = {2, 2, 3}}}, .order = 3, .any_size = {0, 1, 2}},
};

const bench::Rows fixed_rows{
    {.name = "normalize_by", .f = by, .inputs = {{.shape = {2, 2, 3}}, two_mean, two_var, two, two}, .oracle = {"norms:batch_norm/eval*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return fixed(c, in, false); },
     .order = 4, .any_size = {0, 2},
     .large = {{17, 24, 300}, {24}, {24}, {24}, {24}}},
    {.name = "normalize_by", .variant = "instance_norm", .f = by, .inputs = {{.shape = {2, 2}}, two_mean, two_var},
     .oracle = {"instance_norm:running_stats/eval*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return fixed(c, in, in[0].dim() == 2); }, .any_size = {0}},
    {.name = "normalize_by", .variant = "unbatched",
     .f = [](In in) { return normalize_by(in[0], in[1], in[2], in[3], in[4], 0.01, true); },
     .inputs = {{.shape = {2, 4}}, two_mean, two_var, two, two}, .order = 3, .any_size = {1}},
    {.name = "normalize_by", .variant = "2d", .f = by, .inputs = {{.shape = {1, 2, 2, 2}}, two_mean, two_var, two}, .order = 3},
};

}  // namespace
