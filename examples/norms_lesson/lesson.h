#pragma once
// The page: what the other files measured, in words and pictures.
#include <cstdio>
#include <utility>

#include "changes.h"
#include "numerics.h"
#include "sharing.h"
#include "support/html.h"
#include "training.h"

namespace norms {

struct Lesson {
  std::string html;
  std::vector<std::pair<std::string, std::string>> pictures;  ///< file name and SVG, those of the page
};
/// Runs everything on the beats that `seed` chooses.
Lesson make_lesson(std::uint64_t seed);

/// A page that remembers its pictures.
struct Book {
  ex::Page page;
  std::vector<std::pair<std::string, std::string>> pictures = {};

  void figure(const std::string& name, const std::string& svg, const std::string& caption) {
    pictures.emplace_back(name + ".svg", svg);
    page.figure(svg, caption);
  }
  void remember(const std::string& text) { page.note("**What to remember.** " + text); }
};

void write_sharing(Book& book, const Batch& batch);       // 1
void write_before_after(Book& book, const Batch& batch);  // 2
void write_neighbours(Book& book, const Batch& batch);    // 3
void write_gain(Book& book, const Batch& batch);          // 4
void write_training(Book& book, const Training& t);       // 5
void write_rounding(Book& book, const Batch& batch);      // 6
void write_gradients(Book& book, const Batch& batch);     // 7
void write_defaults(Book& book);                          // 8

/// printf into a string.
template <class... A>
std::string say(const char* format, A... values) {
  char out[1200];
  std::snprintf(out, sizeof out, format, values...);
  return out;
}
/// A number as people write it: 3 digits; 0 for an exact zero.
std::string num(double v);
/// "0.12 ± 1.00".
std::string pair(const Stats& s);
std::vector<double> places(std::size_t count, double first = 0, double step = 1);

}  // namespace norms
