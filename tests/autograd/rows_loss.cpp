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

// No difference at 0 or +-0.9.
const std::vector<bench::Input> apart{{.shape = {3, 4}, .low = 1, .high = 2, .avoid = {}},
                                      {.shape = {3, 4}, .values = {0, 0.3, 0.4, 0.5, 0.6, 0.7, 2.3, 2.4, 2.5, 2.6, 4, 5}}};
const bench::Input inside{.shape = {3, 4}, .low = 0.1, .high = 0.9}, classes{.shape = {3}, .low = 0, .high = 3, .dtype = int64};

// cross_entropy, or nll_loss.
auto class_loss(bool logits) {
  return [logits](const oracle::Case& c, In in) -> bench::Outs {
    CrossEntropyOptions o{.reduction = reduction(c)};
    if (c.args.has("label_smoothing")) o.label_smoothing = c.number("label_smoothing");
    if (c.args.has("ignore_index")) o.ignore_index = c.integer("ignore_index");
    if (c.in.has("weight")) o.weight = in[2];
    if (c.in.has("target_logits")) return cross_entropy(in[0], softmax(in[1], 1), o);
    return logits ? cross_entropy(in[0], in[1], o) : nll_loss(in[0], in[1], o);
  };
}

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
    {.name = "l1_loss", .f = [](In in) { return l1_loss(in[0], in[1]); }, .inputs = apart, .oracle = {"losses:l1_loss/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return l1_loss(in[0], in[1], reduction(c)); },
     .twice = false, .any_size = {0, 1}, .large = large},
    {.name = "huber_loss", .f = [](In in) { return huber_loss(in[0], in[1], 0.9); }, .inputs = apart, .oracle = {"losses:huber_loss/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return huber_loss(in[0], in[1], c.number("delta"), reduction(c)); },
     .any_size = {0, 1}, .large = large},
    {.name = "smooth_l1_loss", .f = [](In in) { return smooth_l1_loss(in[0], in[1], 0.9); }, .inputs = apart,
     .oracle = {"losses:smooth_l1_loss/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return smooth_l1_loss(in[0], in[1], c.number("beta"), reduction(c)); },
     .any_size = {0, 1}, .large = large},
    // PyTorch adds 1e-12 to x and to 1 - x in the second derivative, which shows at 1e-11.
    {.name = "bce_loss", .f = [](In in) { return bce_loss(in[0], in[1]); }, .inputs = {inside, inside}, .oracle = {"losses:bce_loss/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return bce_loss(in[0], in[1], reduction(c)); },
     .tolerance = 1e-11,
     .order = 3, .any_size = {0, 1}, .large = large},
    {.name = "kl_div", .f = [](In in) { return kl_div(in[0], in[1]); }, .inputs = {{.shape = {3, 4}}, inside}, .oracle = {"losses:kl_div/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       if (c.text("reduction") != "batchmean") return kl_div(in[0], in[1], c.flag("log_target"), reduction(c));
       return kl_div(in[0], in[1], c.flag("log_target"), Reduction::sum) / in[0].size(0);
     },
     .twice = false, .any_size = {0, 1}, .large = large},
    {.name = "kl_div", .variant = "log_target", .f = [](In in) { return kl_div(in[0], in[1], true); }, .inputs = pair},
    {.name = "cross_entropy", .f = [](In in) { return cross_entropy(in[0], in[1]); }, .inputs = {{.shape = {3, 4}}, classes},
     .oracle = {"losses:cross_entropy/*"}, .oracle_f = class_loss(true), .order = 3, .large = {{3000, 100}, {3000}}},
    {.name = "cross_entropy", .variant = "sequence", .f = [](In in) { return cross_entropy(in[0], in[1], {.label_smoothing = 0.1, .reduction = Reduction::none}); },
     .inputs = {{.shape = {2, 4, 3}}, {.shape = {2, 3}, .low = 0, .high = 3, .dtype = int64}}, .order = 3, .large = {{300, 10, 100}, {300, 100}}},
    {.name = "cross_entropy", .variant = "probabilities",
     .f = [](In in) { return cross_entropy(in[0], in[1], {.weight = in[2], .label_smoothing = 0.1}); },
     .inputs = {{.shape = {3, 4}}, inside, {.shape = {4}, .low = 0.5}}, .order = 3},
    {.name = "nll_loss", .f = [](In in) { return nll_loss(in[0], in[1]); }, .inputs = {{.shape = {3, 4}}, classes},
     .oracle = {"losses:nll_loss/*"}, .oracle_f = class_loss(false), .large = {{3000, 100}, {3000}}},
    {.name = "cosine_similarity", .f = [](In in) { return cosine_similarity(in[0], in[1]); }, .inputs = pair,
     .oracle = {"losses:cosine_similarity/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return cosine_similarity(in[0], in[1], c.integer("dim"), c.number("eps"));
     },
     .order = 3, .any_size = {0, 1}, .large = large},
};

}  // namespace
