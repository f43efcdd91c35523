#include "lesson.h"

#include <cmath>

namespace norms {

std::string num(double v) {
  if (v == 0) return "0";
  if (std::isnan(v)) return "nan";
  if (std::abs(v) >= 1e5 || std::abs(v) < 1e-3) return say("%.1e", v);
  return say("%.3g", v);
}

std::string pair(const Stats& s) {
  const double mean = std::abs(s.mean) < 0.005 ? 0 : s.mean;  // no "-0.00"
  return std::abs(mean) >= 10 || s.std >= 10 ? say("%.1f ± %.1f", mean, s.std) : say("%.2f ± %.2f", mean, s.std);
}

std::vector<double> places(std::size_t count, double first, double step) {
  std::vector<double> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = first + step * static_cast<double>(i);
  return x;
}

Lesson make_lesson(std::uint64_t seed) {
  eg::manual_seed(seed);
  eg::Generator g(seed);
  const Beats beats = load_beats();
  const Batch batch = choose(beats, g);

  Book book{ex::Page(
      "What normalization layers do",
      "One batch of real heartbeats through BatchNorm1d, InstanceNorm1d, "
      "LayerNorm and GroupNorm. Every number and every curve was computed by eigengrad while this page was made.")};
  book.page.text(
      "A normalization layer takes a set of cells, subtracts their mean and divides by their standard deviation: "
      "`y = (x - mean) / sqrt(var + eps)`. All these layers use that formula. They differ in one thing only: **which "
      "cells "
      "form a set**. Everything on this page follows from that.\n\n"
      "The batch has N = 6 samples (one heartbeat each), C = 4 channels and L = 256 places (0.71 s). The channels are "
      "made "
      "from the beat: the beat itself, its trend (moving average), its slope and its energy (the square). They have "
      "different units and very different sizes, as channels inside a network do.");
  book.page.facts({{"samples N", "6"},
                   {"channels C", "4"},
                   {"length L", "256"},
                   {"beats to draw from", std::to_string(beats.x.size(0))},
                   {"seed", std::to_string(seed)}});
  write_sharing(book, batch);
  write_before_after(book, batch);
  write_neighbours(book, batch);
  write_gain(book, batch);
  write_training(book, train(beats, batch, 100, g));
  write_rounding(book, batch);
  write_gradients(book, batch);
  write_defaults(book);
  book.page.section("The data")
      .text(
          "Heartbeats of record 208 of the MIT-BIH Arrhythmia Database (PhysioNet, Open Data Commons Attribution "
          "License 1.0): "
          "Moody GB, Mark RG, IEEE Eng in Med and Biol 20(3):45-50, 2001; Goldberger AL et al., Circulation "
          "101(23):e215-e220, "
          "2000. Narrow and wide are shapes found by a rule, not a physician's annotation.\n\n"
          "Layers: Ioffe, Szegedy 2015 (batch); Ulyanov, Vedaldi, Lempitsky 2016 (instance); Ba, Kiros, Hinton 2016 "
          "(layer); "
          "Wu, He 2018 (group).");
  return {book.page.str(), book.pictures};
}

}  // namespace norms
