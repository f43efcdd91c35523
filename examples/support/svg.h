#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ex {

/// Charts as SVG text. Each stands alone as a file and inlines into a page; colours are safe for colour-blind eyes and
/// follow light and dark mode; pointing at a mark shows its numbers. Values that are not finite are left out.
struct ChartOptions {
  std::string title = {}, x_label = {}, y_label = {};
  int width = 720, height = 300;
  bool log_y = false;  ///< positive values only; others are left out
  std::optional<std::pair<double, double>> x_range = {},
                                           y_range =
                                               {};  ///< unset: of the data; y from high to low: the axis runs down
};

/// A named line or cloud of points. An empty x counts 0, 1, 2, ...
struct Series {
  std::string name = {};
  std::vector<double> x = {}, y = {};
  int color = -1;       ///< 0-7; -1: its place in the list
  bool dashed = false;  ///< line charts
};
std::string line_chart(std::span<const Series> series, const ChartOptions& options = {});
std::string scatter(std::span<const Series> series, const ChartOptions& options = {});

/// Mean and standard deviation over time: a line in a band of +- std.
struct Band {
  std::string name = {};
  std::vector<double> x = {}, mean = {}, std = {};
};
std::string band_chart(std::span<const Band> bands, const ChartOptions& options = {});

/// Distributions over the same bins, as shares of each set so that sets of unequal size compare.
struct Sample {
  std::string name;
  std::vector<double> values;
};
std::string histogram(std::span<const Sample> samples, int bins, const ChartOptions& options = {});

/// Groups of small charts side by side under their names (real | generated), all on one scale.
struct SignalGroup {
  std::string name;
  std::vector<std::vector<double>> signals;
  std::vector<std::string> labels = {};  ///< under each signal, and its tooltip; or empty
};
struct GridOptions {
  std::string title = {};
  int columns = 4;  ///< a group
  int width = 720, cell_height = 64;
};
std::string signal_grid(std::span<const SignalGroup> groups, const GridOptions& options = {});

/// A picture of numbers: values[row * cols + col], row 0 at the top, or at the bottom with `upward` as in a
/// spectrogram.
struct HeatOptions {
  ChartOptions chart = {};  ///< x_range, y_range: what the axes say; unset: column and row numbers
  bool upward = false, diverging = false;
  std::optional<std::pair<double, double>> range =
      {};  ///< of the colours; unset: of the data (symmetric where diverging)
  std::string value_label = {};
};
std::string heat_map(std::span<const double> values, int rows, int cols, const HeatOptions& options = {});

/// An (N, C, L) block of cells, each coloured by the group it belongs to (-1: none): which cells share statistics.
struct CellBlock {
  int n = 1, c = 1, l = 1;
  std::vector<int> group = {};          ///< n * c * l numbers, order (n, c, l)
  std::vector<std::string> notes = {};  ///< tooltip of each group, or empty
  std::string title = {};
};
/// The block seen from a corner: samples go back, channels down, length to the right.
std::string block_isometric(const CellBlock& block, int width = 340);
/// Every cell: N panels of C x L.
std::string block_panels(const CellBlock& block, int width = 720);

}  // namespace ex
