#include "deflate.h"

#include <algorithm>
#include <array>
#include <vector>

namespace ex {
namespace {

class Bits {
 public:
  /// Low bit first, as deflate packs numbers.
  void put(std::uint32_t value, int count) {
    hold_ |= static_cast<std::uint64_t>(value) << held_;
    held_ += count;
    for (; held_ >= 8; held_ -= 8, hold_ >>= 8) out_ += static_cast<char>(hold_ & 0xff);
  }
  /// High bit first, as deflate packs Huffman codes.
  void put_code(std::uint32_t code, int count) {
    std::uint32_t reversed = 0;
    for (int i = 0; i < count; ++i) reversed |= (code >> i & 1u) << (count - 1 - i);
    put(reversed, count);
  }
  /// The fixed code of a literal (0-255), the end (256) or a length (257-287).
  void put_symbol(std::uint32_t s) {
    if (s < 144)
      put_code(0x30 + s, 8);
    else if (s < 256)
      put_code(0x190 + s - 144, 9);
    else if (s < 280)
      put_code(s - 256, 7);
    else
      put_code(0xC0 + s - 280, 8);
  }
  /// A repeat of `length` (3-258) bytes from `distance` (1-32768) bytes before.
  void put_repeat(std::uint32_t length, std::uint32_t distance) {
    // Codes come in groups of four (lengths) or two (distances) that share a number of extra bits.
    if (length == 258) {
      put_symbol(285);
    } else {
      std::uint32_t extra = 0, v = length - 3;
      while (v >> extra >= 8) ++extra;
      put_symbol(257 + 4 * extra + (v >> extra));
      put(v & ((1u << extra) - 1), static_cast<int>(extra));
    }
    std::uint32_t extra = 0, v = distance - 1;
    while (v >> extra >= 4) ++extra;
    put_code(2 * extra + (v >> extra), 5);
    put(v & ((1u << extra) - 1), static_cast<int>(extra));
  }
  std::string finish() {
    if (held_ > 0) put(0, 8 - held_);
    return std::move(out_);
  }

 private:
  std::string out_;
  std::uint64_t hold_ = 0;
  int held_ = 0;
};

std::string deflate(std::string_view s) {
  Bits bits;
  bits.put(1, 1);  // the last block
  bits.put(1, 2);  // fixed codes
  std::vector<std::size_t> last(1 << 15, std::string_view::npos);
  const auto hash = [&](std::size_t i) {
    const auto b = [&](std::size_t k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(s[i + k])); };
    return ((b(0) << 16 | b(1) << 8 | b(2)) * 2654435761u) >> 17;
  };
  for (std::size_t i = 0; i < s.size();) {
    std::size_t length = 0, distance = 0;
    if (i + 3 <= s.size()) {
      std::size_t& slot = last[hash(i)];
      if (slot != std::string_view::npos && i - slot <= 32768) {
        const std::size_t limit = std::min<std::size_t>(258, s.size() - i);
        while (length < limit && s[slot + length] == s[i + length]) ++length;
        distance = i - slot;
      }
      slot = i;
    }
    if (length < 3) {
      bits.put_symbol(static_cast<unsigned char>(s[i++]));
      continue;
    }
    bits.put_repeat(static_cast<std::uint32_t>(length), static_cast<std::uint32_t>(distance));
    for (const std::size_t end = i + length; ++i < end;)
      if (i + 3 <= s.size()) last[hash(i)] = i;
  }
  bits.put_symbol(256);
  return bits.finish();
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t n = 0; n < 256; ++n) {
      std::uint32_t c = n;
      for (int k = 0; k < 8; ++k) c = (c & 1u) ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      t[n] = c;
    }
    return t;
  }();
  std::uint32_t c = 0xFFFFFFFFu;
  for (char b : bytes) c = table[(c ^ static_cast<unsigned char>(b)) & 0xff] ^ (c >> 8);
  return ~c;
}

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1, b = 0;
  for (char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

std::string zlib_compress(std::string_view bytes) {
  std::string out("\x78\x01", 2);
  out += deflate(bytes);
  const std::uint32_t check = adler32(bytes);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(check >> shift & 0xff);
  return out;
}

}  // namespace ex
