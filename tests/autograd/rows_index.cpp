#include "bench.h"

using namespace eg;
using bench::In;

namespace {

const bench::Input grid{.shape = {3, 6}};
const bench::Input distinct{.shape = {3, 5}, .distinct = true};
const bench::Input mask{.shape = {3, 6}, .low = 0, .high = 1, .dtype = boolean};

bench::Input places(const Shape& shape, double last) { return {.shape = shape, .low = 0, .high = last, .dtype = int64}; }

bench::Outs both(const ValuesIndices& r) { return {{"values", r.values}, {"indices", r.indices}}; }

const bench::Rows rows{
    {.name = "slice", .f = [](In in) { return slice(in[0], 1, 1, 6, 2); }, .inputs = {grid},
     .oracle = {"indexing:slice/plain", "indexing:slice/step*", "indexing:slice/negative", "indexing:slice/past_end",
                "indexing:slice/empty", "indexing:slice/start_past_end"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return in[0].slice(c.integer("dim"), c.integer("start"), c.integer("end"), c.integer("step"));
     },
     .any_size = {0, 1}, .large = {{300, 1000}}},
    {.name = "slice", .variant = "overlap", .f = [](In in) { return in[0].slice(1, 0, 4) * in[0].slice(1, 2, 6); },
     .oracle = {"indexing:slice/overlap_sum"}},
    {.name = "select", .f = [](In in) { return select(in[0], 1, -2); }, .inputs = {grid}, .oracle = {"indexing:select/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return in[0].select(c.integer("dim"), c.integer("index")); },
     .any_size = {0}},
    {.name = "narrow", .f = [](In in) { return narrow(in[0], 1, 2, 3); }, .inputs = {grid}, .oracle = {"indexing:narrow/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return in[0].narrow(c.integer("dim"), c.integer("start"), c.integer("length"));
     },
     .any_size = {0}},
    {.name = "index_select", .f = [](In in) { return index_select(in[0], 1, in[1]); },
     .inputs = {{.shape = {2, 4, 3}}, places({5}, 3)}, .oracle = {"indexing:index_select/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return in[0].index_select(c.integer("dim"), in[1]); },
     .any_size = {0, 2}, .large = {{10, 200, 30}, {400}}},
    {.name = "index_select", .variant = "rows", .f = [](In in) { return index_select(in[0], 0, in[1]); },
     .inputs = {{.shape = {4, 3}}, places({5}, 3)}, .any_size = {1}, .large = {{2000, 64}, {3000}}},
    {.name = "index_select", .variant = "rows_by_mask", .f = [](In in) { return index_select(in[0], 0, nonzero(in[1]).flatten()); },
     .oracle = {"indexing:index_mask/rows"}},
    {.name = "index_add", .f = [](In in) { return index_add(in[0], 1, in[1], in[2]); },
     .inputs = {{.shape = {2, 3, 2}}, places({4}, 2), {.shape = {2, 4, 2}}}, .oracle = {"indexing:index_add/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return index_add(in[0], c.integer("dim"), in[1], in[2]); },
     .any_size = {0, 2}, .large = {{2, 500, 60}, {3000}, {2, 3000, 60}}},
    {.name = "gather", .f = [](In in) { return gather(in[0], 1, in[1]); },
     .inputs = {{.shape = {2, 4, 3}}, places({2, 5, 3}, 3)}, .oracle = {"indexing:gather/*", "indexing:take_along_dim/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return in[0].gather(c.integer("dim"), in[1]); },
     .any_size = {0, 2}, .large = {{100, 40, 30}, {100, 50, 30}}},
    {.name = "gather", .variant = "dim0", .f = [](In in) { return gather(in[0], 0, in[1]); },
     .inputs = {{.shape = {4, 3}}, places({5, 2}, 3)}, .large = {{400, 300}, {500, 300}}},
    {.name = "scatter_add", .f = [](In in) { return scatter_add(in[0], 1, in[1], in[2]); },
     .inputs = {{.shape = {3, 4}}, places({2, 5}, 3), {.shape = {3, 6}}}, .oracle = {"indexing:scatter_add/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return scatter_add(in[0], c.integer("dim"), in[1], in[2]); },
     .large = {{200, 400}, {150, 500}, {200, 600}}},
    {.name = "scatter_add", .variant = "dim0", .f = [](In in) { return scatter_add(in[0], 0, in[1], in[2]); },
     .inputs = {{.shape = {4, 3}}, places({5, 3}, 3), {.shape = {5, 3}}}, .large = {{400, 300}, {500, 300}, {500, 300}}},
    {.name = "where", .f = [](In in) { return where(in[0], in[1], in[2]); }, .inputs = {mask, grid, grid},
     .oracle = {"elementwise:where/*"}, .any_size = {0, 1},
     .large = {{300, 1000}, {300, 1000}, {300, 1000}}},
    {.name = "where", .variant = "broadcast", .f = [](In in) { return where(in[0], in[1], in[2]); },
     .inputs = {{.shape = {4}, .low = 0, .high = 1, .dtype = boolean}, {.shape = {2, 1, 4}}, {.shape = {3, 1}}}},
    {.name = "where", .variant = "number", .f = [](In in) { return where(in[0], in[1], 0.5) * where(in[0], 2, in[1]); },
     .inputs = {mask, grid}},
    {.name = "masked_fill", .f = [](In in) { return masked_fill(in[0], in[1], -1.5); }, .inputs = {grid, mask},
     .oracle = {"indexing:masked_fill/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return masked_fill(in[0], in[1], c.number("value")); },
     .any_size = {0, 1}, .large = {{300, 1000}, {300, 1000}}},
    {.name = "masked_select", .f = [](In in) { return masked_select(in[0], in[1]); }, .inputs = {grid, mask},
     .oracle = {"indexing:masked_select/*"}, .any_size = {0, 1}, .large = {{300, 1000}, {300, 1000}}},
    {.name = "masked_select", .variant = "broadcast", .f = [](In in) { return masked_select(in[0], in[1]); },
     .inputs = {{.shape = {2, 1, 4}}, {.shape = {3, 1}, .low = 0, .high = 1, .dtype = boolean}}},
    {.name = "nonzero", .f = [](In in) { return nonzero(in[0]); }, .inputs = {{.shape = {3, 4}, .low = -1, .high = 1, .dtype = int64}},
     .oracle = {"indexing:nonzero/*"}, .values_only = true, .any_size = {0, 1}},
    {.name = "sort", .f = [](In in) { return sort(in[0], 1).values; }, .inputs = {distinct}, .oracle = {"indexing:sort/*"},
     .oracle_f = [](const oracle::Case& c, In in) { return both(sort(in[0], c.integer("dim"), c.flag("descending"))); },
     .any_size = {0, 1}, .large = {{300, 1000}}},
    {.name = "sort", .variant = "descending_columns", .f = [](In in) { return sort(in[0], 0, true).values; }, .inputs = {distinct},
     .any_size = {0, 1}, .large = {{100, 2000}}},
    {.name = "argsort", .f = [](In in) { return argsort(in[0], 1); }, .inputs = {distinct}, .oracle = {"indexing:argsort/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return argsort(in[0], c.integer("dim"), c.flag("descending")); },
     .values_only = true, .any_size = {0, 1}},
    {.name = "topk", .f = [](In in) { return topk(in[0], 3).values; }, .inputs = {distinct}, .oracle = {"indexing:topk/*"},
     .oracle_f = [](const oracle::Case& c, In in) {
       return both(topk(in[0], c.integer("k"), c.integer("dim"), c.flag("largest")));
     },
     .any_size = {0}, .large = {{300, 1000}}},
    {.name = "cumsum", .f = [](In in) { return cumsum(in[0], 1); }, .inputs = {{.shape = {2, 4, 3}}},
     .oracle = {"reductions:cumsum/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return cumsum(in[0], c.integer("dim")); }, .any_size = {0, 1, 2},
     .large = {{50, 40, 100}}},
    {.name = "cumsum", .variant = "last", .f = [](In in) { return cumsum(in[0], -1); }, .inputs = {grid}, .any_size = {0, 1},
     .large = {{300, 1000}}},
};

}  // namespace
