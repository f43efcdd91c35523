// Small multiples, heat maps, and blocks of cells.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "png.h"
#include "svg_frame.h"

namespace ex {
namespace {

using svg::Extent;
using svg::px;

// Colours of groups: the golden angle keeps neighbours apart, lightness alternates for eyes that confuse hues.
std::string group_color(int group) {
  static constexpr double lightness[3] = {0.56, 0.65, 0.46};
  const Rgb c = oklch(lightness[group % 3], 0.115, 250 + 137.508 * group);
  return fmt::format("#{:02x}{:02x}{:02x}", c[0], c[1], c[2]);
}

// " fill=..." of a cell; a group of -1 is drawn as empty.
std::string cell_fill(int group) {
  return group < 0 ? " class=\"e z\"" : fmt::format(" class=\"e\" fill=\"{}\"", group_color(group));
}

int group_at(const CellBlock& b, int n, int c, int l) {
  return b.group[(static_cast<std::size_t>(n) * static_cast<std::size_t>(b.c) + static_cast<std::size_t>(c)) *
                     static_cast<std::size_t>(b.l) +
                 static_cast<std::size_t>(l)];
}

std::string cell_note(const CellBlock& b, int n, int c, int l) {
  const int g = group_at(b, n, c, l);
  std::string text = fmt::format("sample {}, channel {}, position {}", n, c, l);
  if (g >= 0 && static_cast<std::size_t>(g) < b.notes.size())
    text += "\n" + b.notes[static_cast<std::size_t>(g)];
  else if (g >= 0)
    text += fmt::format("\ngroup {}", g);
  return "<title>" + svg::escape(text) + "</title>";
}

void check(const CellBlock& b) {
  if (b.n < 1 || b.c < 1 || b.l < 1 || b.group.size() != static_cast<std::size_t>(b.n) * b.c * b.l)
    throw std::invalid_argument("CellBlock: expected n * c * l group numbers");
}

}  // namespace

std::string signal_grid(std::span<const SignalGroup> groups, const GridOptions& o) {
  Extent y;
  std::size_t most = 0;
  bool labels = false;
  for (const SignalGroup& g : groups) {
    for (const auto& s : g.signals)
      for (double v : s) y.add(v);
    most = std::max(most, g.signals.size());
    labels = labels || !g.labels.empty();
  }
  if (y.empty() || y.low == y.high) y = {y.empty() ? 0 : y.low - 1, y.empty() ? 1 : y.high + 1};
  const auto columns = static_cast<std::size_t>(std::max(1, o.columns));
  const std::size_t rows = (most + columns - 1) / columns, sets = std::max<std::size_t>(1, groups.size());
  constexpr double gap = 6, group_gap = 26;
  const double top = o.title.empty() ? 26 : 50, text = labels ? 16 : 0, row_height = o.cell_height + gap + text;
  const double group_width = (o.width - group_gap * static_cast<double>(sets - 1)) / static_cast<double>(sets);
  const double w = (group_width - gap * static_cast<double>(columns - 1)) / static_cast<double>(columns),
               h = o.cell_height;
  std::string out = svg::open(o.width, static_cast<int>(top + row_height * static_cast<double>(rows)), o.title);
  if (!o.title.empty()) out += fmt::format("<text class=\"t\" x=\"0\" y=\"18\">{}</text>\n", svg::escape(o.title));
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const double x0 = static_cast<double>(g) * (group_width + group_gap);
    out += fmt::format(
        "<rect class=\"f{}\" x=\"{}\" y=\"{}\" width=\"14\" height=\"4\" rx=\"2\"/><text class=\"k\" x=\"{}\" "
        "y=\"{}\">{}</text>\n",
        g % 8, px(x0), px(top - 16), px(x0 + 20), px(top - 10), svg::escape(groups[g].name));
    for (std::size_t k = 0; k < groups[g].signals.size(); ++k) {
      const auto& s = groups[g].signals[k];
      const double x = x0 + static_cast<double>(k % columns) * (w + gap);
      const double at = top + static_cast<double>(k / columns) * row_height;
      std::string d;
      bool pen = false;
      for (std::size_t i = 0; i < s.size(); ++i) {
        if (!std::isfinite(s[i])) {
          pen = false;
          continue;
        }
        const double part = s.size() > 1 ? static_cast<double>(i) / static_cast<double>(s.size() - 1) : 0.5;
        d += pen ? "L" : "M";
        d += px(x + 4 + (w - 8) * part) + "," + px(at + 5 + (h - 10) * (y.high - s[i]) / (y.high - y.low));
        pen = true;
      }
      const std::string label = k < groups[g].labels.size() ? groups[g].labels[k] : "";
      out += fmt::format(
          "<g><rect class=\"n\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"5\"/><path class=\"l s{}\" "
          "style=\"stroke-width:1.4\" d=\"{}\"/><title>{} {}{}</title></g>\n",
          px(x), px(at), px(w), px(h), g % 8, d, svg::escape(groups[g].name), k + 1,
          label.empty() ? "" : ": " + svg::escape(label));
      if (!label.empty())
        out += fmt::format("<text style=\"font-size:11px\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                           px(x + w / 2), px(at + h + 13), svg::escape(label));
    }
  }
  return out + svg::close;
}

std::string heat_map(std::span<const double> values, int rows, int cols, const HeatOptions& o) {
  if (rows < 1 || cols < 1 || rows > 65535 || cols > 65535 ||
      values.size() != static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols))
    throw std::invalid_argument("heat_map: expected rows * cols values");
  Extent range;
  for (double v : values) range.add(v);
  if (o.range)
    range = {o.range->first, o.range->second};
  else if (o.diverging && !range.empty())
    range = {-std::max(std::abs(range.low), std::abs(range.high)), std::max(std::abs(range.low), std::abs(range.high))};
  if (range.empty()) range = {0, 1};
  if (!(range.high > range.low)) range.high = range.low + 1;
  const Palette& colors = o.diverging ? diverging_colors() : sequential_colors();
  std::vector<std::uint8_t> pixels(values.size());
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < cols; ++c) {
      const double v = values[static_cast<std::size_t>(o.upward ? rows - 1 - r : r) * static_cast<std::size_t>(cols) +
                              static_cast<std::size_t>(c)];
      const double part = std::isfinite(v) ? std::clamp((v - range.low) / (range.high - range.low), 0.0, 1.0) : 0;
      pixels[static_cast<std::size_t>(r) * static_cast<std::size_t>(cols) + static_cast<std::size_t>(c)] =
          static_cast<std::uint8_t>(std::lround(255 * part));
    }
  ChartOptions chart = o.chart;
  chart.log_y = false;
  if (!chart.x_range) chart.x_range = {0, cols};
  if (!chart.y_range)
    chart.y_range = o.upward ? std::pair<double, double>{0, rows} : std::pair<double, double>{rows, 0};
  const svg::Frame f(chart, {}, {}, {}, 72);
  std::string head = f.head();
  const auto image = [&](double x, double y, double w, double h, std::string_view png, const char* note) {
    return fmt::format(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
        "style=\"image-rendering:{}\" href=\"{}\"><title>{}</title></image>\n",
        px(x), px(y), px(w), px(h), cols < 64 ? "pixelated" : "auto", data_uri("image/png", png), note);
  };
  std::string out = head;
  out +=
      image(f.left(), f.top(), f.right() - f.left(), f.bottom() - f.top(), png_palette(pixels, cols, rows, colors), "");
  std::vector<std::uint8_t> scale(256);
  for (std::size_t i = 0; i < 256; ++i) scale[i] = static_cast<std::uint8_t>(255 - i);
  const double bar = f.right() + 16;
  out += image(bar, f.top(), 12, f.bottom() - f.top(), png_palette(scale, 1, 256, colors), "");
  const double step = svg::nice_step(range.low, range.high, 4);
  for (double k = std::ceil(range.low / step - 1e-9); k * step <= range.high + step * 1e-9; ++k)
    out += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", px(bar + 17),
                       px(f.bottom() - (k * step - range.low) / (range.high - range.low) * (f.bottom() - f.top()) + 4),
                       svg::value(std::abs(k * step) < step * 1e-9 ? 0 : k * step));
  if (!o.value_label.empty())
    out += fmt::format("<text class=\"k\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", px(f.right() + 72),
                       px(f.top() - 8), svg::escape(o.value_label));
  return out + svg::close;
}

std::string block_isometric(const CellBlock& b, int width) {
  check(b);
  const double depth_x = 0.42, depth_y = 0.34;  // a step back in units of a cell
  const double title = b.title.empty() ? 8 : 34, left = 26, bottom = 26;
  // Room for the block, and for "samples N" beside its right face.
  const double unit = std::min((width - left - 30) / (b.l + depth_x * b.n), (width - left - 72) / (b.l + depth_x * b.n / 2));
  const double back = depth_y * b.n * unit, y0 = title + back;
  std::string out = svg::open(width, static_cast<int>(y0 + b.c * unit + bottom), b.title);
  if (!b.title.empty()) out += fmt::format("<text class=\"t\" x=\"0\" y=\"18\">{}</text>\n", svg::escape(b.title));
  const auto at = [&](double l, double c, double n) {
    return px(left + unit * (l + depth_x * n)) + "," + px(y0 + unit * (c - depth_y * n));
  };
  const auto face = [&](int n, int c, int l, const char* shade, const std::string& points) {
    const int g = group_at(b, n, c, l);
    out += fmt::format("<g><polygon{} points=\"{}\"/>{}{}</g>\n", cell_fill(g), points,
                       *shade ? fmt::format("<polygon points=\"{}\" {}/>", points, shade) : "", cell_note(b, n, c, l));
  };
  for (int n = b.n - 1; n >= 0; --n)  // top: the first channel
    for (int l = 0; l < b.l; ++l)
      face(n, 0, l, "fill=\"#fff\" fill-opacity=\".22\"",
           at(l, 0, n) + " " + at(l + 1, 0, n) + " " + at(l + 1, 0, n + 1) + " " + at(l, 0, n + 1));
  for (int n = b.n - 1; n >= 0; --n)  // right: the last position
    for (int c = 0; c < b.c; ++c)
      face(n, c, b.l - 1, "fill=\"#000\" fill-opacity=\".22\"",
           at(b.l, c, n) + " " + at(b.l, c, n + 1) + " " + at(b.l, c + 1, n + 1) + " " + at(b.l, c + 1, n));
  for (int c = 0; c < b.c; ++c)  // front: the first sample
    for (int l = 0; l < b.l; ++l)
      face(0, c, l, "", at(l, c, 0) + " " + at(l + 1, c, 0) + " " + at(l + 1, c + 1, 0) + " " + at(l, c + 1, 0));
  const double bottom_y = y0 + b.c * unit;
  out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">length L</text>\n", px(left + unit * b.l / 2),
                     px(bottom_y + 18));
  out += fmt::format("<text text-anchor=\"middle\" transform=\"translate({} {}) rotate(-90)\">channels C</text>\n",
                     px(left - 9), px(y0 + unit * b.c / 2));
  out += fmt::format("<text x=\"{}\" y=\"{}\">samples N</text>\n", px(left + unit * (b.l + depth_x * b.n / 2) + 6),
                     px(bottom_y - back / 2 + 14));
  return out + svg::close;
}

std::string block_panels(const CellBlock& b, int width) {
  check(b);
  const double title = b.title.empty() ? 24 : 50, gap = 22, left = 24;
  const double unit = std::min(34.0, ((width - left - gap * (b.n - 1)) / b.n) / b.l);
  std::string out = svg::open(width, static_cast<int>(title + unit * b.c + 26), b.title);
  if (!b.title.empty()) out += fmt::format("<text class=\"t\" x=\"0\" y=\"18\">{}</text>\n", svg::escape(b.title));
  for (int n = 0; n < b.n; ++n) {
    const double x0 = left + n * (unit * b.l + gap);
    out += fmt::format("<text class=\"k\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">sample {}</text>\n",
                       px(x0 + unit * b.l / 2), px(title - 8), n);
    for (int c = 0; c < b.c; ++c)
      for (int l = 0; l < b.l; ++l) {
        const int g = group_at(b, n, c, l);
        out += fmt::format("<g><rect{} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"2\"/>", cell_fill(g),
                           px(x0 + l * unit), px(title + c * unit), px(unit), px(unit));
        // The number says what the colour says.
        if (g >= 0 && unit >= 15)
          out += fmt::format(
              "<text class=\"m\" style=\"font-size:{}px\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
              px(std::min(12.0, unit * 0.48)), px(x0 + (l + 0.5) * unit), px(title + (c + 0.5) * unit + 4), g);
        out += cell_note(b, n, c, l) + "</g>\n";
      }
    out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">length</text>\n", px(x0 + unit * b.l / 2),
                       px(title + unit * b.c + 17));
  }
  out += fmt::format("<text text-anchor=\"middle\" transform=\"translate(14 {}) rotate(-90)\">channels</text>\n",
                     px(title + unit * b.c / 2));
  return out + svg::close;
}

}  // namespace ex
