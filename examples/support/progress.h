#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ex {

/// Name and value, e.g. {"loss", 0.69}.
using Fields = std::vector<std::pair<std::string, double>>;

/// Tells a person how a long run goes. On a terminal: one line that is redrawn at most 15 times a second and fits the
/// width. Elsewhere: a plain line at the first step and about every tenth of the way.
///   ex::Progress progress("training", steps, first_step);
///   for (...) progress.update(step, {{"critic", loss_d}, {"generator", loss_g}});
///   progress.finish();
class Progress {
 public:
  struct Options {
    std::FILE* out = stdout;
    std::optional<bool> terminal = {};  ///< unset: found out
    int width = 0;                      ///< columns; 0: the terminal's
  };
  /// Counts from `done` steps, as after a resume, to `total`.
  Progress(std::string label, std::int64_t total, std::int64_t done = 0)
      : Progress(std::move(label), total, done, Options()) {}
  Progress(std::string label, std::int64_t total, std::int64_t done, Options options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` steps are finished.
  void update(std::int64_t done, const Fields& fields = {});
  /// Prints a line of text above the bar.
  void message(const std::string& text);
  /// Removes the bar and prints a closing line with the time it took.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(const Fields& fields);
  void clear();
  double seconds() const;
  double speed() const;

  std::string label_;
  std::int64_t total_, first_, done_, next_line_;
  Options options_;
  bool terminal_, unicode_, drawn_ = false, finished_ = false;
  Clock::time_point start_, last_draw_{};
};

/// "850 ms", "7.4 s", "2:05", "1:02:05".
std::string duration(double seconds);

}  // namespace ex
