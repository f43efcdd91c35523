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
};

}  // namespace
