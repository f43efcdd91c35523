#pragma once
// Little-endian numbers in untrusted bytes.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace eg::io::detail {

static_assert(std::endian::native == std::endian::little, "the file formats are little-endian; add byte swaps here");

/// The T at byte `at`; the caller has checked that at + sizeof(T) <= bytes.size().
template <class T>
T load(std::string_view bytes, std::size_t at) {
  T v;
  std::memcpy(&v, bytes.data() + at, sizeof(T));
  return v;
}

template <class T>
void append(std::string& bytes, T v) {
  const std::size_t at = bytes.size();
  bytes.resize(at + sizeof(T));
  std::memcpy(bytes.data() + at, &v, sizeof(T));
}

/// Untrusted text for an error message: at most 40 characters, anything unprintable as '?'.
inline std::string shown(std::string_view text) {
  std::string s(text.substr(0, 40));
  for (char& c : s)
    if (c < 0x20 || c > 0x7e) c = '?';
  if (text.size() > 40) s += "...";
  return s;
}

}  // namespace eg::io::detail
