#pragma once
#include <cstdint>

namespace eg {

/// All there is to a Generator: save it, set it, and the same numbers follow.
struct GeneratorState {
  std::uint64_t seed = 0;
  std::uint64_t offset = 0;  ///< blocks of four 32-bit words used so far
  bool operator==(const GeneratorState&) const = default;
};

/// A stream of random numbers: Philox 4x32-10 with the seed as key and the offset as counter. Period: 2^64 blocks;
/// other seeds give independent streams. A fill first takes its range of blocks, then any thread may compute any part,
/// so the numbers are the same, bit for bit, on every platform, compiler and number of threads.
/// A Generator is a value: a copy continues with the same numbers as the original. Not for cryptography.
/// Threads   default_generator() may be used by several threads at once; which gets which numbers is then up to them.
///           Any other Generator belongs to one thread at a time.
/// Source    Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"
class Generator {
 public:
  static constexpr std::uint64_t default_seed = 67280421310721;

  explicit Generator(std::uint64_t seed = default_seed) : state_{seed, 0} {}
  Generator(const Generator& other) : state_(other.state()) {}
  Generator& operator=(const Generator& other) {
    set_state(other.state());
    return *this;
  }

  /// Starts the stream of another seed, at its beginning.
  void manual_seed(std::uint64_t seed) { set_state({seed, 0}); }
  GeneratorState state() const;
  void set_state(GeneratorState state);
  /// Takes the next `blocks` blocks of the stream; returns the state before.
  GeneratorState reserve(std::uint64_t blocks);

 private:
  GeneratorState state_;
};

/// The generator that functions use where none is given. One for the whole process; it starts at
/// Generator::default_seed, so a program that never seeds it is repeatable as well.
Generator& default_generator();
/// Resets the default generator to the beginning of the stream of `seed`.
void manual_seed(std::uint64_t seed);

}  // namespace eg
