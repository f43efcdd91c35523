// Sections 5 to 8: train and eval, rounding, gradients, defaults.
#include <algorithm>
#include <cmath>

#include "lesson.h"

namespace norms {

namespace {

std::string yes(bool v) { return v ? "true" : "false"; }

ex::Series level(const std::string& name, std::size_t count, double value) {
  return {name, places(count, 1), std::vector<double>(count, value), 7, true};
}

}  // namespace

void write_training(Book& book, const Training& t) {
  const std::size_t steps = t.instance.mean.size();
  book.page.section("5 Train and eval")
      .text(say(
          "A trained network should give one answer for one sample, whatever else is in the batch. So layers with "
          "`track_running_stats` (BatchNorm by default, InstanceNorm if asked) watch the statistics go by in training: "
          "`running = (1 - momentum) running + momentum batch`, and use the stored numbers in eval mode.\n\n"
          "Here %zu batches of 6 random beats went through tracked layers in training mode. This is channel beat:",
          steps));
  std::vector<ex::Series> mean, var, eval;
  for (std::size_t i = 0; i < t.batch.size(); ++i) {
    const int color = static_cast<int>(i);
    mean.push_back({t.batch[i].name, places(steps, 1), t.batch[i].mean, color});
    var.push_back({t.batch[i].name, places(steps, 1), t.batch[i].var, color});
    eval.push_back({t.batch[i].name, places(steps, 1), t.batch[i].eval_std, color});
  }
  mean.push_back(level("all 498 beats", steps, t.mean));
  var.push_back(level("all 498 beats", steps, t.var));
  book.figure("running_var",
              ex::line_chart(var, {.title = "running_var of BatchNorm1d", .x_label = "training step", .log_y = true}),
              "It starts at 1. A momentum of 0.1 forgets that in some 30 steps and then trembles with every batch; "
              "0.01 is steadier and "
              "takes ten times as long. With momentum none the plain average of all batches is kept: it has no memory "
              "of the start.");
  book.figure("running_mean",
              ex::line_chart(mean, {.title = "running_mean of BatchNorm1d", .x_label = "training step", .height = 230}),
              "It starts at 0, which happens to be near the truth here.");
  book.figure(
      "eval_early",
      ex::line_chart(eval, {.title = "If you called eval() after so many steps: std of the output, channel slope",
                            .x_label = "training step",
                            .log_y = true}),
      "The slope has a large variance, far from the starting value of 1. Eval mode too early divides by the wrong "
      "number; the output "
      "comes out too large.");
  book.page.text(
      say("In eval mode the layer is a straight line, `y = slope x + intercept`, with numbers from the buffers. For "
          "the tracked InstanceNorm1d after %zu "
          "steps, channel beat: slope 1 / sqrt(running_var + eps) = %.3f, intercept %.3f. Largest difference between "
          "that line and the output of "
          "the layer, over all channels: %s. Did eval mode write to a buffer? %s.",
          steps, t.slope[0], t.intercept[0], num(t.map_error).c_str(), t.eval_wrote ? "Yes" : "No"));
  ex::Series eval_both{"eval, both", t.x[0], t.eval[0], 1};
  eval_both.x.insert(eval_both.x.end(), t.x[1].begin(), t.x[1].end());
  eval_both.y.insert(eval_both.y.end(), t.eval[1].begin(), t.eval[1].end());
  const std::vector<ex::Series> lines = {
      {"training, sample 0", t.x[0], t.train[0], 0}, {"training, sample 1", t.x[1], t.train[1], 2}, eval_both};
  book.figure(
      "modes",
      ex::scatter(lines,
                  {.title = "Tracked InstanceNorm1d: output against input", .x_label = "x (mV)", .y_label = "y"}),
      "In training every sample has its own line. In eval mode all samples lie on one.");
  std::vector<std::vector<std::string>> rows;
  for (const ModeRow& r : t.modes) rows.push_back({r.sample, pair(r.input), pair(r.train), pair(r.eval)});
  book.page.table({"sample", "input (mV)", "output in training", "output in eval"}, rows,
                  "Mean ± standard deviation of channel beat through the tracked InstanceNorm1d. The last row is "
                  "sample 0 with another gain and offset.");
  book.page.text(
      say("That is the surprise: **a tracked InstanceNorm stops normalizing instances in eval mode.** Gain and offset "
          "come straight through. If you "
          "chose InstanceNorm because it removes them, leave `track_running_stats` off (the default): then eval does "
          "what training did.\n\n"
          "The stored variances differ, too: BatchNorm stores that of the whole channel (now %.4f), InstanceNorm the "
          "average of the variances inside each "
          "sample (%.4f), without what the means of the samples differ by. Over all beats these are %.4f and %.4f. "
          "Both store the unbiased variance and "
          "normalize by the biased one, as PyTorch does.",
          t.batch[0].var.back(), t.instance.var.back(), t.var, t.inside_var));
  book.remember(
      "eval() changes what a tracked layer computes: from the statistics of the input to stored ones. An InstanceNorm "
      "without tracking "
      "is the same in both modes.");
}

void write_rounding(Book& book, const Batch& batch) {
  const auto errors = offset_errors(batch.x);
  const ConstantRow constant = constant_row();
  book.page.section("6 Rounding")
      .text(
          "A beat of standard deviation 1 rides on a large offset, as raw sensor data does. In float32 there are about "
          "7 digits for both. "
          "Formulas that are equal on paper now differ. The question is always the same: given this rounded x, how far "
          "is the output from the "
          "output in double?");
  std::vector<ex::Series> curves = {{"InstanceNorm1d", {}, {}, 0}, {"mean first", {}, {}, 2}, {"one pass", {}, {}, 1}};
  std::vector<std::vector<std::string>> rows;
  for (const OffsetError& e : errors) {
    const double y[] = {e.layer, e.two_passes, e.one_pass};
    for (std::size_t i = 0; i < 3; ++i) {
      curves[i].x.push_back(std::log10(e.offset));
      curves[i].y.push_back(y[i]);
    }
    rows.push_back({say("%g", e.offset), num(e.layer), num(e.two_passes), num(e.one_pass)});
  }
  book.figure(
      "offset",
      ex::line_chart(curves, {.title = "Largest error against double",
                              .x_label = "log10 of the offset",
                              .y_label = "error",
                              .log_y = true}),
      "One pass: variance as mean of x² minus square of the mean, two huge and nearly equal numbers. Mean first: "
      "subtract the mean, then "
      "average the squares; better, but its sum runs in float32 and loses digits at every step. The layer keeps its "
      "statistics in double.");
  book.page.table({"offset", "InstanceNorm1d", "mean first", "one pass"}, rows,
                  "nan, where it stands: the one-pass variance came out below −eps. At 1e7 the samples themselves are rounded to whole "
                  "numbers: that "
                  "loss is in x already, and no layer can undo it.");
  rows.clear();
  for (const Scale& s : extreme_scales(batch.x))
    rows.push_back(
        {say("%g", s.scale), say("%.6f", s.layer), std::isnan(s.one_pass) ? "nan" : say("%.6f", s.one_pass)});
  book.page.text(
      say("**A constant row** has nothing to normalize; the exact output is 0. For 256 times 10000/3 the layer gives "
          "%s, the one-pass formula "
          "%s. The gradient there is finite: at most %s for gradients between −1 and 1, as 1/sqrt(eps) = %.1f says.\n\n"
          "**Huge values**: the square of 1e19 does not fit into float32. The standard deviation of the output should "
          "be 1:",
          num(constant.layer).c_str(), num(constant.one_pass).c_str(), num(constant.gradient).c_str(),
          1 / std::sqrt(1e-5)));
  book.page.table({"input std", "InstanceNorm1d", "one pass"}, rows,
                  "0: the variance overflowed to infinity. nan: infinity minus infinity.");
  book.remember(
      "Never compute a variance as mean of squares minus square of the mean in float32. Take an offset out of the data "
      "early where you can.");
}

void write_gradients(Book& book, const Batch& batch) {
  const Gradients r = gradients(batch.x);
  book.page.section("7 Gradients")
      .text(
          "If adding a constant to a row changes nothing, then the loss cannot change along that direction: the "
          "gradient dx of a row must sum to 0. If scaling "
          "a row changes nothing, dx must be orthogonal to the normalized row xh. With g coming in from above, the "
          "layer gives "
          "`dx = (g - mean(g) - xh mean(g xh)) / sqrt(var + eps)`: it takes exactly these two parts out of g.");
  const std::vector<double> ms = places(length, -128 / 0.36, 1 / 0.36);
  double s = 0, gs = 0;  // dx is about 1 / std larger: shown at the size of g
  for (std::size_t i = 0; i < r.g.size(); ++i) {
    s += r.dx[i] * r.dx[i];
    gs += r.g[i] * r.g[i];
  }
  std::vector<double> scaled = r.dx;
  for (double& v : scaled) v *= std::sqrt(gs / s);
  const std::vector<ex::Series> curves = {{"g, coming in", ms, r.g, 7},
                                          {say("dx, going out (times %.2g)", std::sqrt(gs / s)), ms, scaled, 0}};
  book.figure("gradient",
              ex::line_chart(curves, {.title = "Gradient of one row through InstanceNorm1d",
                                      .x_label = "ms from the R peak",
                                      .height = 240}),
              "g here is another beat of the batch; any numbers would do.");
  std::vector<std::vector<std::string>> rows;
  for (const GradientSums& g : r.sums)
    rows.push_back({g.what, num(g.sum), num(g.sum_abs), num(g.along), num(g.along_abs)});
  book.page.table({"cells", "sum dx", "sum |dx|", "sum dx·xh", "sum |dx·xh|"}, rows,
                  "The sums of absolute values say what to compare with. dx·xh keeps a part of size eps / (var + eps), "
                  "because the layer is not quite blind to "
                  "the gain; with a tiny eps it is gone. For BatchNorm1d both sums vanish over a whole channel, not "
                  "over one sample's row.");
  book.page.text(
      say("One consequence for building networks: a bias in front of InstanceNorm is dead weight. It adds a constant "
          "to a row, and the layer takes that away. A `Conv1d` "
          "before InstanceNorm1d: largest gradient of its bias %s, of its weight %s. Without the norm behind it, the "
          "bias gets %s. So write "
          "`Conv1d(..., {.bias = false})` before a norm; the norm's own bias (`affine = true`) does the work.",
          num(r.bias_with).c_str(), num(r.weight_with).c_str(), num(r.bias_without).c_str()));
  book.remember(
      "What the forward pass ignores, the backward pass cannot learn: dx has no part along a constant and (but for "
      "eps) none along xh.");
}

void write_defaults(Book& book) {
  const eg::nn::InstanceNormOptions in;
  const eg::nn::BatchNormOptions bn;
  const eg::nn::LayerNormOptions ln;
  const eg::nn::GroupNormOptions gn;
  book.page.section("8 Coming from PyTorch")
      .text(
          "Weights can be exchanged both ways: same keys, same shapes. The column of eigengrad is read from its option "
          "structs in this run; that of PyTorch is "
          "from its documentation and source (2.x).");
  book.page.table(
      {"layer", "eigengrad's defaults", "PyTorch's defaults"},
      {{"InstanceNorm1d",
        say("eps %g, momentum %g, affine %s, track_running_stats %s", in.eps, *in.momentum, yes(in.affine).c_str(),
            yes(in.track_running_stats).c_str()),
        "eps 1e-05, momentum 0.1, affine false, track_running_stats false"},
       {"LazyInstanceNorm1d", "as InstanceNorm1d", "affine and track_running_stats true, unlike the plain layer"},
       {"BatchNorm1d",
        say("eps %g, momentum %g, affine %s, track_running_stats %s", bn.eps, *bn.momentum, yes(bn.affine).c_str(),
            yes(bn.track_running_stats).c_str()),
        "eps 1e-05, momentum 0.1, affine true, track_running_stats true"},
       {"LayerNorm",
        say("eps %g, elementwise_affine %s, bias %s", ln.eps, yes(ln.elementwise_affine).c_str(), yes(ln.bias).c_str()),
        "eps 1e-05, elementwise_affine true, bias true"},
       {"GroupNorm", say("eps %g, affine %s", gn.eps, yes(gn.affine).c_str()), "eps 1e-05, affine true"}});
  book.page.table(
      {"where InstanceNorm1d differs on purpose", "eigengrad", "PyTorch"},
      {{"momentum none", "plain average of all batches, as in BatchNorm", "counts as 0: the statistics never move"},
       {"num_batches_tracked", "counted in every training step", "kept, never counted"},
       {"wrong number of channels", "always an error", "a warning only, where affine is false"},
       {"buffers in eval mode", "never written", "written if track_running_stats is switched off by hand"},
       {"num_features 0, negative eps", "an error in the constructor", "accepted"},
       {"third and higher derivatives", "exact", "silently wrong"}});
  book.page.text(
      "A 2-D input to InstanceNorm1d is one sample of shape (C, L) in both libraries, not a batch of N vectors. For "
      "those, use BatchNorm1d or LayerNorm.");
  book.remember(
      "InstanceNorm learns and tracks nothing unless asked, BatchNorm does both, LayerNorm and GroupNorm learn but "
      "never track.");
}

}  // namespace norms
