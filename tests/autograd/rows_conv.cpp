#include "bench.h"

using namespace eg;
using bench::In;

namespace {

Tensor bias_of(In in) { return in.size() > 2 ? in[2] : Tensor(); }
Pair pair_of(const oracle::Case& c, const char* key) { return {c.integers(key).at(0), c.integers(key).at(1)}; }

/// A row's function: the convolution `F` with fixed options.
template <auto F, class Args> auto with(Args args) {
  return [args](In in) { return F(in[0], in[1], bias_of(in), args); };
}

bench::Outs oracle_1d(const oracle::Case& c, In in) {
  Conv1dArgs a{.stride = c.integer("stride"), .dilation = c.integer("dilation"), .groups = c.integer("groups")};
  Tensor x = in[0];
  const std::string& padding = c.text("padding");
  if (padding == "same") {
    const std::int64_t total = a.dilation * (in[1].size(2) - 1);
    x = pad(x, {total / 2, total - total / 2});
  } else if (padding != "valid") {
    a.padding = c.integer("padding");
  }
  if (c.args.has("padding_mode")) {
    const std::string& mode = c.text("padding_mode");
    x = pad(x, {a.padding, a.padding},
            {.mode = mode == "reflect" ? PadMode::reflect : mode == "replicate" ? PadMode::replicate : PadMode::circular});
    a.padding = 0;
  }
  return conv1d(x, in[1], bias_of(in), a);
}

bench::Outs oracle_2d(const oracle::Case& c, In in) {
  return conv2d(in[0], in[1], bias_of(in), {.stride = pair_of(c, "stride"), .padding = pair_of(c, "padding"),
                                            .dilation = pair_of(c, "dilation"), .groups = c.integer("groups")});
}

bench::Outs oracle_transpose_1d(const oracle::Case& c, In in) {
  return conv_transpose1d(in[0], in[1], bias_of(in), {.stride = c.integer("stride"), .padding = c.integer("padding"),
                                                      .output_padding = c.integer("output_padding"),
                                                      .dilation = c.integer("dilation"), .groups = c.integer("groups")});
}

bench::Outs oracle_transpose_2d(const oracle::Case& c, In in) {
  return conv_transpose2d(in[0], in[1], bias_of(in), {.stride = pair_of(c, "stride"), .padding = pair_of(c, "padding"),
                                                      .output_padding = pair_of(c, "output_padding"),
                                                      .dilation = pair_of(c, "dilation"), .groups = c.integer("groups")});
}

const bench::Rows one_dimension{
    {.name = "conv1d", .f = with<conv1d>(Conv1dArgs{}), .inputs = {{.shape = {2, 2, 6}}, {.shape = {3, 2, 3}}, {.shape = {3}}},
     .oracle = {"convolutions:conv1d/*"}, .oracle_f = oracle_1d, .any_size = {0}, .large = {{16, 24, 100}, {40, 24, 5}, {40}}},
    {.name = "conv1d", .variant = "stride_padding", .f = with<conv1d>(Conv1dArgs{.stride = 2, .padding = 1}),
     .inputs = {{.shape = {3, 1, 7}}, {.shape = {2, 1, 4}}, {.shape = {2}}}, .any_size = {0}, .large = {{8, 16, 256}, {32, 16, 4}, {32}}},
    {.name = "conv1d", .variant = "all_options", .f = with<conv1d>(Conv1dArgs{.stride = 3, .padding = 2, .dilation = 2, .groups = 2}),
     .inputs = {{.shape = {1, 4, 8}}, {.shape = {2, 2, 3}}, {.shape = {2}}}, .large = {{6, 12, 333}, {8, 6, 7}, {8}}},
    {.name = "conv1d", .variant = "depthwise",
     .f = [](In in) { return conv1d(in[0], in[1], in[2], {.padding = 1, .groups = in[0].size(1)}); },
     .inputs = {{.shape = {2, 3, 5}}, {.shape = {3, 1, 3}}, {.shape = {3}}}, .large = {{5, 37, 200}, {37, 1, 3}, {37}}},
    {.name = "conv1d", .variant = "kernel1", .f = with<conv1d>(Conv1dArgs{}),
     .inputs = {{.shape = {3, 3, 4}}, {.shape = {2, 3, 1}}}, .any_size = {0}, .large = {{7, 33, 129}, {21, 33, 1}}},
    {.name = "conv1d", .variant = "unbatched", .f = with<conv1d>(Conv1dArgs{.padding = 1}),
     .inputs = {{.shape = {2, 5}}, {.shape = {2, 2, 3}}, {.shape = {2}}}},
    {.name = "conv1d", .variant = "x_is_weight", .f = with<conv1d>(Conv1dArgs{.padding = 1}),
     .inputs = {{.shape = {2, 2, 3}}, {.shape = {2, 2, 3}}}},
    {.name = "conv_transpose1d", .f = with<conv_transpose1d>(ConvTranspose1dArgs{}),
     .inputs = {{.shape = {3, 2, 4}}, {.shape = {2, 3, 3}}, {.shape = {3}}}, .oracle = {"convolutions:conv_transpose1d/*"},
     .oracle_f = oracle_transpose_1d, .any_size = {0}, .large = {{8, 40, 64}, {40, 24, 5}, {24}}},
    {.name = "conv_transpose1d", .variant = "dcgan", .f = with<conv_transpose1d>(ConvTranspose1dArgs{.stride = 2, .padding = 1}),
     .inputs = {{.shape = {3, 2, 3}}, {.shape = {2, 1, 4}}, {.shape = {1}}}, .any_size = {0},
     .large = {{16, 32, 50}, {32, 16, 4}, {16}}},
    {.name = "conv_transpose1d", .variant = "all_options",
     .f = with<conv_transpose1d>(ConvTranspose1dArgs{.stride = 3, .padding = 1, .output_padding = 2, .dilation = 2, .groups = 2}),
     .inputs = {{.shape = {1, 4, 3}}, {.shape = {4, 1, 3}}, {.shape = {2}}}, .large = {{5, 12, 77}, {12, 7, 3}, {14}}},
    {.name = "conv_transpose1d", .variant = "unbatched", .f = with<conv_transpose1d>(ConvTranspose1dArgs{.stride = 2}),
     .inputs = {{.shape = {2, 4}}, {.shape = {2, 2, 3}}, {.shape = {2}}}},
};

const bench::Rows two_dimensions{
    {.name = "conv2d", .f = with<conv2d>(Conv2dArgs{}),
     .inputs = {{.shape = {3, 2, 4, 3}}, {.shape = {2, 2, 2, 3}}, {.shape = {2}}}, .oracle = {"convolutions:conv2d/*"},
     .oracle_f = oracle_2d, .any_size = {0}, .large = {{4, 16, 20, 24}, {20, 16, 3, 3}, {20}}},
    {.name = "conv2d", .variant = "rectangular", .f = with<conv2d>(Conv2dArgs{.stride = {2, 1}, .padding = {0, 2}, .dilation = {1, 2}}),
     .inputs = {{.shape = {1, 2, 5, 4}}, {.shape = {2, 2, 3, 2}}, {.shape = {2}}}, .large = {{3, 8, 31, 29}, {10, 8, 3, 2}, {10}}},
    {.name = "conv2d", .variant = "groups", .f = with<conv2d>(Conv2dArgs{.padding = 1, .groups = 2}),
     .inputs = {{.shape = {1, 4, 3, 3}}, {.shape = {2, 2, 3, 3}}}, .large = {{2, 12, 19, 23}, {6, 6, 3, 3}}},
    {.name = "conv2d", .variant = "unbatched", .f = with<conv2d>(Conv2dArgs{.padding = 1}),
     .inputs = {{.shape = {2, 3, 4}}, {.shape = {1, 2, 3, 3}}, {.shape = {1}}}},
    {.name = "conv_transpose2d", .f = with<conv_transpose2d>(ConvTranspose2dArgs{.stride = 2, .padding = 1}),
     .inputs = {{.shape = {1, 2, 2, 3}}, {.shape = {2, 1, 4, 4}}, {.shape = {1}}}, .oracle = {"convolutions:conv_transpose2d/*"},
     .oracle_f = oracle_transpose_2d, .any_size = {0}, .large = {{3, 16, 12, 13}, {16, 10, 4, 4}, {10}}},
    {.name = "conv_transpose2d", .variant = "rectangular",
     .f = with<conv_transpose2d>(ConvTranspose2dArgs{.stride = {1, 3}, .padding = {1, 0}, .output_padding = {0, 2}, .dilation = {2, 1},
                                                     .groups = 2}),
     .inputs = {{.shape = {1, 2, 3, 2}}, {.shape = {2, 1, 2, 3}}, {.shape = {2}}}, .large = {{2, 8, 17, 11}, {8, 3, 2, 3}, {6}}},
    {.name = "conv_transpose2d", .variant = "unbatched", .f = with<conv_transpose2d>(ConvTranspose2dArgs{}),
     .inputs = {{.shape = {2, 2, 3}}, {.shape = {2, 1, 2, 2}}}},
};

}  // namespace
