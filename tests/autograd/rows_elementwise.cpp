#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const bench::Input small{.shape = {3, 4}};
const bench::Input nonzero{.shape = {3, 4}, .low = 0.5, .high = 2};
const std::vector<Shape> large1{{300, 1000}}, large2{{300, 1000}, {300, 1000}};

bench::Outs number(const oracle::Case& c, In in, Tensor (*f)(const Tensor&, Scalar)) { return f(in[0], c.number("scalar")); }

const bench::Rows rows{
    {.name = "add",
     .f = [](In in) { return add(in[0], in[1]); },
     .inputs = {small, small},
     .oracle = {"elementwise:add/basic", "elementwise:add/broadcast", "elementwise:add/scalar_tensor", "elementwise:add/size1",
                "elementwise:add/empty", "elementwise:add/special"},
     .any_size = {0, 1},
     .large = large2},
    {.name = "add", .variant = "broadcast", .f = [](In in) { return add(in[0], in[1]); },
     .inputs = {{.shape = {2, 1, 4}}, {.shape = {3, 1}}}, .large = {{40, 1, 1000}, {30, 1}}},
    {.name = "add", .variant = "number", .f = [](In in) { return add(in[0], 0.5); }, .inputs = {small},
     .oracle = {"elementwise:add/number_*"}, .oracle_f = [](const oracle::Case& c, In in) { return number(c, in, add); },
     .any_size = {0, 1}, .large = large1},
    {.name = "sub",
     .f = [](In in) { return sub(in[0], in[1]); },
     .inputs = {small, small},
     .oracle = {"elementwise:sub/basic", "elementwise:sub/broadcast", "elementwise:sub/scalar_tensor", "elementwise:sub/size1",
                "elementwise:sub/empty", "elementwise:sub/special"},
     .any_size = {0, 1},
     .large = large2},
    {.name = "sub", .variant = "number", .f = [](In in) { return sub(in[0], 0.5); }, .inputs = {small},
     .oracle = {"elementwise:sub/number_*"}, .oracle_f = [](const oracle::Case& c, In in) { return number(c, in, sub); }},
    {.name = "sub", .variant = "from_number", .f = [](In in) { return sub(0.5, in[0]); }, .inputs = {small},
     .oracle = {"elementwise:rsub/number_*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return sub(Scalar(c.number("scalar")), in[0]); }},
    {.name = "mul",
     .f = [](In in) { return mul(in[0], in[1]); },
     .inputs = {small, small},
     .oracle = {"elementwise:mul/basic", "elementwise:mul/broadcast", "elementwise:mul/scalar_tensor", "elementwise:mul/size1",
                "elementwise:mul/empty", "elementwise:mul/special"},
     .order = 3,
     .any_size = {0, 1},
     .large = large2},
    {.name = "mul", .variant = "broadcast", .f = [](In in) { return mul(in[0], in[1]); },
     .inputs = {{.shape = {2, 1, 4}}, {.shape = {3, 1}}}, .large = {{40, 1, 1000}, {30, 1}}},
    {.name = "mul", .variant = "same_input_twice", .f = [](In in) { return mul(in[0], in[0]); },
     .oracle = {"elementwise:mul/same_input_twice"}},
    {.name = "mul", .variant = "number", .f = [](In in) { return mul(in[0], -1.5); }, .inputs = {small},
     .oracle = {"elementwise:mul/number_*"}, .oracle_f = [](const oracle::Case& c, In in) { return number(c, in, mul); }},
    {.name = "div",
     .f = [](In in) { return div(in[0], in[1]); },
     .inputs = {small, nonzero},
     .oracle = {"elementwise:div/basic", "elementwise:div/broadcast", "elementwise:div/scalar_tensor", "elementwise:div/size1",
                "elementwise:div/empty", "elementwise:div/special"},
     .order = 3,
     .twice = false,
     .any_size = {0, 1},
     .large = large2},
    {.name = "div", .variant = "number", .f = [](In in) { return div(in[0], 3); }, .inputs = {small},
     .oracle = {"elementwise:div/number_*"}, .oracle_f = [](const oracle::Case& c, In in) { return number(c, in, div); }},
    {.name = "div", .variant = "of_number", .f = [](In in) { return div(2, in[0]); }, .inputs = {nonzero},
     .oracle = {"elementwise:rdiv/number_*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return div(Scalar(c.number("scalar")), in[0]); },
     .order = 3, .large = large1},
    {.name = "neg", .f = [](In in) { return neg(in[0]); }, .inputs = {small}, .oracle = {"elementwise:neg/*"},
     .any_size = {0, 1}, .large = large1},
};

}  // namespace
