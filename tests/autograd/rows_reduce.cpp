#include <limits>

#include "bench.h"

using namespace eg;
using bench::In;

namespace {

using OracleF = std::function<bench::Outs(const oracle::Case&, In)>;
OracleF with_dims(Tensor (*f)(const Tensor&, const Dims&, bool)) {
  return [f](const oracle::Case& c, In in) -> bench::Outs { return f(in[0], Dims(c.integers("dims")), c.flag("keepdim")); };
}
OracleF with_correction(Tensor (*f)(const Tensor&, const Dims&, bool, bool)) {
  return [f](const oracle::Case& c, In in) -> bench::Outs {
    return f(in[0], Dims(c.integers("dims")), c.flag("unbiased"), c.flag("keepdim"));
  };
}

const double infinity = std::numeric_limits<double>::infinity();
const bench::Input off_zero{.shape = {3, 4}, .avoid = {0}};
const bench::Input distinct{.shape = {3, 4}, .distinct = true}, distinct3{.shape = {2, 3, 4}, .distinct = true};
const bench::Input zeros_and_ones{.shape = {2, 3, 4}, .low = 0, .high = 1, .dtype = int64};

bool flag_or(const oracle::Case& c, const std::string& key) { return c.args.has(key) && c.flag(key); }
std::optional<std::int64_t> optional_dim(const oracle::Case& c) {
  return c.none("dim") ? std::optional<std::int64_t>() : c.integer("dim");
}
Dims dim_of(const oracle::Case& c) { return c.none("dim") ? Dims() : Dims{c.integer("dim")}; }
// Cases of ties hold values only.
bench::Outs places(const oracle::Case& c, const ValuesIndices& r) {
  if (!c.out.has("indices")) return r.values;
  return {{"values", r.values}, {"indices", r.indices}};
}

const bench::Rows rows{
    {.name = "sum", .f = [](In in) { return sum(in[0], {1}); }, .inputs = {{.shape = {2, 3, 4}}},
     .oracle = {"reductions:sum/*"},
     .oracle_f = with_dims(sum),
     .any_size = {0, 1, 2}, .large = {{60, 50, 100}}},
    {.name = "sum", .variant = "all", .f = [](In in) { return sum(in[0]); }, .inputs = {{.shape = {2, 3}}}, .any_size = {0, 1},
     .large = {{300, 1000}}},
    {.name = "sum", .variant = "columns", .f = [](In in) { return sum(in[0], {0}); }, .inputs = {{.shape = {70, 3}}},
     .large = {{3000, 600}}},
    {.name = "sum", .variant = "channels", .f = [](In in) { return sum(in[0], {0, 2}); }, .inputs = {{.shape = {2, 3, 4}}},
     .any_size = {0, 1, 2}, .large = {{60, 50, 100}}},
    {.name = "sum", .variant = "every_other", .f = [](In in) { return sum(in[0], {0, 2, 4}); }, .inputs = {{.shape = {2, 3, 2, 2, 3}}},
     .any_size = {0, 1, 2, 4}, .large = {{20, 3, 50, 20, 5}}},
    {.name = "sum", .variant = "short_rows", .f = [](In in) { return sum(in[0], {0, 2}); }, .inputs = {{.shape = {17, 3, 4}}},
     .large = {{300, 60, 20}}},
    {.name = "sum", .variant = "short_rows_inside", .f = [](In in) { return sum(in[0], {1, 3}); }, .inputs = {{.shape = {2, 17, 2, 3}}},
     .large = {{3, 100, 60, 20}}},
    {.name = "mean", .f = [](In in) { return mean(in[0], {0, 2}); }, .inputs = {{.shape = {2, 3, 4}}},
     .oracle = {"reductions:mean/*"}, .oracle_f = with_dims(mean), .any_size = {1}, .large = {{60, 50, 100}}},
    {.name = "mean", .variant = "all", .f = [](In in) { return mean(in[0]); }, .inputs = {{.shape = {2, 3}}}, .large = {{300, 1000}}},
    {.name = "var", .f = [](In in) { return var(in[0], {0, 2}); }, .inputs = {{.shape = {2, 3, 4}}},
     .oracle = {"reductions:var/all*", "reductions:var/dim*", "reductions:var/one_element_unbiased"},
     .oracle_f = with_correction(var), .order = 3, .any_size = {1}, .large = {{60, 50, 100}}},
    // The gradient that PyTorch gives is off by 1.4e-11: it subtracts a mean of 1e6 rounded to float64. Ours is exact.
    {.name = "var", .variant = "large_offset", .f = [](In in) { return var(in[0], {1}, false); },
     .oracle = {"reductions:var/large_offset"}, .tolerance = 1e-10, .order = 1,
     .check = {.eps = 1e-2}, .strided = false},
    {.name = "var", .variant = "every_other", .f = [](In in) { return var(in[0], {0, 2, 4}, false, true); },
     .inputs = {{.shape = {2, 3, 2, 2, 3}}}, .order = 3, .any_size = {1}, .large = {{20, 3, 50, 20, 5}}},
    {.name = "std", .f = [](In in) { return eg::std(in[0], {0, 2}); }, .inputs = {{.shape = {2, 3, 4}}},
     .oracle = {"reductions:std/*"}, .oracle_f = with_correction(eg::std), .order = 3, .any_size = {1}, .large = {{60, 50, 100}}},
    {.name = "prod", .f = [](In in) { return prod(in[0], {0, 2}); }, .inputs = {{.shape = {2, 3, 3}}},
     .oracle = {"reductions:prod/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return prod(in[0], dim_of(c), c.flag("keepdim")); },
     .order = 3, .any_size = {0, 1, 2}, .large = {{20, 50, 10}}},
    {.name = "norm", .f = [](In in) { return norm(in[0], 2, {0, 2}); }, .inputs = {{.shape = {2, 3, 4}}},
     .oracle = {"reductions:norm/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return norm(in[0], c.number("p"), Dims(c.integers("dims")), c.flag("keepdim"));
     },
     .order = 3, .any_size = {0, 1, 2}, .large = {{60, 50, 100}}},
    {.name = "norm", .variant = "1", .f = [](In in) { return norm(in[0], 1, {1}); }, .inputs = {off_zero}, .any_size = {0, 1}},
    {.name = "norm", .variant = "3", .f = [](In in) { return norm(in[0], 3, {1}); }, .inputs = {off_zero}, .order = 3},
    {.name = "norm", .variant = "1.5", .f = [](In in) { return norm(in[0], 1.5, {1}); }, .inputs = {off_zero}, .any_size = {0, 1}},
    {.name = "norm", .variant = "infinity", .f = [](In in) { return norm(in[0], infinity, {1}); }, .inputs = {distinct}},
    {.name = "max", .f = [](In in) { return max(in[0], 1).values; }, .inputs = {distinct},
     .oracle = {"reductions:max/*"},
     .oracle_f = [](const oracle::Case& c, In in) {
       if (c.none("dim")) return bench::Outs(max(in[0]));
       return places(c, max(in[0], c.integer("dim"), flag_or(c, "keepdim")));
     },
     .any_size = {0}, .large = {{300, 1000}}},
    {.name = "max", .variant = "all", .f = [](In in) { return max(in[0]); }, .inputs = {distinct}, .large = {{300, 1000}}},
    {.name = "max", .variant = "columns", .f = [](In in) { return max(in[0], 0).values; }, .inputs = {distinct}, .any_size = {1},
     .large = {{300, 1000}}},
    {.name = "min", .f = [](In in) { return min(in[0], 1).values; }, .inputs = {distinct},
     .oracle = {"reductions:min/*"},
     .oracle_f = [](const oracle::Case& c, In in) {
       if (c.none("dim")) return bench::Outs(min(in[0]));
       return places(c, min(in[0], c.integer("dim"), flag_or(c, "keepdim")));
     },
     .any_size = {0}, .large = {{300, 1000}}},
    {.name = "min", .variant = "all", .f = [](In in) { return min(in[0]); }, .inputs = {distinct}, .large = {{300, 1000}}},
    {.name = "amax", .f = [](In in) { return amax(in[0], {0, 2}); }, .inputs = {distinct3},
     .oracle = {"reductions:amax/*"}, .oracle_f = with_dims(amax), .any_size = {1}, .large = {{60, 50, 100}}},
    {.name = "amax", .variant = "middle", .f = [](In in) { return amax(in[0], {1}, true); }, .inputs = {distinct3}, .any_size = {0, 2},
     .large = {{60, 50, 100}}},
    {.name = "amin", .f = [](In in) { return amin(in[0], {0, 2}); }, .inputs = {distinct3},
     .oracle = {"reductions:amin/*"}, .oracle_f = with_dims(amin), .any_size = {1}, .large = {{60, 50, 100}}},
    {.name = "argmax", .f = [](In in) { return argmax(in[0], 1); }, .inputs = {distinct}, .oracle = {"reductions:argmax/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return argmax(in[0], optional_dim(c), c.flag("keepdim")); },
     .values_only = true, .same_type = false, .any_size = {0}, .large = {{300, 1000}}},
    {.name = "argmin", .f = [](In in) { return argmin(in[0], 1); }, .inputs = {distinct}, .oracle = {"reductions:argmin/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return argmin(in[0], optional_dim(c), c.flag("keepdim")); },
     .values_only = true, .same_type = false, .any_size = {0}, .large = {{300, 1000}}},
    {.name = "any", .f = [](In in) { return any(in[0], {0, 2}); }, .inputs = {zeros_and_ones}, .oracle = {"reductions:any/*"},
     .oracle_f = with_dims(any), .values_only = true, .same_type = false, .any_size = {0, 1, 2}, .large = {{60, 50, 100}}},
    {.name = "all", .f = [](In in) { return all(in[0], {0, 2}); }, .inputs = {zeros_and_ones}, .oracle = {"reductions:all/*"},
     .oracle_f = with_dims(all), .values_only = true, .same_type = false, .any_size = {0, 1, 2}, .large = {{60, 50, 100}}},
};

}  // namespace
