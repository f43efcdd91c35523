#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const bench::Input any{.shape = {3, 4}};
const bench::Input nonzero{.shape = {3, 4}, .avoid = {0}};
const std::vector<Shape> large{{300, 1000}};

bench::Row row(const char* name, Tensor (*f)(const Tensor&), const bench::Input& input = any, int order = 3) {
  return {.name = name,
          .f = [f](In in) { return f(in[0]); },
          .inputs = {input},
          .oracle = {std::string("elementwise:") + name + "/*"},
          .order = order,
          .any_size = {0, 1},
          .large = large};
}

const bench::Rows rows{
    row("tanh", tanh, any, 4),
    row("sigmoid", sigmoid, any, 4),
    row("relu", relu, nonzero),
    {.name = "leaky_relu", .f = [](In in) { return leaky_relu(in[0], 0.2); }, .inputs = {nonzero},
     .oracle = {"elementwise:leaky_relu/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return leaky_relu(in[0], c.number("negative_slope")); },
     .order = 3, .any_size = {0, 1}, .large = large},
    row("logsigmoid", logsigmoid),
    row("softsign", softsign, nonzero),
    row("selu", selu, nonzero),
    row("silu", silu),
    row("mish", mish),
    row("relu6", relu6, {.shape = {3, 4}, .low = -2, .high = 8, .avoid = {0, 6}}),
    row("hardsigmoid", hardsigmoid, {.shape = {3, 4}, .low = -4, .high = 4, .avoid = {-3, 3}}),
    row("hardswish", hardswish, {.shape = {3, 4}, .low = -4, .high = 4, .avoid = {-3, 3}}),
    {.name = "softplus", .f = [](In in) { return softplus(in[0], 2, 3); },
     .inputs = {{.shape = {3, 4}, .avoid = {1.5}}}, .oracle = {"elementwise:softplus/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return softplus(in[0], c.number("beta"), c.number("threshold")); },
     .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "elu", .f = [](In in) { return elu(in[0], 1.5); }, .inputs = {nonzero}, .oracle = {"elementwise:elu/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return elu(in[0], c.number("alpha")); },
     .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "gelu", .f = [](In in) { return gelu(in[0]); }, .inputs = {any}, .oracle = {"elementwise:gelu/exact*"},
     .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "gelu", .variant = "tanh", .f = [](In in) { return gelu(in[0], Gelu::tanh); }, .inputs = {any},
     .oracle = {"elementwise:gelu/tanh*"}, .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "leaky_relu", .variant = "negative_slope", .f = [](In in) { return leaky_relu(in[0], -0.5); }, .inputs = {nonzero}},
};

}  // namespace
