#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace bench {

/// What is timed: one call.
using Call = std::function<void()>;
/// Makes the tensors and layers of a workload and returns its call. Runs once, when the workload's turn comes.
using Maker = std::function<Call()>;

/// Adds a workload. Times are shown in microseconds per call / `per`.
void add(const std::string& name, Maker make, double per = 1);

/// Keeps the compiler from dropping the work behind *p.
template <class T> void keep(T* p) { asm volatile("" : : "g"(p) : "memory"); }

// Of each of the two programs: the workloads of one group each, and the number of threads.
void set_threads(int n);
void add_overhead();      // a
void add_norms();         // b
void add_convolutions();  // c
void add_products();      // d
void add_gans();          // e, f, g
void add_style();         // h
void add_limits();        // of the machine; none in the libtorch program

/// Shapes of group b: N, C, L.
inline constexpr std::int64_t norm_shapes[][3] = {
    {32, 64, 100}, {16, 256, 100}, {1, 128, 50}, {8, 64, 16384}, {64, 32, 1024}};
/// Products of group d: M, K, N.
inline constexpr std::int64_t product_sizes[][3] = {{512, 512, 512}, {1024, 1024, 1024}, {64, 784, 512},
                                                    {128, 784, 512}, {128, 512, 784},    {64, 192, 100}};
inline std::string text(const std::int64_t (&s)[3]) {
  return std::to_string(s[0]) + "x" + std::to_string(s[1]) + "x" + std::to_string(s[2]);
}

}  // namespace bench
