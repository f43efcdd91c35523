#include "report.h"

#include <eigengrad/io/csv.h>

#include <algorithm>
#include <cstdio>

#include "support/files.h"
#include "support/html.h"
#include "support/svg.h"

using eg::Tensor;

namespace {

constexpr double ms_per_sample = 1000.0 / 360;

std::string number(double v, int digits = 2) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, v);
  return text;
}
std::string percent(double share) { return number(100 * share, 0) + " %"; }

std::vector<double> times() {
  std::vector<double> t;
  for (int i = 0; i < 256; ++i) t.push_back((i - 128) * ms_per_sample);
  return t;
}

/// Every k-th beat, so that the picture shows the set and not its beginning.
std::vector<std::vector<double>> some(const Tensor& beats, std::int64_t count) {
  std::vector<std::vector<double>> rows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(beats.select(0, i * beats.size(0) / count).to_vector<double>());
  return rows;
}

std::string beats_picture(const Tensor& real, const Tensor& fake) {
  const std::vector<ex::SignalGroup> groups{{"real heartbeats", some(real, 32)}, {"generated heartbeats", some(fake, 32)}};
  return ex::signal_grid(groups, {.columns = 4});
}

std::string curves_picture(const Tensor& real, const Tensor& fake) {
  const Curves r = curves(real), f = curves(fake);
  const std::vector<ex::Band> bands{{"real", times(), r.mean, r.std}, {"generated", times(), f.mean, f.std}};
  return ex::band_chart(bands, {.x_label = "ms from the R peak", .y_label = "mV"});
}

std::string widths_picture(const Tensor& real, const Tensor& fake) {
  const std::vector<ex::Sample> samples{{"real", qrs_widths(real)}, {"generated", qrs_widths(fake)}};
  return ex::histogram(samples, 30, {.x_label = "QRS width, ms", .y_label = "share of beats"});
}

/// The mean beat of each shape, real and generated.
std::string shapes_picture(const Tensor& real, const Tensor& fake, bool wide) {
  std::vector<ex::Series> series;
  for (const auto& [name, beats] : {std::pair<const char*, const Tensor&>{"real", real}, {"generated", fake}}) {
    const std::vector<double> widths = qrs_widths(beats);
    std::vector<double> mean(256, 0);
    double count = 0;
    for (std::size_t n = 0; n < widths.size(); ++n) {
      if ((widths[n] >= wide_ms) != wide) continue;
      const std::vector<double> beat = beats.select(0, static_cast<std::int64_t>(n)).to_vector<double>();
      for (std::size_t i = 0; i < 256; ++i) mean[i] += beat[i];
      ++count;
    }
    for (double& v : mean) v /= std::max(count, 1.0);
    if (count > 0) series.push_back({.name = name, .x = times(), .y = mean});
  }
  return ex::line_chart(series, {.title = wide ? "wide beats, mean" : "narrow beats, mean", .x_label = "ms from the R peak",
                                 .y_label = "mV", .width = 420});
}

/// Losses of each run, averaged over 25 steps.
std::string losses_picture(const std::string& folder, std::int64_t steps, const char* column) {
  const eg::io::Csv csv = eg::io::read_csv(ex::join(folder, "metrics.csv"));
  const std::vector<double> seed = csv.column("seed"), value = csv.column(column);
  std::vector<ex::Series> series;
  const std::size_t window = 25;
  for (std::size_t i = 0; i < value.size();) {
    std::size_t end = i;
    while (end < value.size() && seed[end] == seed[i]) ++end;
    ex::Series s{.name = "seed " + number(seed[i], 0)};
    for (std::size_t k = i; k < end; k += window) {
      const std::size_t stop = std::min(k + window, end);
      double sum = 0;
      for (std::size_t j = k; j < stop; ++j) sum += value[j];
      s.x.push_back(static_cast<double>((k - i)));
      s.y.push_back(sum / static_cast<double>(stop - k));
    }
    series.push_back(std::move(s));
    i = end;
  }
  return ex::line_chart(series, {.title = std::string(column) + " loss", .x_label = "step of " + std::to_string(steps), .width = 420, .height = 240});
}

}  // namespace

bool report(const std::string& folder, const Tensor& real, const std::vector<Run>& runs, std::int64_t steps) {
  std::vector<std::vector<std::string>> rows;
  bool good = true;
  std::printf("\n%-6s %-22s %-22s %-22s %-8s\n", "seed", "wide beats real/gen", "mean curve rms (max)", "std curve rms (max)", "spread");
  for (const Run& run : runs) {
    const Quality q = measure(real, run.beats);
    good = good && q.good();
    rows.push_back({std::to_string(run.seed), percent(q.wide_real), percent(q.wide_fake), number(q.mean_error) + " (" + number(q.mean_largest) + ")",
                    number(q.std_error) + " (" + number(q.std_largest) + ")", number(q.spread), q.good() ? "met" : "missed"});
    std::printf("%-6lld %4.0f %% / %4.0f %%          %.3f (%.2f)           %.3f (%.2f)           %.2f     %s\n", static_cast<long long>(run.seed),
                100 * q.wide_real, 100 * q.wide_fake, q.mean_error, q.mean_largest, q.std_error, q.std_largest, q.spread,
                q.good() ? "met" : "MISSED");
  }
  std::printf("\nwide: QRS of at least %.0f ms at half height; goal: within 15 points of the data's share\n"
              "curves: mean and std over the beats at each of the 256 samples; difference as root mean square over time (and the\n"
              "largest at one time) in the data's standard deviation; goal: rms within 0.15\n"
              "spread: mean distance to the nearest other beat, generated over real; goal: at least 0.5 (1 = as varied as the data)\n", wide_ms);

  const Tensor& fake = runs.back().beats;
  const std::string beats = beats_picture(real, fake), bands = curves_picture(real, fake), widths = widths_picture(real, fake);
  const std::string critic = losses_picture(folder, steps, "critic"), generator = losses_picture(folder, steps, "generator");
  ex::write_file(ex::join(folder, "beats.svg"), beats);
  ex::write_file(ex::join(folder, "curves.svg"), bands);
  ex::write_file(ex::join(folder, "widths.svg"), widths);
  ex::write_file(ex::join(folder, "losses.svg"), critic);

  ex::Page page("Heartbeats from noise", "A 1-D GAN with InstanceNorm1d, trained on 498 real heartbeats");
  page.text("A generator turns 16 random numbers into a heartbeat of 256 samples. A critic looks at real and generated beats and "
            "says which is which. Each learns from the other; no beat is ever copied. Every number and picture on this page was "
            "computed by the program that wrote it.")
      .facts({{"training runs", std::to_string(runs.size())}, {"steps each", std::to_string(steps)}, {"real beats", std::to_string(real.size(0))},
              {"goals", good ? "met" : "missed"}});
  page.section("Real beside generated")
      .figure(beats, "Left: 32 of the real beats. Right: 32 from the generator of seed " + std::to_string(runs.back().seed) +
                     ". Look for both shapes: a narrow spike, and a broad wave with a deep trough.");
  page.section("Two shapes of beats")
      .text("About a fifth of the beats in this record are wide. They look like beats that start in the ventricle; the label is a rule about "
            "the width, **not** a physician's reading. A GAN that had collapsed would make only one shape.")
      .figures({shapes_picture(real, fake, false), shapes_picture(real, fake, true)}, "The mean of each shape.")
      .figure(widths, "How wide the main wave is at half its height. Beats from 45 ms on count as wide.");
  page.section("Mean and spread over time")
      .figure(bands, "The line is the mean over all beats, the band one standard deviation on either side.");
  page.section("How good it is, over several seeds")
      .table({"seed", "wide, real", "wide, generated", "mean curve", "std curve", "spread", "goals"}, rows,
             "Mean and std curve: root mean square of the difference over time, in standard deviations of the data (largest difference at one "
             "time in brackets). Spread: mean distance of a beat to its nearest neighbour, generated over real.")
      .text("**Goals.** The share of wide beats within 15 points of the data's; both curves within 0.15; a spread of at least 0.5. The spread "
            "is below 1 because a generator smooths the noise that makes real neighbours differ.");
  page.section("The game")
      .text("The two losses do not fall to zero: they balance. A critic that always wins teaches nothing, so its slope at real beats is part "
            "of its loss (the R1 penalty) - a gradient inside a loss, which the tape differentiates again.")
      .figures({critic, generator}, "Means over 25 steps. `metrics.csv` holds every step.");
  page.section("Where the beats come from")
      .text("MIT-BIH Arrhythmia Database, record 208 (PhysioNet, ODC-By 1.0). Moody GB, Mark RG: The impact of the MIT-BIH Arrhythmia Database, "
            "IEEE Eng in Med and Biol 20(3):45-50, 2001. Goldberger AL et al.: PhysioBank, PhysioToolkit, and PhysioNet, Circulation "
            "101(23):e215-e220, 2000. `data/ecg/README.md` says how the beats were cut.");
  ex::write_file(ex::join(folder, "report.html"), page.str());
  std::printf("\n%s\n", ex::join(folder, "report.html").c_str());
  return good;
}
