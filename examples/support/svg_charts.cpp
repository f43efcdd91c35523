// Charts with two axes: lines, bands, points, histograms.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "svg_frame.h"

namespace ex {
namespace {

using svg::Extent;
using svg::Frame;
using svg::px;

int color_of(const Series& s, std::size_t place) { return (s.color >= 0 ? s.color : static_cast<int>(place)) % 8; }
double x_of(const std::vector<double>& x, std::size_t i) { return i < x.size() ? x[i] : static_cast<double>(i); }

std::string point(char command, const Frame& f, double x, double y) {
  return fmt::format("{}{},{}", command, px(f.x(x)), px(std::clamp(f.y(y), -1e5, 1e5)));
}

// Path of a line. Long lines keep the least and greatest of each of 600 stretches: what the eye sees at this size.
std::string path(const Frame& f, const std::vector<double>& x, const std::vector<double>& y) {
  std::string d;
  bool pen = false;
  const auto visit = [&](std::size_t i) {
    if (!f.shows(x_of(x, i), y[i])) {
      pen = false;
      return;
    }
    d += point(pen ? 'L' : 'M', f, x_of(x, i), y[i]);
    pen = true;
  };
  constexpr std::size_t stretches = 600;
  if (y.size() <= 2 * stretches) {
    for (std::size_t i = 0; i < y.size(); ++i) visit(i);
    return d;
  }
  for (std::size_t k = 0; k < stretches; ++k) {
    const std::size_t begin = k * y.size() / stretches, end = (k + 1) * y.size() / stretches;
    std::size_t low = begin, high = begin;
    bool gap = false;
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(y[i])) gap = true;
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
    }
    if (gap) {
      pen = false;
      continue;
    }
    visit(std::min(low, high));
    if (low != high) visit(std::max(low, high));
  }
  return d;
}

// Invisible strips over the plot; pointing at one shows a guide and the values of every series there.
template <class Text>
std::string strips(const Frame& f, std::size_t n, const std::vector<double>& x, Text text) {
  std::string out;
  const std::size_t count = std::min<std::size_t>(n, 80);
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = count > 1 ? k * (n - 1) / (count - 1) : 0;
    const double width = (f.right() - f.left()) / static_cast<double>(count), at = f.x(x_of(x, i));
    if (!std::isfinite(at) || at < f.left() - 1 || at > f.right() + 1) continue;
    out += fmt::format(
        "<g class=\"h\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/><line x1=\"{}\" x2=\"{}\" y1=\"{}\" "
        "y2=\"{}\"/><title>{}</title></g>\n",
        px(at - width / 2), px(f.top()), px(width), px(f.bottom() - f.top()), px(at), px(at), px(f.top()),
        px(f.bottom()), svg::escape(text(i)));
  }
  return out;
}

std::string x_name(const ChartOptions& o, double x) {
  return (o.x_label.empty() ? "x" : o.x_label) + " " + svg::value(x);
}

Frame frame_of(std::span<const Series> series, const ChartOptions& o) {
  Extent x, y;
  std::vector<std::pair<std::string, int>> legend;
  for (std::size_t s = 0; s < series.size(); ++s) {
    for (std::size_t i = 0; i < series[s].y.size(); ++i) {
      x.add(x_of(series[s].x, i));
      y.add(series[s].y[i], o.log_y);
    }
    if (!series[s].name.empty()) legend.emplace_back(series[s].name, color_of(series[s], s));
  }
  return Frame(o, x, y, legend);
}

}  // namespace

std::string line_chart(std::span<const Series> series, const ChartOptions& o) {
  const Frame f = frame_of(series, o);
  std::string out = f.head();
  const Series* longest = nullptr;
  for (std::size_t s = 0; s < series.size(); ++s) {
    out += fmt::format("<path class=\"l s{}{}\" {} d=\"{}\"/>\n", color_of(series[s], s), series[s].dashed ? " d" : "",
                       f.clip(), path(f, series[s].x, series[s].y));
    if (!longest || series[s].y.size() > longest->y.size()) longest = &series[s];
  }
  if (longest)
    out += strips(f, longest->y.size(), longest->x, [&](std::size_t i) {
      const double x = x_of(longest->x, i);
      std::string text = x_name(o, x);
      for (const Series& s : series) {
        // The value at the same x; series may start or stop at other places.
        std::size_t j = i;
        if (!s.x.empty()) j = static_cast<std::size_t>(std::lower_bound(s.x.begin(), s.x.end(), x) - s.x.begin());
        if (j < s.y.size()) text += "\n" + s.name + " " + svg::value(s.y[j]);
      }
      return text;
    });
  return out + svg::close;
}

std::string scatter(std::span<const Series> series, const ChartOptions& o) {
  const Frame f = frame_of(series, o);
  std::string out = f.head();
  for (std::size_t s = 0; s < series.size(); ++s)
    for (std::size_t i = 0; i < series[s].y.size(); ++i) {
      const double x = x_of(series[s].x, i), y = series[s].y[i];
      if (!f.shows(x, y) || f.x(x) < f.left() - 1 || f.x(x) > f.right() + 1 || f.y(y) < f.top() - 1 ||
          f.y(y) > f.bottom() + 1)
        continue;
      out += fmt::format("<circle class=\"p f{}\" cx=\"{}\" cy=\"{}\" r=\"3.2\"><title>{}: {}, {}</title></circle>\n",
                         color_of(series[s], s), px(f.x(x)), px(f.y(y)), svg::escape(series[s].name), svg::value(x),
                         svg::value(y));
    }
  return out + svg::close;
}

std::string band_chart(std::span<const Band> bands, const ChartOptions& o) {
  Extent x, y;
  std::vector<std::pair<std::string, int>> legend;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    for (std::size_t i = 0; i < bands[b].mean.size(); ++i) {
      x.add(x_of(bands[b].x, i));
      const double d = i < bands[b].std.size() ? bands[b].std[i] : 0;
      y.add(bands[b].mean[i] - d, o.log_y);
      y.add(bands[b].mean[i] + d, o.log_y);
    }
    legend.emplace_back(bands[b].name, static_cast<int>(b % 8));
  }
  const Frame f(o, x, y, legend);
  std::string out = f.head();
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const Band& band = bands[b];
    std::string upper, lower;
    for (std::size_t i = 0; i < std::min(band.mean.size(), band.std.size()); ++i) {
      const double high = band.mean[i] + band.std[i], low = band.mean[i] - band.std[i], at = x_of(band.x, i);
      if (!f.shows(at, high) || !f.shows(at, low)) continue;
      upper += point(upper.empty() ? 'M' : 'L', f, at, high);
      lower.insert(0, point('L', f, at, low));
    }
    out += fmt::format("<path class=\"b f{}\" {} d=\"{}{}\"/>\n", b % 8, f.clip(), upper,
                       upper.empty() ? "" : lower + "Z");
  }
  for (std::size_t b = 0; b < bands.size(); ++b)
    out += fmt::format("<path class=\"l s{}\" {} d=\"{}\"/>\n", b % 8, f.clip(), path(f, bands[b].x, bands[b].mean));
  if (!bands.empty())
    out += strips(f, bands[0].mean.size(), bands[0].x, [&](std::size_t i) {
      std::string text = x_name(o, x_of(bands[0].x, i));
      for (const Band& b : bands)
        if (i < b.mean.size() && i < b.std.size())
          text += fmt::format("\n{} {:.4g} ± {:.4g}", b.name, b.mean[i], b.std[i]);
      return text;
    });
  return out + svg::close;
}

std::string histogram(std::span<const Sample> samples, int bins, const ChartOptions& o) {
  Extent x, y;
  y.add(0);
  std::vector<std::pair<std::string, int>> legend;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    for (double v : samples[s].values) x.add(v);
    legend.emplace_back(samples[s].name, static_cast<int>(s % 8));
  }
  if (o.x_range) x = {o.x_range->first, o.x_range->second};
  if (x.empty()) x = {0, 1};
  if (x.low == x.high) x = {x.low - 0.5, x.high + 0.5};
  const auto n = static_cast<std::size_t>(std::clamp(bins, 1, 1000));
  const double width = (x.high - x.low) / static_cast<double>(n);
  std::vector<std::vector<double>> shares;
  for (const Sample& s : samples) {
    std::vector<double> counts(n);
    for (double v : s.values)
      if (std::isfinite(v) && v >= x.low && v <= x.high)
        counts[std::min(n - 1, static_cast<std::size_t>((v - x.low) / width))] +=
            1 / static_cast<double>(s.values.size());
    for (double c : counts) y.add(c);
    shares.push_back(std::move(counts));
  }
  ChartOptions options = o;
  options.log_y = false;
  options.x_range = {x.low, x.high};
  if (!o.y_range) options.y_range = {0, y.high > 0 ? y.high * 1.06 : 1};
  const Frame f(options, x, y, legend);
  std::string out = f.head();
  const std::size_t sets = shares.size();
  const double slot = (f.right() - f.left()) / static_cast<double>(n), gap = slot > 8 ? 2 : 0.5;
  for (std::size_t s = 0; s < sets; ++s)
    for (std::size_t i = 0; i < n; ++i) {
      if (shares[s][i] == 0) continue;
      const double w = (slot - gap) / static_cast<double>(sets);
      const double at = f.left() + slot * static_cast<double>(i) + gap / 2 + w * static_cast<double>(s);
      const double low = x.low + width * static_cast<double>(i), top = std::max(f.top(), f.y(shares[s][i]));
      out += fmt::format(
          "<rect class=\"f{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"><title>{}: {:.3g} % in {:.4g} to "
          "{:.4g}</title></rect>\n",
          s % 8, px(at), px(top), px(w), px(f.bottom() - top), w > 5 ? 1.5 : 0, svg::escape(samples[s].name),
          100 * shares[s][i], low, low + width);
    }
  return out + svg::close;
}

}  // namespace ex
