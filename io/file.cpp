#include <eigengrad/io/file.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#if __has_include(<unistd.h>)
#include <fcntl.h>
#include <unistd.h>
#define EIGENGRAD_POSIX 1
#else
#define EIGENGRAD_POSIX 0
#endif

#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>

namespace eg::io {
namespace {

struct Close {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, Close>;

std::string reason() { return errno ? std::strerror(errno) : "unknown reason"; }

bool flush_to_disk(std::FILE* f) {
  if (std::fflush(f) != 0) return false;
#if EIGENGRAD_POSIX
  // Some file systems have no fsync; the data is then as safe as it can be.
  if (fsync(fileno(f)) != 0 && errno != EINVAL && errno != ENOTSUP) return false;
#endif
  return true;
}

// A rename is on the disk once its folder is. Best effort: not every file system lets a folder be synced.
void flush_folder([[maybe_unused]] const std::filesystem::path& folder) {
#if EIGENGRAD_POSIX
  const int fd = open(folder.empty() ? "." : folder.c_str(), O_RDONLY);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
#endif
}

// A name of this process alone, so two programs that write the same file do not mix their bytes.
std::string temporary_name(const std::string& path) {
#if EIGENGRAD_POSIX
  return path + ".tmp" + std::to_string(getpid());
#else
  return path + ".tmp";
#endif
}

}  // namespace

std::string read_file(const std::string& path, std::int64_t max_bytes) {
  errno = 0;
  File f(std::fopen(path.c_str(), "rb"));
  if (!f) fail<FileError>("read_file", "cannot open '{}': {}", path, reason());
  std::string bytes;
  const auto limit = static_cast<std::size_t>(max_bytes < 0 ? 0 : max_bytes);
  std::size_t step = 64 * 1024;
  for (;;) {
    const std::size_t old = bytes.size();
    bytes.resize(old + step);
    const std::size_t got = std::fread(bytes.data() + old, 1, step, f.get());
    bytes.resize(old + got);
    if (bytes.size() > limit)
      fail<FileError>("read_file", "expected at most {} bytes in '{}', got more; raise max_bytes if that is meant",
                      limit, path);
    if (got < step) break;
    if (step < (std::size_t{16} << 20)) step *= 2;
  }
  if (std::ferror(f.get())) fail<FileError>("read_file", "cannot read '{}': {}", path, reason());
  return bytes;
}

void write_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = temporary_name(path);
  errno = 0;
  std::FILE* f = std::fopen(temporary.c_str(), "wb");
  if (!f) fail<FileError>("write_file", "cannot write '{}': {}", path, reason());
  std::string why;
  if (std::fwrite(bytes.data(), 1, bytes.size(), f) != bytes.size() || !flush_to_disk(f)) why = reason();
  if (std::fclose(f) != 0 && why.empty()) why = reason();
  std::error_code ec;
  if (why.empty()) {
    std::filesystem::rename(temporary, path, ec);
    if (!ec) return flush_folder(std::filesystem::path(path).parent_path());
    why = ec.message();
  }
  std::filesystem::remove(temporary, ec);
  fail<FileError>("write_file", "cannot write '{}': {}", path, why);
}

}  // namespace eg::io
