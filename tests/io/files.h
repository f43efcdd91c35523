#pragma once
// A folder of its own for each test, removed at the end; and damage done to bytes.
#include <atomic>
#include <filesystem>
#include <string>
#include <string_view>

#include <eigengrad/core/error.h>

struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    static std::atomic<int> n{0};
    const auto base = std::filesystem::temp_directory_path();
    do path = base / ("eigengrad_test_" + std::to_string(n++));
    while (!std::filesystem::create_directory(path));
  }
  ~TemporaryFolder() {
    std::error_code ec;
    std::filesystem::remove_all(path, ec);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

/// Feeds `parse` every prefix of `good` and, for its first `header` bytes, every other value of each byte.
/// Each must be read or be refused with FileError; anything else (crash, other exception) fails. Returns the refusals.
template <class Parse>
int refused_damage(const std::string& good, std::size_t header, Parse parse) {
  int refused = 0;
  const auto feed = [&](std::string_view bytes) {
    try {
      parse(bytes);
    } catch (const eg::FileError&) {
      ++refused;
    }
  };
  for (std::size_t n = 0; n < good.size(); ++n) feed(std::string_view(good).substr(0, n));
  std::string bad = good;
  for (std::size_t i = 0; i < header; ++i) {
    for (int v = 0; v < 256; ++v) {
      bad[i] = static_cast<char>(v);
      if (bad[i] != good[i]) feed(bad);
    }
    bad[i] = good[i];
  }
  return refused;
}
