#include "progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#if __has_include(<sys/ioctl.h>) && __has_include(<unistd.h>)
#include <sys/ioctl.h>
#include <unistd.h>
#define EX_TERMINAL 1
#else
#define EX_TERMINAL 0
#endif

namespace ex {
namespace {

std::string_view environment(const char* name) {
  const char* v = std::getenv(name);
  return v ? v : "";
}

bool is_terminal([[maybe_unused]] std::FILE* f) {
#if EX_TERMINAL
  return isatty(fileno(f)) == 1 && environment("TERM") != "dumb";
#else
  return false;
#endif
}

int terminal_width([[maybe_unused]] std::FILE* f) {
#if EX_TERMINAL
  winsize w{};
  if (ioctl(fileno(f), TIOCGWINSZ, &w) == 0 && w.ws_col > 0) return w.ws_col;
#endif
  return 80;
}

bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view v = environment(name);
    if (!v.empty())
      return v.find("UTF-8") != std::string_view::npos || v.find("utf8") != std::string_view::npos ||
             v.find("UTF8") != std::string_view::npos;
  }
  return false;
}

std::string joined(const Fields& fields) {
  std::string s;
  for (const auto& [name, value] : fields) s += fmt::format("  {} {:.4g}", name, value);
  return s;
}

std::string rate(double per_second) {
  if (!(per_second > 0)) return "";
  if (per_second >= 10) return fmt::format("  {:.0f} steps/s", per_second);
  return fmt::format("  {:.2g} steps/s", per_second);
}

}  // namespace

std::string duration(double seconds) {
  if (!(seconds >= 0)) return "?";
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  if (seconds > 1e9) return "?";
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

Progress::Progress(std::string label, std::int64_t total, std::int64_t done, Options options)
    : label_(std::move(label)),
      total_(std::max<std::int64_t>(total, 0)),
      first_(done),
      done_(done),
      next_line_(done + 1),
      options_(options),
      terminal_(options.terminal.value_or(is_terminal(options.out))),
      unicode_(utf8_locale()),
      start_(Clock::now()) {}

Progress::~Progress() { clear(); }

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

double Progress::speed() const {
  const double s = seconds();
  return s > 0 ? static_cast<double>(done_ - first_) / s : 0;
}

void Progress::update(std::int64_t done, const Fields& fields) {
  done_ = done;
  if (terminal_) {
    const auto now = Clock::now();
    if (drawn_ && done < total_ && now - last_draw_ < std::chrono::milliseconds(67)) return;
    last_draw_ = now;
    draw(fields);
    return;
  }
  if (done < next_line_ && done < total_) return;
  const double v = speed();
  std::string line =
      fmt::format("{} {}/{} ({:.0f} %){}", label_, done, total_,
                  total_ ? 100.0 * static_cast<double>(done) / static_cast<double>(total_) : 100.0, joined(fields));
  // One step says nothing about speed: its time holds all warming up.
  if (done - first_ > 1) line += rate(v);
  if (done - first_ > 1 && done < total_ && v > 0)
    line += fmt::format("  {} left", duration(static_cast<double>(total_ - done) / v));
  fmt::print(options_.out, "{}\n", line);
  std::fflush(options_.out);
  const std::int64_t tenth = std::max<std::int64_t>(1, (total_ + 9) / 10);
  next_line_ = (done / tenth + 1) * tenth;
}

// label  ━━━━━━━━━━──────  43 %  860/2000  critic 0.61  generator 0.9  41 steps/s  0:28 left
void Progress::draw(const Fields& fields) {
  const auto width =
      static_cast<std::size_t>(std::max(1, (options_.width > 0 ? options_.width : terminal_width(options_.out)) - 1));
  const double part = total_ ? std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0) : 1.0;
  const double v = speed();
  std::string head = label_, count = fmt::format("{:3.0f} %  {}/{}", std::floor(100 * part), done_, total_);
  std::string left =
      v > 0 && done_ < total_ ? fmt::format("  {} left", duration(static_cast<double>(total_ - done_) / v)) : "";
  std::string pace = rate(v), values = joined(fields);
  // The least useful part goes first where the terminal is narrow.
  constexpr std::size_t least_bar = 10, gaps = 4;
  const auto room = [&] {
    return head.size() + count.size() + left.size() + pace.size() + values.size() + gaps + least_bar;
  };
  for (std::string* s : {&pace, &head, &values, &left})
    if (room() > width) s->clear();
  const std::size_t used = room() - least_bar;
  const std::size_t bar = width > used ? std::min<std::size_t>(width - used, 40) : 0;
  const auto full = static_cast<std::size_t>(part * static_cast<double>(bar));
  std::string drawn;
  for (std::size_t i = 0; i < bar; ++i) drawn += unicode_ ? (i < full ? "━" : "─") : (i < full ? "=" : "-");
  std::string line = head.empty() ? "" : head + "  ";
  line += drawn;
  if (bar) line += "  ";
  line += count;
  if (line.size() - drawn.size() + bar > width) line = count.substr(0, width);
  line += values + pace + left;
  fmt::print(options_.out, "\r{}\x1b[K", line);
  std::fflush(options_.out);
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", options_.out);
  std::fflush(options_.out);
  drawn_ = false;
}

void Progress::message(const std::string& text) {
  clear();
  fmt::print(options_.out, "{}\n", text);
  std::fflush(options_.out);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  clear();
  const std::int64_t n = done_ - first_;
  fmt::print(options_.out, "{}: {} step{} in {}{}\n", label_, n, n == 1 ? "" : "s", duration(seconds()), rate(speed()));
  std::fflush(options_.out);
}

}  // namespace ex
