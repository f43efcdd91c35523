#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace ex {

/// A zlib stream (RFC 1950) of one deflate block with fixed Huffman codes (RFC 1951). Repeats are found through a table
/// of the last place of each three bytes: small, fast enough for pictures, two to ten times smaller than the raw bytes.
std::string zlib_compress(std::string_view bytes);
std::uint32_t crc32(std::string_view bytes);
std::uint32_t adler32(std::string_view bytes);

}  // namespace ex
