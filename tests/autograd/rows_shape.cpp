#include "bench.h"

using namespace eg;
using bench::In;

namespace {

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
};

}  // namespace
