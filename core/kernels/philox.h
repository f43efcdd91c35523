#pragma once
// Philox 4x32-10: ten rounds of multiplications turn a counter and a key into four random words. No state, so any
// block is computed at any time by any thread.
// Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3 and table 2.
#include <cstdint>

namespace eg::kernels {

namespace philox {
constexpr std::uint32_t m0 = 0xD2511F53, m1 = 0xCD9E8D57;  // multipliers
constexpr std::uint32_t w0 = 0x9E3779B9, w1 = 0xBB67AE85;  // key steps: golden ratio, sqrt(3) - 1
constexpr int rounds = 10;
}  // namespace philox

/// One block: c[4] is the counter and becomes the four random words.
inline void philox_block(std::uint32_t* c, std::uint32_t k0, std::uint32_t k1) {
  for (int r = 0; r < philox::rounds; ++r, k0 += philox::w0, k1 += philox::w1) {
    const std::uint64_t p0 = std::uint64_t{philox::m0} * c[0], p1 = std::uint64_t{philox::m1} * c[2];
    c[0] = static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0;
    c[1] = static_cast<std::uint32_t>(p1);
    c[2] = static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1;
    c[3] = static_cast<std::uint32_t>(p0);
  }
}

}  // namespace eg::kernels
