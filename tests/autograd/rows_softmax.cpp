#include "bench.h"

using namespace eg;
using bench::In;

namespace {

bench::Outs along(const oracle::Case& c, In in, Tensor (*f)(const Tensor&, std::int64_t)) { return f(in[0], c.integer("dim")); }
const std::vector<Shape> large{{300, 1000}};

const bench::Rows rows{
    {.name = "softmax", .f = [](In in) { return softmax(in[0], -1); }, .inputs = {{.shape = {3, 4}}}, .oracle = {"losses:softmax/*"},
     .oracle_f = [](const oracle::Case& c, In in) { return along(c, in, softmax); }, .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "softmax", .variant = "columns", .f = [](In in) { return softmax(in[0], 1); }, .inputs = {{.shape = {2, 3, 4}}},
     .order = 3, .any_size = {0, 1, 2}, .large = {{30, 100, 100}}},
    {.name = "log_softmax", .f = [](In in) { return log_softmax(in[0], -1); }, .inputs = {{.shape = {3, 4}}},
     .oracle = {"losses:log_softmax/*"}, .oracle_f = [](const oracle::Case& c, In in) { return along(c, in, log_softmax); },
     .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "log_softmax", .variant = "columns", .f = [](In in) { return log_softmax(in[0], 0); }, .inputs = {{.shape = {3, 4}}},
     .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "logsumexp", .f = [](In in) { return logsumexp(in[0], {0, 2}); }, .inputs = {{.shape = {2, 3, 4}}},
     .oracle = {"reductions:logsumexp/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return logsumexp(in[0], Dims(c.integers("dims")), c.flag("keepdim")); },
     .order = 3, .any_size = {1}, .large = {{60, 50, 100}}},
};

}  // namespace
