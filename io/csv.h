#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eg::io {

/// A table of numbers.
struct Csv {
  std::vector<std::string> header;  ///< one name a column, or empty
  std::int64_t rows = 0, cols = 0;
  std::vector<double> values;  ///< rows x cols, row by row

  double at(std::int64_t row, std::int64_t col) const { return values[static_cast<std::size_t>(row * cols + col)]; }
  /// A column by number. Errors: IndexError.
  std::vector<double> column(std::int64_t col) const;
  /// A column by its name in the header. Errors: ValueError listing the names.
  std::vector<double> column(std::string_view name) const;
};

struct CsvOptions {
  char delimiter = ',';
  std::optional<bool> header = {};  ///< unset: the first line is a header if one of its cells is no number
};

/// Reads a table of numbers: one row a line (LF or CRLF), the same number of cells in each, no quotes. Spaces around a
/// cell, empty lines and a UTF-8 byte order mark are skipped; nan and inf are numbers.
/// Errors    FileError naming the file, the line and the column where a cell is no number or out of double's range, or
/// a
///           line has another number of cells
/// Cost      memory is a small multiple of the file's size
Csv read_csv(const std::string& path, const CsvOptions& options = {});

/// The same from text in memory; `name` stands for the file in errors.
Csv parse_csv(std::string_view text, const std::string& name, const CsvOptions& options = {});

/// Writes the shortest text of each number that reads back as the same double, as one step (see write_file).
/// Errors    ShapeError where rows x cols is not the number of values or the header has another length; ValueError for
/// a
///           name that holds the delimiter, a quote or a line break; FileError
void write_csv(const std::string& path, const Csv& table, const CsvOptions& options = {});

}  // namespace eg::io
