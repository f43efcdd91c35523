#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const std::vector<Shape> large{{300, 1000}};

std::optional<double> bound(const oracle::Case& c, const char* key) {
  return c.none(key) ? std::nullopt : std::optional<double>(c.number(key));
}

const bench::Rows rows{
    {.name = "clamp", .f = [](In in) { return clamp(in[0], -1, 0.75); },
     .inputs = {{.shape = {3, 4}, .avoid = {-1, 0.75}}},
     .oracle = {"elementwise:clamp/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return clamp(in[0], bound(c, "min"), bound(c, "max")); },
     .any_size = {0, 1}, .large = large},
};

}  // namespace
