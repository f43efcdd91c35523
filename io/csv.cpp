#include <eigengrad/io/csv.h>

#include <charconv>

#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/io/file.h>

#include "detail/bytes.h"

namespace eg::io {
namespace {

using detail::shown;

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\r')) s.remove_suffix(1);
  return s;
}

// Calls f(cell) for each cell of the line.
template <class F>
void each_cell(std::string_view line, char delimiter, F f) {
  for (;;) {
    const std::size_t end = line.find(delimiter);
    f(trim(line.substr(0, end)));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 1);
  }
}

std::errc number(std::string_view cell, double& v) {
  if (cell.size() > 1 && cell[0] == '+' && cell[1] != '-') cell.remove_prefix(1);
  const auto [end, ec] = std::from_chars(cell.data(), cell.data() + cell.size(), v);
  if (ec == std::errc() && end != cell.data() + cell.size()) return std::errc::invalid_argument;
  return ec;
}

}  // namespace

std::vector<double> Csv::column(std::int64_t col) const {
  if (col < 0 || col >= cols) fail<IndexError>("Csv::column", "expected a column from 0 to {}, got {}", cols - 1, col);
  std::vector<double> out(static_cast<std::size_t>(rows));
  for (std::int64_t r = 0; r < rows; ++r) out[static_cast<std::size_t>(r)] = at(r, col);
  return out;
}

std::vector<double> Csv::column(std::string_view name) const {
  std::string names;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == name) return column(static_cast<std::int64_t>(i));
    if (i) names += ", ";
    names += header[i];
  }
  fail<ValueError>("Csv::column", "expected one of the columns [{}], got '{}'", names, shown(name));
}

Csv parse_csv(std::string_view text, const std::string& name, const CsvOptions& options) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  Csv out;
  bool first = true;
  std::int64_t line_number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++line_number;
    if (trim(line).empty()) continue;
    bool is_header = false;
    if (first) {
      out.cols = 0;
      double v;
      each_cell(line, options.delimiter, [&](std::string_view cell) {
        ++out.cols;
        if (!cell.empty() && number(cell, v) == std::errc::invalid_argument) is_header = true;
      });
      is_header = options.header.value_or(is_header);
      first = false;
    }
    std::int64_t col = 0;
    each_cell(line, options.delimiter, [&](std::string_view cell) {
      ++col;
      if (col > out.cols) return;
      if (is_header) {
        out.header.emplace_back(cell);
        return;
      }
      double v = 0;
      const std::errc ec = number(cell, v);
      if (ec == std::errc::result_out_of_range)
        fail<FileError>("read_csv", "line {}, column {} of '{}': expected a number in double's range, got '{}'",
                        line_number, col, name, shown(cell));
      if (ec != std::errc())
        fail<FileError>("read_csv", "line {}, column {} of '{}': expected a number, got '{}'", line_number, col, name,
                        shown(cell));
      out.values.push_back(v);
    });
    if (col != out.cols)
      fail<FileError>("read_csv", "line {} of '{}': expected {} cells, as in the first line, got {}", line_number, name,
                      out.cols, col);
    if (!is_header) ++out.rows;
  }
  return out;
}

Csv read_csv(const std::string& path, const CsvOptions& options) { return parse_csv(read_file(path), path, options); }

void write_csv(const std::string& path, const Csv& t, const CsvOptions& options) {
  if (t.rows < 0 || t.cols < 0 || (t.cols > 0 && t.rows > static_cast<std::int64_t>(t.values.size())) ||
      static_cast<std::size_t>(t.rows * t.cols) != t.values.size())
    fail<ShapeError>("write_csv", "expected {} x {} values, got {}", t.rows, t.cols, t.values.size());
  if (!t.header.empty() && t.header.size() != static_cast<std::size_t>(t.cols))
    fail<ShapeError>("write_csv", "expected {} names in the header, got {}", t.cols, t.header.size());
  std::string out;
  for (std::size_t i = 0; i < t.header.size(); ++i) {
    const std::string& h = t.header[i];
    if (h.find_first_of("\"\r\n") != std::string::npos || h.find(options.delimiter) != std::string::npos)
      fail<ValueError>("write_csv", "expected a name without delimiter, quotes and line breaks, got '{}'", shown(h));
    out += h;
    out += i + 1 < t.header.size() ? options.delimiter : '\n';
  }
  char cell[32];
  for (std::int64_t r = 0; r < t.rows; ++r)
    for (std::int64_t c = 0; c < t.cols; ++c) {
      const auto [end, ec] = std::to_chars(cell, cell + sizeof cell, t.at(r, c));
      (void)ec;  // 32 characters hold any double
      out.append(cell, end);
      out += c + 1 < t.cols ? options.delimiter : '\n';
    }
  write_file(path, out);
}

}  // namespace eg::io
