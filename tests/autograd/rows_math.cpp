#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const bench::Input any{.shape = {3, 4}};
const bench::Input nonzero{.shape = {3, 4}, .avoid = {0}};
const bench::Input fraction{.shape = {3, 4}, .avoid = {-1, 0, 1}};
const bench::Input positive{.shape = {3, 4}, .low = 0.5, .high = 3};
const std::vector<Shape> large{{300, 1000}};

bench::Row row(const char* name, Tensor (*f)(const Tensor&), const bench::Input& input) {
  return {.name = name,
          .f = [f](In in) { return f(in[0]); },
          .inputs = {input},
          .oracle = {std::string("elementwise:") + name + "/*"},
          .order = 3,
          .any_size = {0, 1},
          .large = large};
}

Tensor power(const oracle::Case& c, In in) { return pow(in[0], c.number("exponent")); }

const bench::Rows rows{
    row("square", square, any),
    row("sqrt", sqrt, positive),
    row("rsqrt", rsqrt, positive),
    row("reciprocal", reciprocal, positive),
    row("abs", abs, nonzero),
    row("sign", sign, nonzero),
    row("exp", exp, any),
    row("log", log, positive),
    row("log2", log2, positive),
    row("expm1", expm1, any),
    row("log1p", log1p, {.shape = {3, 4}, .low = -0.75, .high = 3}),
    row("erf", erf, any),
    row("erfc", erfc, any),
    row("floor", floor, fraction),
    row("ceil", ceil, fraction),
    row("round", round, {.shape = {3, 4}, .avoid = {-1.5, -0.5, 0.5, 1.5}}),
    row("trunc", trunc, fraction),
    row("sin", sin, any),
    row("cos", cos, any),
    row("tan", tan, {.shape = {3, 4}, .low = -1.25, .high = 1.25}),
    row("asin", asin, {.shape = {3, 4}, .low = -0.75, .high = 0.75}),
    row("acos", acos, {.shape = {3, 4}, .low = -0.75, .high = 0.75}),
    row("atan", atan, any),
    row("sinh", sinh, any),
    row("cosh", cosh, any),
    {.name = "atan2", .f = [](In in) { return atan2(in[0], in[1]); }, .inputs = {nonzero, positive},
     .oracle = {"elementwise:atan2/*"}, .order = 3, .twice = false, .any_size = {0, 1}, .large = {{300, 1000}, {300, 1000}}},
    {.name = "pow",
     .f = [](In in) { return pow(in[0], in[1]); },
     .inputs = {positive, any},
     .oracle = {"elementwise:pow/basic", "elementwise:pow/broadcast", "elementwise:pow/scalar_tensor", "elementwise:pow/size1",
                "elementwise:pow/empty", "elementwise:pow/special"},
     .order = 3,
     .any_size = {0, 1},
     .large = {{300, 1000}, {300, 1000}}},
    {.name = "pow", .variant = "number", .f = [](In in) { return pow(in[0], 2.5); }, .inputs = {positive},
     .oracle = {"elementwise:pow/exponent_*", "elementwise:pow/negative_base_*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return power(c, in); }, .order = 3, .large = large},
    {.name = "pow", .variant = "of_number", .f = [](In in) { return pow(2.5, in[0]); }, .inputs = {any},
     .oracle = {"elementwise:rpow/*"}, .order = 3, .large = large},
};

}  // namespace
