#pragma once
// 16 blocks of Philox at once, as vectors.
#include <cstdint>
#include <cstring>

#include "kernels/philox.h"
#include "kernels/simd.h"

namespace eg::kernels {
// Without a name outside the file: files may be compiled for different instruction sets, where vectors are passed
// differently.
namespace {

using u32x16 = Vec<std::uint32_t, 16>;
using u64x8 = Vec<std::uint64_t, 8>;

/// 16 consecutive blocks: lane k of word[j] is word j of block + k.
struct PhiloxGroup {
  static constexpr int blocks = 16;
  u32x16 word[4];

  /// Counter = {block low, block high, 0, 0}, key = {seed low, seed high}.
  PhiloxGroup(std::uint64_t seed, std::uint64_t block) {
    auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
#ifdef __AVX512F__
    const u32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    u32x16 c0 = lane + static_cast<std::uint32_t>(block), c2{}, c3{};
    u32x16 c1 = u32x16{} + static_cast<std::uint32_t>(block >> 32);
    c1 -= cast_bits<u32x16>(c0 < lane);  // the carry; true is -1
    for (int r = 0; r < philox::rounds; ++r, k0 += philox::w0, k1 += philox::w1) {
      const u32x16 h0 = high(c0, philox::m0), l0 = c0 * philox::m0;
      const u32x16 h1 = high(c2, philox::m1), l1 = c2 * philox::m1;
      c0 = h1 ^ c1 ^ k0, c1 = l1;
      c2 = h0 ^ c3 ^ k1, c3 = l0;
    }
    word[0] = c0, word[1] = c1, word[2] = c2, word[3] = c3;
#else
    // g++ 12 has no good code for a vector of 32 x 32 -> 64-bit products below AVX-512; scalar is 3 times faster.
    std::uint32_t out[4][blocks];
    for (int i = 0; i < blocks; ++i) {
      std::uint32_t c[4] = {static_cast<std::uint32_t>(block + i), static_cast<std::uint32_t>((block + i) >> 32), 0, 0};
      philox_block(c, k0, k1);
      for (int j = 0; j < 4; ++j) out[j][i] = c[j];
    }
    std::memcpy(word, out, sizeof word);
#endif
  }

  /// Lanes 8 h ... 8 h + 7 of words j (low half) and j + 1 (high half) as 64-bit words.
  u64x8 wide(int j, int h) const {
    const auto half = [h](u32x16 v) { return convert<u64x8>(h == 0 ? low_half(v) : high_half(v)); };
    return half(word[j]) | half(word[j + 1]) << 32;
  }

 private:
  static u32x16 high(u32x16 a, std::uint64_t m) {
    const u64x8 even = (cast_bits<u64x8>(a) & 0xffffffffu) * m, odd = (cast_bits<u64x8>(a) >> 32) * m;
    return cast_bits<u32x16>((even >> 32) | (odd & 0xffffffff00000000u));
  }
};

}  // namespace
}  // namespace eg::kernels
