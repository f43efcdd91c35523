#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const bench::Input whole{.shape = {3, 4}, .low = -1, .high = 1, .dtype = int64};
const bench::Input truths{.shape = {3, 4}, .low = 0, .high = 1, .dtype = boolean};
const std::vector<Shape> large{{300, 1000}, {300, 1000}};

bench::Row pair(const char* name, Tensor (*f)(const Tensor&, const Tensor&), const bench::Input& input) {
  return {.name = name,
          .f = [f](In in) { return f(in[0], in[1]); },
          .inputs = {input, input},
          .oracle = {std::string("elementwise:") + name + "/*"},
          .values_only = true,
          .same_type = false,
          .any_size = {0, 1},
          .large = large};
}
bench::Row single(const char* name, Tensor (*f)(const Tensor&)) {
  return {.name = name,
          .f = [f](In in) { return f(in[0]); },
          .inputs = {{.shape = {3, 4}}},
          .oracle = {std::string("elementwise:") + name + "/*"},
          .values_only = true,
          .same_type = false,
          .any_size = {0, 1},
          .large = {{300, 1000}}};
}

const bench::Rows rows{
    pair("eq", eq, whole),
    pair("ne", ne, whole),
    pair("lt", lt, whole),
    pair("le", le, whole),
    pair("gt", gt, whole),
    pair("ge", ge, whole),
    pair("logical_and", logical_and, truths),
    pair("logical_or", logical_or, truths),
    pair("logical_xor", logical_xor, truths),
    single("logical_not", logical_not),
    single("isnan", isnan),
    single("isinf", isinf),
    single("isfinite", isfinite),
};

}  // namespace
