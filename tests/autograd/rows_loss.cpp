#include "bench.h"

using namespace eg;
using bench::In;

namespace {

Reduction reduction(const oracle::Case& c) {
  const std::string& r = c.text("reduction");
  return r == "mean" ? Reduction::mean : r == "sum" ? Reduction::sum : Reduction::none;
}

const std::vector<bench::Input> pair{{.shape = {3, 4}}, {.shape = {3, 4}}};
const std::vector<Shape> large{{300, 1000}, {300, 1000}};

const bench::Rows rows{
    {.name = "mse_loss", .f = [](In in) { return mse_loss(in[0], in[1]); }, .inputs = pair, .oracle = {"losses:mse_loss/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return mse_loss(in[0], in[1], reduction(c)); },
     .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "mse_loss", .variant = "sum", .f = [](In in) { return mse_loss(in[0], in[1], Reduction::sum); }, .inputs = pair,
     .order = 3, .any_size = {0, 1}},
    {.name = "bce_with_logits", .f = [](In in) { return bce_with_logits(in[0], in[1]); },
     .inputs = {{.shape = {3, 4}, .low = -4, .high = 4}, {.shape = {3, 4}, .low = 0, .high = 1}},
     .oracle = {"losses:bce_with_logits/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       BCEWithLogitsOptions o{.reduction = reduction(c)};
       if (c.in.has("weight")) o.weight = in[2];
       if (c.in.has("pos_weight")) o.pos_weight = in[2];
       return bce_with_logits(in[0], in[1], o);
     },
     .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "bce_with_logits", .variant = "weights",
     .f = [](In in) { return bce_with_logits(in[0], in[1], {.weight = in[2], .pos_weight = in[3]}); },
     .inputs = {{.shape = {3, 4}, .low = -4, .high = 4}, {.shape = {3, 4}, .low = 0, .high = 1}, {.shape = {4}}, {.shape = {4}}},
     .order = 3, .twice = false},
};

}  // namespace
