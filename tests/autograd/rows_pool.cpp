#include "bench.h"

using namespace eg;
using bench::In;

namespace {

Pair pair_of(const oracle::Case& c, const char* key) { return {c.integers(key).front(), c.integers(key).back()}; }

bench::Outs both(const ValuesIndices& r) { return {{"values", r.values}, {"indices", r.indices}}; }

MaxPool1dArgs max_1d(const oracle::Case& c) {
  return {.stride = c.integer("stride"), .padding = c.integer("padding"), .dilation = c.integer("dilation"), .ceil_mode = c.flag("ceil_mode")};
}
MaxPool2dArgs max_2d(const oracle::Case& c) {
  return {.stride = pair_of(c, "stride"), .padding = pair_of(c, "padding"), .dilation = pair_of(c, "dilation"), .ceil_mode = c.flag("ceil_mode")};
}

const bench::Input line{.shape = {2, 3, 8}, .distinct = true}, plane{.shape = {1, 2, 5, 4}, .distinct = true};
const std::vector<Shape> lines{{6, 40, 1003}}, planes{{3, 16, 40, 37}};

const bench::Rows largest{
    {.name = "max_pool1d", .f = [](In in) { return max_pool1d(in[0], 2); }, .inputs = {line}, .oracle = {"pooling:max_pool1d/negative*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return max_pool1d(in[0], c.integer("kernel_size"), max_1d(c)); },
     .any_size = {0, 1}, .large = lines},
    {.name = "max_pool1d", .variant = "overlap", .f = [](In in) { return max_pool1d(in[0], 3, {.stride = 1, .padding = 1, .dilation = 2}); },
     .inputs = {line}, .large = lines},
    {.name = "max_pool1d", .variant = "ceil", .f = [](In in) { return max_pool1d(in[0], 3, {.stride = 2, .ceil_mode = true}); },
     .inputs = {{.shape = {3, 8}, .distinct = true}}},
    {.name = "max_pool1d_with_indices", .f = [](In in) { return max_pool1d_with_indices(in[0], 2).values; }, .inputs = {line},
     .oracle = {"pooling:max_pool1d/basic", "pooling:max_pool1d/overlap", "pooling:max_pool1d/pad", "pooling:max_pool1d/dilation",
                "pooling:max_pool1d/ceil", "pooling:max_pool1d/leftover", "pooling:max_pool1d/unbatched"},
     .oracle_f = [](const oracle::Case& c, In in) { return both(max_pool1d_with_indices(in[0], c.integer("kernel_size"), max_1d(c))); },
     .any_size = {0, 1}},
    {.name = "max_pool2d", .f = [](In in) { return max_pool2d(in[0], 2); }, .inputs = {plane}, .any_size = {0, 1}, .large = planes},
    {.name = "max_pool2d", .variant = "overlap",
     .f = [](In in) { return max_pool2d(in[0], {3, 2}, {.stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .ceil_mode = true}); },
     .inputs = {{.shape = {2, 5, 4}, .distinct = true}}},
    {.name = "max_pool2d_with_indices", .f = [](In in) { return max_pool2d_with_indices(in[0], 2).values; }, .inputs = {plane},
     .oracle = {"pooling:max_pool2d/*"},
     .oracle_f = [](const oracle::Case& c, In in) { return both(max_pool2d_with_indices(in[0], pair_of(c, "kernel_size"), max_2d(c))); }},
    {.name = "adaptive_max_pool1d", .f = [](In in) { return adaptive_max_pool1d(in[0], 3); }, .inputs = {line},
     .oracle = {"pooling:adaptive_max_pool1d/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return adaptive_max_pool1d(in[0], c.integer("output_size")); },
     .any_size = {0, 1}, .large = lines},
};

const bench::Rows means{
    {.name = "avg_pool1d", .f = [](In in) { return avg_pool1d(in[0], 2); }, .inputs = {line}, .oracle = {"pooling:avg_pool1d/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return avg_pool1d(in[0], c.integer("kernel_size"),
                         {.stride = c.integer("stride"), .padding = c.integer("padding"), .ceil_mode = c.flag("ceil_mode"),
                          .count_include_pad = c.flag("count_include_pad")});
     },
     .order = 3, .any_size = {0, 1}, .large = lines},
    {.name = "avg_pool1d", .variant = "overlap", .f = [](In in) { return square(avg_pool1d(in[0], 3, {.stride = 1, .padding = 1, .count_include_pad = false})); },
     .inputs = {line}, .order = 3, .large = lines},
    {.name = "avg_pool1d", .variant = "ceil", .f = [](In in) { return avg_pool1d(in[0], 5, {.stride = 3, .padding = 2, .ceil_mode = true}); },
     .inputs = {{.shape = {3, 8}}}},
    {.name = "avg_pool2d", .f = [](In in) { return avg_pool2d(in[0], 2); }, .inputs = {plane}, .oracle = {"pooling:avg_pool2d/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return avg_pool2d(in[0], pair_of(c, "kernel_size"),
                         {.stride = pair_of(c, "stride"), .padding = pair_of(c, "padding"), .ceil_mode = c.flag("ceil_mode"),
                          .count_include_pad = c.flag("count_include_pad")});
     },
     .any_size = {0, 1}, .large = planes},
    {.name = "avg_pool2d", .variant = "unbatched", .f = [](In in) { return square(avg_pool2d(in[0], {3, 2}, {.stride = 1, .padding = 1})); },
     .inputs = {{.shape = {2, 5, 4}}}},
    {.name = "adaptive_avg_pool1d", .f = [](In in) { return adaptive_avg_pool1d(in[0], 3); }, .inputs = {line},
     .oracle = {"pooling:adaptive_avg_pool1d/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return adaptive_avg_pool1d(in[0], c.integer("output_size")); },
     .any_size = {0, 1}, .large = lines},
    {.name = "adaptive_avg_pool2d", .f = [](In in) { return adaptive_avg_pool2d(in[0], {2, 3}); }, .inputs = {plane},
     .oracle = {"pooling:adaptive_avg_pool2d/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return adaptive_avg_pool2d(in[0], pair_of(c, "output_size")); },
     .any_size = {0, 1}, .large = planes},
};

}  // namespace
