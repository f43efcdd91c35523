#pragma once
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ex {

/// A report as one HTML file that needs nothing else: styles, pictures and scripts are inside. Light and dark,
/// printable, readable on a phone. All text is escaped; in running text `code` and **strong** are marked as here.
///   ex::Page page("Heartbeats", "A GAN trained on 498 beats");
///   page.section("Losses").text("...").figure(ex::line_chart(series), "Both losses").code(command);
///   ex::write_file("out/report.html", page.str());
class Page {
 public:
  explicit Page(std::string title, std::string subtitle = "")
      : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

  /// A heading; three or more make a list of contents.
  Page& section(const std::string& title);
  /// Paragraphs, parted by empty lines.
  Page& text(std::string_view text);
  /// A remark in a box.
  Page& note(std::string_view text);
  /// `markup` is SVG of ours, put in as it is.
  Page& figure(const std::string& markup, std::string_view caption = "");
  /// Figures side by side where there is room.
  Page& figures(const std::vector<std::string>& markups, std::string_view caption = "");
  Page& png(std::string_view bytes, std::string_view description, std::string_view caption = "");
  /// A player for a WAV file.
  Page& audio(std::string_view wav_bytes, std::string_view caption);
  /// Every cell is text; columns of numbers are aligned right.
  Page& table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
              std::string_view caption = "");
  /// A row of large numbers with what they are: {{"step", "2000"}, ...}.
  Page& facts(const std::vector<std::pair<std::string, std::string>>& facts);
  Page& code(std::string_view text);
  /// HTML of the caller's, put in as it is.
  Page& raw(std::string_view html);
  /// JavaScript of the caller's, run at the end of the page.
  Page& script(std::string_view javascript);

  std::string str() const;

 private:
  std::string title_, subtitle_, body_, scripts_;
  std::vector<std::string> sections_;
};

}  // namespace ex
