// Time of a training step's share of InstanceNorm1d, forward and backward, against N, C and L, each over two decades.
//   scaling [picture.svg]     prints the table, and writes the picture where a path is given
#include <eigengrad/eigengrad.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>

#include "support/files.h"
#include "support/svg.h"

namespace {

constexpr std::int64_t start[] = {8, 16, 64};  // N, C, L
constexpr const char* letters[] = {"N", "C", "L"};
constexpr int doublings = 7;

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Least time of a call in microseconds, over 9 rounds of 10 ms or more.
template <class Call> double least_time(Call call) {
  double least = std::numeric_limits<double>::infinity();
  int calls = 1;
  for (int round = 0; round < 9;) {
    const double begin = seconds();
    for (int i = 0; i < calls; ++i) call();
    const double taken = seconds() - begin;
    if (taken < 0.01) {
      calls *= 2;
      continue;
    }
    least = std::min(least, taken / calls * 1e6);
    ++round;
  }
  return least;
}

double time_of(const std::int64_t (&size)[3]) {
  eg::Tensor x = eg::randn({size[0], size[1], size[2]});
  const eg::Tensor g = eg::randn_like(x);
  x.set_requires_grad();
  eg::nn::InstanceNorm1d norm(size[1], {.affine = true});
  return least_time([&] {
    norm.zero_grad();
    x.zero_grad();
    norm(x).backward(g);
  });
}

}  // namespace

int main(int argc, char** argv) {
  eg::set_num_threads(1);
  std::vector<ex::Series> lines;
  std::printf("| size | values |");
  for (const char* letter : letters) std::printf(" %s grows, us | ns a value |", letter);
  std::printf("\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
  for (const char* letter : letters) lines.push_back({letter + std::string(" grows")});
  for (int k = 0; k <= doublings; ++k) {
    const double values = std::ldexp(static_cast<double>(start[0] * start[1] * start[2]), k);
    std::printf("| %d x | %.0f |", 1 << k, values);
    for (std::size_t d = 0; d < 3; ++d) {
      std::int64_t size[] = {start[0], start[1], start[2]};
      size[d] <<= k;
      const double us = time_of(size);
      lines[d].x.push_back(k);
      lines[d].y.push_back(us);
      std::printf(" %.1f | %.3f |", us, us * 1e3 / values);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
  if (argc > 1)
    ex::write_file(argv[1], ex::line_chart(lines, {.title = "InstanceNorm1d, forward and backward, from [8, 16, 64] on",
                                                   .x_label = "doublings of N, C or L",
                                                   .y_label = "microseconds",
                                                   .log_y = true}));
}
