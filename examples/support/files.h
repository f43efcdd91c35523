#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <eigengrad/io/file.h>

namespace ex {

using eg::io::read_file;   ///< the whole file, at most max_bytes; FileError
using eg::io::write_file;  ///< as one step: a kill at any time leaves the old or the new file whole; FileError

/// Makes the folder and those above it. Errors: FileError where a file is in the way or the place cannot be written.
void make_folder(const std::string& path);
bool file_exists(const std::string& path);
/// "folder/name".
std::string join(const std::string& folder, const std::string& name);

/// A table that grows while a program trains: a row of numbers for each step, readable at every moment.
///   ex::MetricsFile metrics("out/metrics.csv", {"loss_d", "loss_g"}, resume ? checkpoint_step : std::nullopt);
///   metrics.append(step, {loss_d, loss_g});
class MetricsFile {
 public:
  /// A new file with the header "step,<columns>". With `resume_after`, the file that is there is continued: rows after
  /// that step, and a last row that was cut short, are dropped.
  /// Errors    FileError where it cannot be written or, on a resume, has other columns
  MetricsFile(const std::string& path, const std::vector<std::string>& columns,
              std::optional<std::int64_t> resume_after = {});
  /// Adds a row and hands it to the system at once.
  void append(std::int64_t step, std::span<const double> values);
  void append(std::int64_t step, std::initializer_list<double> values) {
    append(step, std::span<const double>(values.begin(), values.size()));
  }

 private:
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  std::string path_;
  std::size_t columns_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace ex
