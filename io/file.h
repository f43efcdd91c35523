#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace eg::io {

/// Largest file that the readers of this folder load unless told otherwise: 1 GiB.
inline constexpr std::int64_t max_file_bytes = std::int64_t{1} << 30;

/// The whole file as bytes. Memory grows with what is really there, never with what a header claims.
/// Errors    FileError where it cannot be opened or read, is a folder, or holds more than `max_bytes`
std::string read_file(const std::string& path, std::int64_t max_bytes = max_file_bytes);

/// Replaces the file as one step: the bytes go to a temporary file in the same folder, reach the disk, and take the
/// file's name. Killed at any moment, the old or the new file is there, whole.
/// Errors    FileError where the folder cannot be written or the disk is full; the old file is then untouched
void write_file(const std::string& path, std::string_view bytes);

}  // namespace eg::io
