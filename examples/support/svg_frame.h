#pragma once
// What the charts share: the look, numbers as text, axes.
#include <string>
#include <string_view>
#include <vector>

#include "svg.h"

namespace ex::svg {

std::string escape(std::string_view text);
/// Short text of a coordinate: two decimals at most.
std::string px(double v);
/// Short text of a value for people: 4 significant digits.
std::string value(double v);
/// A round step for about `count` ticks on [low, high]: 1, 2 or 5 times a power of ten.
double nice_step(double low, double high, int count);

/// Least and greatest of finite values; empty() while none came.
struct Extent {
  double low = 1, high = -1;
  bool empty() const { return low > high; }
  void add(double v, bool positive_only = false);
};

/// Opens `<svg>` with title and style; `close` ends it.
std::string open(int width, int height, const std::string& title);
inline constexpr const char* close = "</svg>\n";

/// The plot's rectangle with axes, and the way from values to points.
class Frame {
 public:
  /// `legend`: name and colour number of each entry. Room is left at the right for `right` points.
  Frame(const ChartOptions& o, Extent x, Extent y, const std::vector<std::pair<std::string, int>>& legend,
        double right = 0);
  double x(double v) const { return left_ + (v - x0_) / (x1_ - x0_) * (right_ - left_); }
  double y(double v) const;
  /// Whether the point can be drawn.
  bool shows(double vx, double vy) const;
  double left() const { return left_; }
  double right() const { return right_; }
  double top() const { return top_; }
  double bottom() const { return bottom_; }
  double x_low() const { return x0_; }
  double x_high() const { return x1_; }
  /// Opening of the drawing: title, legend, grid, axes and their labels, and a clip path `clip()` of the rectangle.
  const std::string& head() const { return head_; }
  std::string clip() const;

 private:
  void draw_x(const ChartOptions& o);
  void draw_y(const ChartOptions& o);
  void draw_legend(const std::vector<std::pair<std::string, int>>& legend, double at);
  double x0_, x1_, y0_, y1_;
  bool log_, down_ = false;
  double left_, right_, top_, bottom_;
  int id_;
  std::string head_;
};

}  // namespace ex::svg
