#include "svg_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

namespace ex::svg {
namespace {

// Okabe and Ito's set (2008), darkened or lightened to stand out on white and on near black.
constexpr const char* light[8] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                  "#b07d00", "#3f9bd1", "#6b5fb5", "#5f6875"};
constexpr const char* dark[8] = {"#4ea8de", "#ff8a3d", "#2fc79a", "#e79ac6",
                                 "#e3b341", "#8fd0f5", "#a99cf0", "#a8b0bd"};

std::string make_style() {
  std::string s =
      ".egc{font:12.5px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
      "font-variant-numeric:tabular-nums}"
      ".egc text{fill:#5b6472}.egc .t{fill:#1b2330;font-weight:600;font-size:14px}.egc .k{fill:#303a48}"
      ".egc .g{stroke:#e7eaef;stroke-width:1}.egc .a{stroke:#aab2be;stroke-width:1}"
      ".egc .l{fill:none;stroke-width:1.7;stroke-linejoin:round;stroke-linecap:round}.egc .b{fill-opacity:.17}"
      ".egc .p{fill-opacity:.62}.egc .h rect{fill:transparent}.egc .h line{stroke:#7b8492;stroke-dasharray:3 "
      "3;opacity:0}"
      ".egc .h:hover line{opacity:.9}.egc .n{fill:#f6f7f9}.egc .e{stroke:#fff;stroke-width:1}"
      ".egc .m{fill:#fff;font-weight:600}.egc .z{fill:#dfe3e9}.egc .d{stroke-dasharray:6 4}";
  const auto colors = [](const char* const* set) {
    std::string c;
    for (int i = 0; i < 8; ++i) c += fmt::format(".egc .s{0}{{stroke:{1}}}.egc .f{0}{{fill:{1}}}", i, set[i]);
    return c;
  };
  s += colors(light);
  s += "@media screen and (prefers-color-scheme:dark){.egc text{fill:#9aa4b2}.egc .t{fill:#eef1f5}.egc .k{fill:#c9d0da}"
       ".egc .g{stroke:#2a313c}.egc .a{stroke:#596373}.egc .n{fill:#1d232c}.egc .e{stroke:#14181f}.egc .m{fill:#fff}"
       ".egc .z{fill:#333c49}.egc .b{fill-opacity:.24}.egc .h line{stroke:#9aa4b2}";
  return s + colors(dark) + "}";
}

// Digits behind the point that tell multiples of `step` apart.
int decimals(double step) { return std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 12); }

std::string tick_text(double v, double step, double largest) {
  if (std::abs(v) < step * 1e-9) return "0";
  if (largest >= 1e6 || largest < 1e-4) return fmt::format("{:.4g}", v);
  return fmt::format("{:.{}f}", v, decimals(step));
}

std::string power_text(double v) {
  return v >= 0.00099 && v < 99999 ? fmt::format("{:g}", v) : fmt::format("1e{}", std::lround(std::log10(v)));
}

void widen(Extent& e, double part) {
  if (e.empty()) e = {0, 1};
  const double size = e.high - e.low;
  const double by = size > 0 ? size * part : (e.low != 0 ? std::abs(e.low) * 0.1 : 1);
  e.low -= by;
  e.high += by;
}

// Estimated width of text in the charts' font.
double text_width(const std::string& s) { return 6.6 * static_cast<double>(s.size()); }

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
      out += c;
  }
  return out;
}

std::string px(double v) {
  std::string s = fmt::format("{:.2f}", v);
  while (s.back() == '0') s.pop_back();
  if (s.back() == '.') s.pop_back();
  return s == "-0" ? "0" : s;
}

std::string value(double v) { return fmt::format("{:.4g}", v); }

double nice_step(double low, double high, int count) {
  const double rough = (high - low) / std::max(count, 1);
  const double unit = std::pow(10, std::floor(std::log10(rough)));
  for (double k : {1.0, 2.0, 5.0})
    if (k * unit >= rough * 0.999) return k * unit;
  return 10 * unit;
}

void Extent::add(double v, bool positive_only) {
  if (!std::isfinite(v) || (positive_only && v <= 0)) return;
  if (empty()) low = high = v;
  low = std::min(low, v);
  high = std::max(high, v);
}

std::string open(int width, int height, const std::string& title) {
  static const std::string style = make_style();
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"egc\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "role=\"img\" aria-label=\"{2}\"><style>{3}</style>\n",
      width, height, escape(title.empty() ? "chart" : title), style);
}

double Frame::y(double v) const {
  const double part = ((log_ ? std::log10(v) : v) - y0_) / (y1_ - y0_);
  return down_ ? top_ + part * (bottom_ - top_) : bottom_ - part * (bottom_ - top_);
}

bool Frame::shows(double vx, double vy) const { return std::isfinite(vx) && std::isfinite(vy) && (!log_ || vy > 0); }

std::string Frame::clip() const { return fmt::format("clip-path=\"url(#egc{})\"", id_); }

Frame::Frame(const ChartOptions& o, Extent x, Extent y, const std::vector<std::pair<std::string, int>>& legend,
             double right)
    : log_(o.log_y) {
  static std::atomic<int> ids{0};
  id_ = ids++;
  if (o.x_range) x = {o.x_range->first, o.x_range->second};
  if (o.y_range) {
    down_ = o.y_range->first > o.y_range->second;
    y = {std::min(o.y_range->first, o.y_range->second), std::max(o.y_range->first, o.y_range->second)};
  }
  if (log_) {
    if (y.empty() || y.low <= 0) y = {1, 10};
    y = {std::log10(y.low), std::log10(y.high)};
  }
  if (!(x.high > x.low)) widen(x, 0);
  if (!(y.high > y.low)) widen(y, 0);
  if (!o.y_range) widen(y, 0.05);
  x0_ = x.low, x1_ = x.high, y0_ = y.low, y1_ = y.high;
  top_ = o.title.empty() ? 14 : 36;
  if (!legend.empty()) top_ += 22;
  bottom_ = o.height - (o.x_label.empty() ? 28 : 46);
  left_ = o.y_label.empty() ? 54 : 72;
  right_ = o.width - 16 - right;
  head_ = open(o.width, o.height, o.title);
  if (!o.title.empty())
    head_ += fmt::format("<text class=\"t\" x=\"{}\" y=\"20\">{}</text>\n", px(left_), escape(o.title));
  draw_y(o);
  draw_x(o);
  draw_legend(legend, top_ - 12);
  head_ += fmt::format("<clipPath id=\"egc{}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>\n", id_,
                       px(left_), px(top_), px(right_ - left_), px(bottom_ - top_));
}

void Frame::draw_x(const ChartOptions& o) {
  const double step = nice_step(x0_, x1_, static_cast<int>((right_ - left_) / 85));
  for (double k = std::ceil(x0_ / step - 1e-9); k * step <= x1_ + step * 1e-9; ++k)
    head_ += fmt::format(
        "<line class=\"a\" x1=\"{0}\" x2=\"{0}\" y1=\"{1}\" y2=\"{2}\"/><text x=\"{0}\" y=\"{3}\" "
        "text-anchor=\"middle\">{4}</text>\n",
        px(x(k * step)), px(bottom_), px(bottom_ + 4), px(bottom_ + 18),
        tick_text(k * step, step, std::max(std::abs(x0_), std::abs(x1_))));
  head_ += fmt::format("<line class=\"a\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>\n", px(left_), px(right_),
                       px(bottom_), px(bottom_));
  if (!o.x_label.empty())
    head_ += fmt::format("<text class=\"k\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                         px((left_ + right_) / 2), px(bottom_ + 37), escape(o.x_label));
}

void Frame::draw_y(const ChartOptions& o) {
  const auto line = [&](double at, const std::string& text) {
    head_ += fmt::format("<line class=\"g\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", px(left_), px(right_), px(at),
                         px(at));
    if (!text.empty())
      head_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", px(left_ - 8), px(at + 4), text);
  };
  if (log_ && y1_ - y0_ >= 0.7) {
    const int every = std::max(1, static_cast<int>(std::ceil((y1_ - y0_) / 7)));
    const bool between = y1_ - y0_ < 2;  // few powers of ten: also 2 and 5
    for (int p = static_cast<int>(std::floor(y0_)); p <= static_cast<int>(std::ceil(y1_)); ++p)
      for (double k : {1.0, 2.0, 5.0}) {
        const double v = k * std::pow(10, p);
        if ((k > 1 && !between) || p % every != 0 || std::log10(v) < y0_ || std::log10(v) > y1_) continue;
        line(y(v), power_text(v));
      }
  } else {
    // A log axis of less than a decade has ticks at round values all the same.
    const double low = log_ ? std::pow(10, y0_) : y0_, high = log_ ? std::pow(10, y1_) : y1_;
    const double step = nice_step(low, high, std::max(2, static_cast<int>((bottom_ - top_) / 32)));
    for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k)
      line(y(k * step), tick_text(k * step, step, std::max(std::abs(low), std::abs(high))));
  }
  if (!o.y_label.empty())
    head_ +=
        fmt::format("<text class=\"k\" text-anchor=\"middle\" transform=\"translate(16 {}) rotate(-90)\">{}</text>\n",
                    px((top_ + bottom_) / 2), escape(o.y_label));
}

void Frame::draw_legend(const std::vector<std::pair<std::string, int>>& legend, double at) {
  double x = left_;
  for (const auto& [name, color] : legend) {
    head_ += fmt::format(
        "<rect class=\"f{}\" x=\"{}\" y=\"{}\" width=\"14\" height=\"4\" rx=\"2\"/><text class=\"k\" x=\"{}\" "
        "y=\"{}\">{}</text>\n",
        color, px(x), px(at - 6), px(x + 20), px(at), escape(name));
    x += 20 + text_width(name) + 18;
  }
}

}  // namespace ex::svg
