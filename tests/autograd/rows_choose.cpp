#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const bench::Input any{.shape = {3, 4}, .distinct = true}, other{.shape = {3, 4}, .low = -1.9, .high = 2.1, .distinct = true};
const std::vector<Shape> large{{300, 1000}}, large2{{300, 1000}, {300, 1000}};

std::optional<double> bound(const oracle::Case& c, const char* key) {
  return c.none(key) ? std::nullopt : std::optional<double>(c.number(key));
}

const bench::Rows rows{
    {.name = "clamp", .f = [](In in) { return clamp(in[0], -1, 0.75); },
     .inputs = {{.shape = {3, 4}, .avoid = {-1, 0.75}}},
     .oracle = {"elementwise:clamp/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return clamp(in[0], bound(c, "min"), bound(c, "max")); },
     .any_size = {0, 1}, .large = large},
    {.name = "hardtanh", .f = [](In in) { return hardtanh(in[0], -1, 0.75); },
     .inputs = {{.shape = {3, 4}, .avoid = {-1, 0.75}}},
     .oracle = {"elementwise:hardtanh/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return hardtanh(in[0], c.number("min_val"), c.number("max_val")); },
     .any_size = {0, 1}, .large = large},
    {.name = "minimum", .f = [](In in) { return minimum(in[0], in[1]); }, .inputs = {any, other},
     .oracle = {"elementwise:minimum/*"}, .twice = false, .any_size = {0, 1}, .large = large2},
    {.name = "minimum", .variant = "number", .f = [](In in) { return minimum(in[0], 0.5); }, .inputs = {{.shape = {5}, .avoid = {0.5}}}},
    {.name = "maximum", .f = [](In in) { return maximum(in[0], in[1]); }, .inputs = {any, other},
     .oracle = {"elementwise:maximum/*"}, .twice = false, .any_size = {0, 1}, .large = large2},
    {.name = "maximum", .variant = "number", .f = [](In in) { return maximum(in[0], 0.5); }, .inputs = {{.shape = {5}, .avoid = {0.5}}}},
    {.name = "lerp", .f = [](In in) { return lerp(in[0], in[1], 0.25); }, .inputs = {any, other},
     .oracle = {"elementwise:lerp/number"}, .any_size = {0, 1}, .large = large2},
    {.name = "lerp", .variant = "tensor", .f = [](In in) { return lerp(in[0], in[1], in[2]); }, .inputs = {any, other, any},
     .oracle = {"elementwise:lerp/tensor"}, .order = 3},
    {.name = "addcmul", .f = [](In in) { return addcmul(in[0], in[1], in[2], 0.5); }, .inputs = {any, other, any},
     .oracle = {"elementwise:addcmul/*"}, .order = 3, .any_size = {0, 1}},
    {.name = "addcdiv", .f = [](In in) { return addcdiv(in[0], in[1], in[2], 0.5); },
     .inputs = {any, other, {.shape = {3, 4}, .low = 0.5, .high = 2}},
     .oracle = {"elementwise:addcdiv/*"}, .order = 3, .twice = false, .any_size = {0, 1}},
};

}  // namespace
