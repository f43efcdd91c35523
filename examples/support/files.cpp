#include "files.h"

#include <eigengrad/core/error.h>
#include <fmt/format.h>

#include <charconv>
#include <filesystem>

namespace ex {
namespace fs = std::filesystem;

void make_folder(const std::string& path) {
  std::error_code ec;
  fs::create_directories(path, ec);
  if (!ec && !fs::is_directory(path, ec)) ec = std::make_error_code(std::errc::not_a_directory);
  if (ec) throw eg::FileError("make_folder", fmt::format("cannot make '{}': {}", path, ec.message()));
}

bool file_exists(const std::string& path) {
  std::error_code ec;
  return fs::is_regular_file(path, ec);
}

std::string join(const std::string& folder, const std::string& name) { return (fs::path(folder) / name).string(); }

MetricsFile::MetricsFile(const std::string& path, const std::vector<std::string>& columns,
                         std::optional<std::int64_t> resume_after)
    : path_(path), columns_(columns.size()) {
  const std::string header = fmt::format("step,{}\n", fmt::join(columns, ","));
  std::string kept = header;
  if (resume_after && file_exists(path)) {
    const std::string old = read_file(path);
    if (old.rfind(header, 0) != 0)
      throw eg::FileError("metrics", fmt::format("expected '{}' to start with '{}'; was it written by another program?",
                                                 path, header.substr(0, header.size() - 1)));
    for (std::size_t at = header.size(), end; (end = old.find('\n', at)) != std::string::npos; at = end + 1) {
      std::int64_t step = 0;
      const auto [stop, ec] = std::from_chars(old.data() + at, old.data() + end, step);
      if (ec == std::errc() && *stop == ',' && step <= *resume_after) kept.append(old, at, end + 1 - at);
    }
  }
  write_file(path, kept);
  file_.reset(std::fopen(path.c_str(), "ab"));
  if (!file_) throw eg::FileError("metrics", fmt::format("cannot write '{}'", path));
}

void MetricsFile::append(std::int64_t step, std::span<const double> values) {
  if (values.size() != columns_)
    throw eg::ValueError("metrics", fmt::format("expected {} values, got {}", columns_, values.size()));
  std::string row = fmt::format("{}", step);
  for (double v : values) row += fmt::format(",{:.9g}", v);
  row += '\n';
  if (std::fwrite(row.data(), 1, row.size(), file_.get()) != row.size() || std::fflush(file_.get()) != 0)
    throw eg::FileError("metrics", fmt::format("cannot write '{}'; is the disk full?", path_));
}

}  // namespace ex
