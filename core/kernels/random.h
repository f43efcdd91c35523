#pragma once
// Fills of raw memory with random numbers.
//
// Note [Random fills]
// A fill of n numbers takes ceil(n / per) groups of 16 Philox blocks from the generator, per = 64 where a number needs
// 32 random bits and 32 where it needs 64. Number i lies in group i / per; its place there tells its block and words.
// So the value of number i depends on (seed, offset, i) only: not on n, on chunks, on threads. The first numbers of a
// longer fill are those of a shorter one.
//   32 bits  place p of 64: block p % 16, word p / 16.           Normal: words 2 (p / 32) + {0, 1}; cos, then 16 sin
//   64 bits  place p of 32: block p % 16, words 2 (p / 16) + {0, 1}.  Normal: all four words; 16 cos, then 16 sin
// Same bits everywhere: only + - * / sqrt and integers, no libm, and CMake compiles the file with -ffp-contract=off,
// because a fused multiply-add rounds once where the written expression rounds twice.
#include <cstdint>

#include <eigengrad/core/random.h>

namespace eg::kernels {

/// Uniform in [low, high): low + (high - low) u, u a multiple of 2^-24 (float) or 2^-53 (double) in [0, 1).
/// T: float, double. Errors: ValueError unless low <= high and high - low is finite.
template <class T> void fill_uniform(T* out, std::int64_t n, T low, T high, Generator& g);

/// mean + std z, z standard normal by Box-Muller; within 4 ulp of the exact transform. |z| reaches 6.66 (float), 8.65
/// (double). T: float, double. Errors: ValueError unless std >= 0.
template <class T> void fill_normal(T* out, std::int64_t n, T mean, T std, Generator& g);

/// Integers in [low, high): high word of (64 random bits) x (high - low). A value's probability is off by less than
/// 2^-64, so the bias is (high - low) / 2^64 relative. Errors: ValueError unless low < high.
void fill_integers(std::int64_t* out, std::int64_t n, std::int64_t low, std::int64_t high, Generator& g);

/// `one` with probability p (in steps of 2^-32; 0 and 1 are exact), else 0. T: float, double, int64, bool.
/// Errors: ValueError unless 0 <= p <= 1.
template <class T> void fill_bernoulli(T* out, std::int64_t n, double p, T one, Generator& g);

/// 0 ... n - 1 in random order, by Fisher and Yates; serial.
void fill_permutation(std::int64_t* out, std::int64_t n, Generator& g);

}  // namespace eg::kernels
