#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const bench::Rows rows{
    {.name = "sum", .f = [](In in) { return sum(in[0], {1}); }, .inputs = {{.shape = {2, 3, 4}}},
     .oracle = {"reductions:sum/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return sum(in[0], Dims(c.integers("dims")), c.flag("keepdim")); },
     .any_size = {0, 1, 2}, .large = {{60, 50, 100}}},
    {.name = "sum", .variant = "all", .f = [](In in) { return sum(in[0]); }, .inputs = {{.shape = {2, 3}}}, .any_size = {0, 1},
     .large = {{300, 1000}}},
};

}  // namespace
