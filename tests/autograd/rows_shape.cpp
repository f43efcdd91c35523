#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const bench::Input cube{.shape = {2, 3, 4}};
const std::vector<Shape> large_cube{{40, 60, 100}};

bench::Outs numbered(const std::vector<Tensor>& parts) {
  std::vector<bench::Outs::value_type> named;
  for (std::size_t i = 0; i < parts.size(); ++i) named.emplace_back("out" + std::to_string(i), parts[i]);
  return named;
}

bench::Outs padded(const oracle::Case& c, In in) {
  PadOptions o;
  const std::string& mode = c.text("mode");
  if (mode == "constant") o.value = c.number("value");
  if (mode == "reflect") o.mode = PadMode::reflect;
  if (mode == "replicate") o.mode = PadMode::replicate;
  if (mode == "circular") o.mode = PadMode::circular;
  return pad(in[0], c.integers("pad"), o);
}

const bench::Rows rows{
    {.name = "reshape", .f = [](In in) { return reshape(in[0], {4, -1}); }, .inputs = {{.shape = {2, 6}}},
     .oracle = {"shapes:reshape/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return reshape(in[0], Shape(c.integers("shape"))); },
     .large = {{200, 1000}}},
    {.name = "expand", .f = [](In in) { return expand(in[0], {2, 3, 4}); }, .inputs = {{.shape = {3, 1}}},
     .oracle = {"shapes:expand/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return expand(in[0], Shape(c.integers("shape"))); }},
    {.name = "to", .f = [](In in) { return to(in[0], float32); }, .inputs = {{.shape = {3, 4}}}, .order = 0,
     .same_type = false, .any_size = {0, 1}, .large = {{200, 1000}}},
    {.name = "contiguous", .f = [](In in) { return contiguous(in[0]); }, .inputs = {{.shape = {3, 4}}}, .any_size = {0, 1}},
    {.name = "clone", .f = [](In in) { return clone(in[0]); }, .inputs = {{.shape = {3, 4}}}, .any_size = {0, 1},
     .large = {{200, 1000}}},
    {.name = "broadcast_to", .f = [](In in) { return broadcast_to(in[0], {2, 3, 4}); }, .inputs = {{.shape = {3, 1}}}},
    {.name = "flatten", .f = [](In in) { return flatten(in[0], 1); }, .inputs = {cube}, .oracle = {"shapes:flatten/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return in[0].flatten(c.integer("start"), c.integer("end")); },
     .any_size = {0, 1, 2}, .large = large_cube},
    {.name = "unflatten", .f = [](In in) { return unflatten(in[0], 1, {2, -1}); }, .inputs = {{.shape = {2, 6}}},
     .oracle = {"shapes:unflatten/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return unflatten(in[0], c.integer("dim"), c.integers("sizes")); },
     .any_size = {0}},
    {.name = "squeeze", .f = [](In in) { return squeeze(in[0], {1}); }, .inputs = {{.shape = {3, 1, 2}}},
     .oracle = {"shapes:squeeze/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return c.none("dim") ? in[0].squeeze() : in[0].squeeze({c.integer("dim")});
     },
     .any_size = {0, 1, 2}},
    {.name = "unsqueeze", .f = [](In in) { return unsqueeze(in[0], 1); }, .inputs = {{.shape = {3, 2}}},
     .oracle = {"shapes:unsqueeze/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return in[0].unsqueeze(c.integer("dim")); }, .any_size = {0, 1}},
    {.name = "permute", .f = [](In in) { return permute(in[0], {2, 0, 1}); }, .inputs = {cube}, .oracle = {"shapes:permute/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return in[0].permute(c.integers("dims")); },
     .any_size = {0, 1, 2}, .large = large_cube},
    {.name = "transpose", .f = [](In in) { return transpose(in[0], 0, 2); }, .inputs = {cube}, .oracle = {"shapes:transpose/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return in[0].transpose(c.integer("dim0"), c.integer("dim1")); },
     .any_size = {0, 1, 2}, .large = large_cube},
    {.name = "t", .f = [](In in) { return t(in[0]); }, .inputs = {{.shape = {3, 4}}}, .any_size = {0, 1}},
    {.name = "movedim", .f = [](In in) { return movedim(in[0], {0}, {-1}); }, .inputs = {cube}, .oracle = {"shapes:movedim/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return movedim(in[0], c.integers("source"), c.integers("destination"));
     },
     .any_size = {0, 1, 2}},
    {.name = "cat", .f = [](In in) { return cat({in[0], in[1]}, 1); }, .inputs = {{.shape = {2, 3, 2}}, {.shape = {2, 1, 2}}},
     .oracle = {"shapes:cat/dim*", "shapes:cat/with_empty"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return cat(in, c.integer("dim")); },
     .any_size = {0, 1, 2}, .large = {{100, 30, 50}, {100, 10, 50}}},
    {.name = "cat", .variant = "same_twice", .f = [](In in) { return cat({in[0], in[0]}); }, .oracle = {"shapes:cat/same_twice"}},
    {.name = "cat", .variant = "long_rows", .f = [](In in) { return cat({in[0], in[1]}); },
     .inputs = {{.shape = {2, 2}}, {.shape = {1, 2}}}, .large = {{2, 100000}, {1, 100000}}},
    {.name = "stack", .f = [](In in) { return stack({in[0], in[1]}, 1); }, .inputs = {{.shape = {2, 3}}, {.shape = {2, 3}}},
     .oracle = {"shapes:stack/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return stack(in, c.integer("dim")); },
     .any_size = {0, 1}, .large = {{300, 500}, {300, 500}}},
    {.name = "split", .f = [](In in) { return split(in[0], 2, 1)[1] * split(in[0], {2, 0, 2}, 1)[0]; }, .inputs = {{.shape = {3, 4}}},
     .oracle = {"shapes:split/*"},
     .oracle_f = [](const oracle::Case& c, In in) {
       return numbered(c.args.has("size") ? split(in[0], c.integer("size"), c.integer("dim"))
                                          : split(in[0], c.integers("sizes"), c.integer("dim")));
     },
     .any_size = {0}},
    {.name = "chunk", .f = [](In in) { return chunk(in[0], 3, 1)[1]; }, .inputs = {{.shape = {2, 5}}}, .oracle = {"shapes:chunk/*"},
     .oracle_f = [](const oracle::Case& c, In in) { return numbered(chunk(in[0], c.integer("chunks"), c.integer("dim"))); },
     .any_size = {0}},
    {.name = "unbind", .f = [](In in) { return unbind(in[0], 1)[2] * unbind(in[0], 1)[0]; }, .inputs = {{.shape = {2, 3, 2}}},
     .any_size = {0, 2}},
    {.name = "pad", .f = [](In in) { return pad(in[0], {2, 1, -1, 2}, {.value = 0.5}); }, .inputs = {{.shape = {2, 3, 4}}},
     .oracle = {"shapes:pad_constant/*"}, .oracle_f = padded, .any_size = {0, 1, 2}, .large = {{20, 100, 200}}},
    {.name = "pad", .variant = "reflect", .f = [](In in) { return pad(in[0], {3, 2, 1, 2}, {.mode = PadMode::reflect}); },
     .inputs = {{.shape = {2, 3, 4}}}, .oracle = {"shapes:pad_reflect/*"}, .oracle_f = padded, .any_size = {0}, .large = {{20, 100, 200}}},
    {.name = "pad", .variant = "replicate", .f = [](In in) { return pad(in[0], {5, 2, 1, 2}, {.mode = PadMode::replicate}); },
     .inputs = {{.shape = {2, 3, 4}}}, .oracle = {"shapes:pad_replicate/*"}, .oracle_f = padded, .any_size = {0}, .large = {{20, 100, 200}}},
    {.name = "pad", .variant = "circular", .f = [](In in) { return pad(in[0], {4, 2, 1, 3}, {.mode = PadMode::circular}); },
     .inputs = {{.shape = {2, 3, 4}}}, .oracle = {"shapes:pad_circular/*"}, .oracle_f = padded, .any_size = {0}, .large = {{20, 100, 200}}},
    {.name = "upsample_nearest", .f = [](In in) { return upsample_nearest(in[0], {2, 3}); }, .inputs = {cube},
     .oracle = {"pooling:upsample_nearest2d/x2"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return upsample_nearest(in[0], {c.integer("scale_factor"), c.integer("scale_factor")});
     },
     .any_size = {0, 1, 2}, .large = {{20, 50, 60}}},
    {.name = "upsample_nearest", .variant = "one_dimension", .f = [](In in) { return upsample_nearest(in[0], {2}); },
     .inputs = {cube}, .oracle = {"pooling:upsample_nearest1d/x*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return upsample_nearest(in[0], {c.integer("scale_factor")}); },
     .any_size = {0, 1, 2}, .large = {{20, 50, 60}}},
    {.name = "repeat_interleave", .f = [](In in) { return repeat_interleave(in[0], 3, 1); }, .inputs = {cube},
     .oracle = {"shapes:repeat_interleave/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return repeat_interleave(in[0], c.integer("repeats"), c.integer("dim"));
     },
     .any_size = {0, 1, 2}},
    {.name = "repeat", .f = [](In in) { return repeat(in[0], {2, 3, 1, 2}); }, .inputs = {cube}, .oracle = {"shapes:repeat/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return in[0].repeat(c.integers("repeats")); },
     .any_size = {0, 1, 2}, .large = {{10, 50, 60}}},
    {.name = "flip", .f = [](In in) { return flip(in[0], {0, 2}); }, .inputs = {cube}, .oracle = {"shapes:flip/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return flip(in[0], c.integers("dims")); },
     .any_size = {0, 1, 2}, .large = large_cube},
    {.name = "flip", .variant = "all", .f = [](In in) { return flip(in[0]); }, .inputs = {cube}, .any_size = {0, 1, 2}},
    {.name = "roll", .f = [](In in) { return roll(in[0], {1, -2}, {0, 2}); }, .inputs = {cube}, .oracle = {"shapes:roll/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return roll(in[0], c.integers("shifts"), c.integers("dims")); },
     .any_size = {0, 1, 2}, .large = large_cube},
    {.name = "tril", .f = [](In in) { return tril(in[0]); }, .inputs = {cube}, .oracle = {"shapes:tril/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return tril(in[0], c.integer("diagonal")); },
     .any_size = {0, 1, 2}},
    {.name = "triu", .f = [](In in) { return triu(in[0]); }, .inputs = {cube}, .oracle = {"shapes:triu/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return triu(in[0], c.integer("diagonal")); },
     .any_size = {0, 1, 2}},
    {.name = "unfold", .f = [](In in) { return unfold(in[0], 1, 3, 2); }, .inputs = {{.shape = {2, 7, 2}}},
     .oracle = {"shapes:unfold/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return unfold(in[0], c.integer("dim"), c.integer("size"), c.integer("step"));
     },
     .any_size = {0, 2}},
};

}  // namespace
