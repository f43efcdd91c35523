// Sections 1 to 4: who shares, before and after, other neighbours, gain and offset.
#include <algorithm>
#include <cmath>

#include "lesson.h"
#include "slider.h"

namespace norms {

namespace {

// All samples of all channels as small curves, a group a channel.
std::string small_curves(const Tensor& x, const std::string& title) {
  std::vector<ex::SignalGroup> groups;
  for (std::int64_t c = 0; c < channels; ++c) {
    ex::SignalGroup g{channel_names[c], {}};
    for (std::int64_t n = 0; n < samples; ++n) g.signals.push_back(row(x, n, c));
    groups.push_back(std::move(g));
  }
  return ex::signal_grid(groups, {.title = title, .columns = 2, .cell_height = 44});
}

std::vector<double> minus(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

const std::vector<double>& time() {
  static const std::vector<double> ms = places(length, -128 / 0.36, 1 / 0.36);
  return ms;
}

}  // namespace

void write_sharing(Book& book, const Batch& batch) {
  const auto all = sharing_of_layers(batch.x);
  const Kinship k = kinship(batch.x);
  book.page.section("1 Who shares with whom")
      .text(
          "Cells of one colour share a mean and a variance. The block is a cut-out of the batch: 3 samples, 4 "
          "channels, 6 places.\n\n"
          "Nobody drew these blocks from memory: the layers were asked. Output i can feel input j only through "
          "statistics that "
          "both share. So the gradient of every output by every input was taken (72 walks back through the layer), and "
          "two cells got one colour where that gradient is not 0.");
  std::vector<std::string> blocks;
  for (std::size_t i = 0; i < all.size(); ++i) {
    blocks.push_back(ex::block_isometric(all[i].block));
    book.pictures.emplace_back(say("sharing_%zu.svg", i + 1), blocks.back());
  }
  book.page.figures(blocks, "Grey: the cell shares with nobody, its output depends on its own input alone.");
  std::vector<std::vector<std::string>> rows;
  const char* words[] = {"one set for each channel: all samples, all places",
                         "one set for each sample and channel",
                         "one set for each sample",
                         "one set for each sample and group of 2 channels",
                         "one set for each sample and place, over the channels",
                         "none: stored statistics, a fixed map"};
  for (std::size_t i = 0; i < all.size(); ++i)
    rows.push_back({all[i].block.title, all[i].groups ? std::to_string(all[i].groups) : "-",
                    all[i].groups ? std::to_string(all[i].cells) : "-", words[i]});
  book.page.table({"layer", "sets found", "cells in each", "in words"}, rows);
  book.page.text(
      "Some layers are the same thing under two names. They still differ in the shape of the weight and bias they "
      "learn.");
  book.page.table({"two names", "largest difference of outputs"},
                  {{"`GroupNorm(1, C)` and `LayerNorm({C, L})`", num(k.group1_layer)},
                   {"`GroupNorm(C, C)` and `InstanceNorm1d(C)`", num(k.groups_instance)},
                   {"`LayerNorm({L})` and `InstanceNorm1d(C)`", num(k.layer_instance)}},
                  "On the whole batch.");
  book.remember(
      "BatchNorm mixes samples. InstanceNorm, LayerNorm and GroupNorm never do; they differ in how many "
      "channels of a sample go together.");
}

void write_before_after(Book& book, const Batch& batch) {
  const eg::NoGrad guard;
  const auto layers = make_layers();
  std::vector<Tensor> outputs;
  for (const Layer& l : layers) outputs.push_back((*l.module)(batch.x));
  book.page.section("2 Before and after")
      .text(
          "The batch as it comes. All small charts share one scale, so the slope, in mV/s, dwarfs the rest. Sample 1 "
          "(top right in each "
          "group) is a wide beat, the other five are narrow.");
  book.figure("before", small_curves(batch.x, "before"), "");
  book.page.text("The same cells after two of the layers:");
  book.figure("after_batch", small_curves(outputs[0], "after BatchNorm1d"),
              "BatchNorm1d brings the channels to one size and keeps the differences between samples: a larger beat "
              "stays larger.");
  book.figure("after_instance", small_curves(outputs[1], "after InstanceNorm1d"),
              "InstanceNorm1d brings every row to one size. How large a beat was is gone; its shape is what is left.");
  std::vector<std::vector<std::string>> rows;
  for (std::int64_t n = 0; n < 2; ++n)
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto cell = [&](const Tensor& t) { return pair(stats(t.select(0, n).select(0, c))); };
      rows.push_back({n == 0 ? "0 narrow" : "1 wide", channel_names[c], cell(batch.x)});
      for (const Tensor& y : outputs) rows.back().push_back(cell(y));
    }
  book.page.table({"sample", "channel", "before", "BatchNorm1d", "InstanceNorm1d", "LayerNorm", "GroupNorm"}, rows,
                  "Mean ± standard deviation of single rows. Only InstanceNorm1d makes each row 0 ± 1; LayerNorm and "
                  "GroupNorm keep "
                  "the sizes of channels that share a set, and the largest of them (the slope) takes most of it.");
  rows.clear();
  for (const Promise& p : promises(batch.x))
    rows.push_back({p.layer, std::to_string(p.sets), std::to_string(p.cells), num(p.mean), num(p.std)});
  book.page.table(
      {"layer", "sets", "cells in each", "largest |mean|", "largest |std − 1|"}, rows,
      "Over its own sets every layer keeps the same promise: mean 0, standard deviation 1. What is missing to 1 is eps "
      "(section 4).");
  book.remember("Every layer gives mean 0 and standard deviation 1 over its own sets, and over nothing else.");
}

void write_neighbours(Book& book, const Batch& batch) {
  const auto effects = change_neighbours(batch);
  book.page.section("3 Other neighbours")
      .text(
          "Sample 0 stays as it is. The five samples beside it are replaced: five wide beats instead of four narrow "
          "ones and a wide one. What "
          "happens to the output of sample 0, in training mode?");
  book.page.facts({{"InstanceNorm1d: largest change", num(effects[1].worst)},
                   {"BatchNorm1d: largest change", num(effects[0].worst)}});
  const std::vector<ex::Series> outputs = {{"BatchNorm1d, first neighbours", time(), effects[0].before, 1},
                                           {"BatchNorm1d, other neighbours", time(), effects[0].after, 4, true},
                                           {"InstanceNorm1d, both", time(), effects[1].after, 0}};
  book.figure("neighbours",
              ex::line_chart(outputs, {.title = "Output of sample 0, channel beat", .x_label = "ms from the R peak"}),
              "");
  const std::vector<ex::Series> difference = {
      {"BatchNorm1d", time(), minus(effects[0].after, effects[0].before), 1},
      {"InstanceNorm1d", time(), minus(effects[1].after, effects[1].before), 0}};
  book.figure(
      "neighbours_difference",
      ex::line_chart(difference,
                     {.title = "What the other neighbours changed", .x_label = "ms from the R peak", .height = 220}),
      "The line of InstanceNorm1d is 0 at every place: not small, but the same bits.");
  std::vector<std::vector<std::string>> rows;
  for (const auto& e : effects)
    rows.push_back({e.layer, num(e.worst), std::to_string(e.changed) + " of " + std::to_string(channels * length)});
  book.page.table({"layer", "largest change", "outputs that changed"}, rows, "All four channels of sample 0.");
  book.remember(
      "With BatchNorm in training, what a sample becomes depends on the company it keeps: small batches are noisy, and "
      "the "
      "result of a sample cannot be repeated alone. The other three layers give a sample the same bits in any batch.");
}

void write_gain(Book& book, const Batch& batch) {
  const eg::NoGrad guard;
  book.page.section("4 Gain and offset")
      .text(
          "An electrode sits differently, an amplifier is set differently: x becomes a x + b. Subtracting the mean of "
          "a row takes b away, "
          "dividing by its standard deviation takes a away. So InstanceNorm1d should give the same output as before.");
  add_slider(book.page, slider(batch.x));

  std::vector<std::vector<std::string>> rows;
  auto layers = make_layers();
  layers.push_back({"InstanceNorm1d, eps 1e-12",
                    std::make_unique<eg::nn::InstanceNorm1d>(channels, eg::nn::InstanceNormOptions{.eps = 1e-12})});
  for (const Layer& l : layers)
    rows.push_back({l.name, num(change_by_gain(*l.module, batch.x, 3, 2, false)),
                    num(change_by_gain(*l.module, batch.x, 3, 2, true)),
                    num(change_by_gain(*l.module, batch.x, -1, 0, false))});
  book.page.table({"layer", "all channels: 3x + 2", "channel beat alone: 3x + 2", "all channels: −x"}, rows,
                  "Largest change of an output of sample 0 (second column: of its channel beat).");
  book.page.text(
      "LayerNorm and GroupNorm remove a gain that all channels of a set have in common, not one of a single channel. "
      "No layer removes a change of sign. And the small change that is left with InstanceNorm1d goes away with a "
      "smaller eps: it is not rounding, it is eps.");

  std::vector<double> log_std;
  std::vector<ex::Series> curves = {{"eps 1e-5 (default)", {}, {}, 0}, {"eps 1e-8", {}, {}, 2}};
  for (double p = -4; p <= 2.001; p += 0.125) {
    const double s = std::pow(10.0, p);
    for (std::size_t i = 0; i < 2; ++i) {
      curves[i].x.push_back(p);
      curves[i].y.push_back(output_std(batch.x, s, i == 0 ? 1e-5 : 1e-8));
    }
  }
  book.figure("eps",
              ex::line_chart(curves, {.title = "InstanceNorm1d: output std against input std",
                                      .x_label = "log10 of the input's standard deviation",
                                      .y_label = "output std",
                                      .log_y = true}),
              "The output has standard deviation s / sqrt(s² + eps): 1 as long as s² is much larger than eps, then it "
              "falls with s.");
  rows.clear();
  for (double s : {1.0, 0.1, 0.01, 1e-3, 1e-4})
    rows.push_back({say("%g", s), say("%.4f", output_std(batch.x, s, 1e-5)), say("%.4f", s / std::sqrt(s * s + 1e-5))});
  book.page.table({"input std", "output std, measured", "s / sqrt(s² + 1e-5)"}, rows);
  const double mv = stats(batch.x.select(0, 0).select(0, 0)).std, volt = mv * 1e-3;
  book.page.text(
      say("This is no corner case. The beat of sample 0 has a standard deviation of %.3f mV. Written in volts, that is "
          "%.2e, and the "
          "layer gives an output of standard deviation %.3f instead of %.3f. eps has the unit of x squared: choose the "
          "unit of the "
          "data, or eps, so that eps is far below the variance.",
          mv, volt, output_std(batch.x, volt, 1e-5), output_std(batch.x, mv, 1e-5)));
  book.remember(
      "InstanceNorm removes gain and offset of each row, as long as the variance of the row is far above eps. If the "
      "size "
      "of a signal matters to the task, do not normalize it away.");
}

}  // namespace norms
