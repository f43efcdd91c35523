#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace bench {

/// What is timed: one call.
using Call = std::function<void()>;

/// A call, and how fast the machine could be: `amount` times as long as the workload "limit/<limit>" takes.
struct Workload {
  Call call;
  std::string limit;  // "": none
  double amount;
  Workload(Call c = nullptr, std::string limit_ = "", double amount_ = 1)
      : call(std::move(c)), limit(std::move(limit_)), amount(amount_) {}
};
/// Makes the tensors and layers of a workload. Runs once, when the workload's turn comes.
using Maker = std::function<Workload()>;

/// Adds a workload. Times are shown in microseconds per call / `per`.
void add(const std::string& name, Maker make, double per = 1);

/// Keeps the compiler from dropping the work behind *p.
template <class T> void keep(T* p) { asm volatile("" : : "g"(p) : "memory"); }

// Each program has its own. start: n threads, a seed, and one small operation, so that what every use of the library
// needs is in memory before the first workload.
void start(int n);
void add_workloads();

// What add_workloads calls: one group each.
void add_overhead();      // a
void add_norms();         // b
void add_convolutions();  // c
void add_products();      // d
void add_gans();          // e, f, g
void add_style();         // h
void add_limits();        // of the machine
void add_row_limits();    // of norms

/// Shapes of group b: N, C, L.
inline constexpr std::int64_t norm_shapes[][3] = {
    {32, 64, 100}, {16, 256, 100}, {1, 128, 50}, {8, 64, 16384}, {64, 32, 1024}};
/// Products of group d: M, K, N.
inline constexpr std::int64_t product_sizes[][3] = {{512, 512, 512}, {1024, 1024, 1024}, {64, 784, 512},
                                                    {128, 784, 512}, {128, 512, 784},    {64, 192, 100}};
/// Parameters of the two MLPs of group d: what Adam moves is measured at these sizes.
inline constexpr std::int64_t mlp_parameters[] = {4417, 535818};
inline std::string text(const std::int64_t (&s)[3]) {
  return std::to_string(s[0]) + "x" + std::to_string(s[1]) + "x" + std::to_string(s[2]);
}

}  // namespace bench
