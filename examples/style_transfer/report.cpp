#include "report.h"

#include <eigengrad/autograd/ops.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "support/files.h"
#include "support/html.h"
#include "support/png.h"
#include "support/progress.h"
#include "support/svg.h"

namespace style {
namespace {

constexpr double loudest = 5;  // log(1 + 10 magnitude) that gets the brightest colour

template <class... A>
std::string text(const char* format, A... values) {
  char out[600];
  std::snprintf(out, sizeof out, format, values...);
  return out;
}

// The spectrogram between two times, with axes.
std::string picture(const Clip& c, const std::string& title, double from, double to, int width, int height) {
  const std::int64_t frames = c.spectrogram.size(2);
  const double duration = c.seconds();
  const auto frame = [&](double t) {
    return std::clamp<std::int64_t>(std::llround(t / duration * static_cast<double>(frames)), 0, frames);
  };
  const std::int64_t first = std::min(frame(from), frames - 1), count = std::max<std::int64_t>(1, frame(to) - first);
  const Tensor part = c.spectrogram.select(0, 0).narrow(1, first, count);
  ex::HeatOptions o;
  o.upward = true;
  o.range = {{0, loudest}};
  o.value_label = "log(1 + 10 |X|)";
  o.chart = {.title = title, .x_label = "seconds", .y_label = "kHz", .width = width, .height = height};
  o.chart.x_range = {{from, std::min(to, duration)}};
  o.chart.y_range = {{0, c.sample_rate / 2000.0}};
  return ex::heat_map(part.to_vector<double>(), static_cast<int>(part.size(0)), static_cast<int>(count), o);
}

ex::Series curve(const std::string& name, const std::vector<Losses>& losses, double Losses::*which) {
  ex::Series s{.name = name};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    s.x.push_back(static_cast<double>(i + 1));
    s.y.push_back(losses[i].*which);
  }
  return s;
}

ex::Series loudness_curve(const Clip& c) {
  ex::Series s{.name = c.name, .y = loudness(c)};
  for (std::size_t i = 0; i < s.y.size(); ++i)
    s.x.push_back(c.seconds() * static_cast<double>(i) / static_cast<double>(s.y.size()));
  while (!s.x.empty() && s.x.back() > 4) s.x.pop_back(), s.y.pop_back();
  return s;
}

}  // namespace

std::string spectrogram_png(const Clip& clip) {
  const Tensor s = eg::flip(clip.spectrogram.select(0, 0), {0});  // row 0 on top: the highest frequency
  std::vector<std::uint8_t> pixels;
  for (const float v : s.to_vector<float>())
    pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * std::clamp(v / loudest, 0.0, 1.0))));
  return ex::png_palette(pixels, static_cast<int>(s.size(1)), static_cast<int>(s.size(0)), ex::sequential_colors());
}

std::string report_page(const Results& r, const std::string& folder) {
  ex::Page page("Style transfer of sound",
                text("What %s says, played as %s: a feed-forward net with instance normalization, trained in %s.",
                     r.content.name.c_str(), r.style.name.c_str(), ex::duration(r.training_seconds).c_str()));
  page.facts({{"Gram distance before", text("%.2f", r.gram_before)},
              {"Gram distance after", text("%.2f", r.gram_after)},
              {"times closer to the style", text("%.1f", r.gram_before / r.gram_after)},
              {"content distance", text("%.2f", r.content_after)},
              {"rhythm kept", text("%.2f", r.rhythm_after)},
              {"time", ex::duration(r.seconds)}});

  page.section("Listen");
  for (const auto& [clip, file] :
       {std::pair{&r.content, "content.wav"}, {&r.style, "style.wav"}, {&r.result, "result.wav"}})
    page.audio(ex::read_file(ex::join(folder, file)), text("**%s**", clip->name.c_str()));

  page.section("See");
  page.figures({picture(r.content, "Content", 0, 1e9, 340, 300), picture(r.style, "Style", 0, 1e9, 340, 300),
                picture(r.result, "Result", 0, 1e9, 340, 300)},
               "Spectrograms: time to the right, frequency upwards, loud is bright.");
  for (const auto& [clip, title] : {std::pair{&r.content, "Content"}, {&r.style, "Style"}, {&r.result, "Result"}})
    page.figure(picture(*clip, std::string(title) + ", the first 3 seconds", 0, 3, 720, 230));
  page.figure(ex::line_chart(std::vector{loudness_curve(r.content), loudness_curve(r.style), loudness_curve(r.result)},
                             {.title = "Loudness over time", .x_label = "seconds", .y_label = "mean log(1 + 10 |X|)"}),
              "Where the content is loud, the result should be loud: that is its rhythm.");

  page.section("What happens here");
  page.text(
      "**The sound becomes a picture.** A short-time Fourier transform, itself one convolution with windowed cosines "
      "and "
      "sines, gives the loudness of 257 frequencies every 8 ms. The nets read it as a one-dimensional signal with 257 "
      "channels.\n\n"
      "**A net that was never trained is the judge.** It has a wide layer of random filters, 11 frames long, and one "
      "more "
      "on top. The **content** of a sound is what the top layer answers, frame by frame. Its **style** is the Gram "
      "matrix "
      "of the answers: entry (i, j) tells how often filters i and j answer together, `sum over time of f_i f_j`. The "
      "sum "
      "forgets when something happened and keeps what happens together: a drum's sharp attack over all frequencies, a "
      "voice's stacked harmonics. Two sounds with the same Gram matrices have the same texture.\n\n"
      "**A second net learns to satisfy the judge.** It maps two seconds of the content's spectrogram to new ones in a "
      "single pass. "
      "Every step takes random pieces of the content, asks the judge, and moves the weights (Adam) so that the result "
      "answers like the content frame by frame and like the style on average.\n\n"
      "**Instance normalization makes that possible.** It brings every channel of every piece to mean 0 and variance 1 "
      "over time, and so removes what belongs to the content's own style: how loud it is, how strong each band is. "
      "What is "
      "left is when things happen. The layer's learned scale and shift then set the levels of the new style, the same "
      "for quiet and loud input.\n\n"
      "**The picture becomes a sound.** The net gives no phase, so it is searched for (Griffin and Lim): to the signal "
      "and "
      "back, again and again, keeping the wanted magnitude and the phase that returns.");

  page.section("How it went");
  page.figure(ex::line_chart(
                  std::vector{curve("content", r.losses, &Losses::content), curve("style", r.losses, &Losses::style)},
                  {.title = "Losses", .x_label = "step", .y_label = "relative mean square", .log_y = true}),
              "Each relative to its target. Silence would get 1 for the content and 2, one a layer, for the style.");
  page.table(
      {"distance", "before", "after"},
      {{"Gram matrices to the style's", text("%.3f", r.gram_before), text("%.3f", r.gram_after)},
       {"the same, by a judge with other random filters", text("%.3f", r.other_before), text("%.3f", r.other_after)},
       {"deep features to the content's", text("%.3f", r.content_of_style), text("%.3f", r.content_after)},
       {"loudness, correlation with the content's", text("%.3f", r.rhythm_of_style), text("%.3f", r.rhythm_after)}},
      "Measured on the sound that was written, transformed again. The first two rows compare content (before) and "
      "result (after) with the style, as |G - S| / |S|, mean over two layers; the second judge took no part in "
      "training. The last two compare style (before) and result (after) with the content.");
  page.section("Again").code(r.command);
  return page.str();
}

}  // namespace style
