// The main program of both sides: options, Google Benchmark, lines of
// `workload <tab> threads <tab> microseconds by the clock <tab> microseconds of this thread's processor time`.
//   --threads=N      threads of the kernels (1)
//   --min-time=S     least length of a measurement in seconds (0.05)
//   --table          Google Benchmark's own output instead of the lines
//   --benchmark_...  Google Benchmark's options: filter, repetitions ...
#include "workload.h"

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

namespace bench {
namespace {

int threads = 1;
double min_time = 0.05;
std::map<std::string, double> units;  // calls are divided by these

// One workload is alive at a time: Google Benchmark enters a workload several times, to find how many calls are enough.
std::string current_name;
Call current;

void warm_up() {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(min_time / 2);
  do current();
  while (Clock::now() < end);
}

struct Lines : benchmark::BenchmarkReporter {
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& r : runs)
      if (r.run_type == Run::RT_Iteration) {
        const std::string& name = r.run_name.function_name;
        std::printf("%s\t%d\t%.6g\t%.6g\n", name.c_str(), threads, r.GetAdjustedRealTime() / units[name],
                    r.GetAdjustedCPUTime() / units[name]);
      }
    std::fflush(stdout);
  }
};

}  // namespace

void add(const std::string& name, Maker make, double per) {
  units[name] = per;
  benchmark::RegisterBenchmark(name.c_str(), [name, make, per](benchmark::State& state) {
    if (current_name != name) {
      current = nullptr;  // frees the one before first
      current = make();
      current_name = name;
      warm_up();
    }
    for (auto _ : state) current();
    state.counters["each"] =
        benchmark::Counter(per, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  })->Unit(benchmark::kMicrosecond)->UseRealTime()->MinTime(min_time);
}

}  // namespace bench

int main(int argc, char** argv) {
  bool table = false;
  std::vector<char*> rest;
  for (int i = 0; i < argc; ++i) {
    const char* a = argv[i];
    if (std::strncmp(a, "--threads=", 10) == 0) bench::threads = std::atoi(a + 10);
    else if (std::strncmp(a, "--min-time=", 11) == 0) bench::min_time = std::atof(a + 11);
    else if (std::strcmp(a, "--table") == 0) table = true;
    else rest.push_back(argv[i]);
  }
  if (bench::threads < 1 || !(bench::min_time > 0)) {
    std::fprintf(stderr, "%s: expected --threads=N and --min-time=SECONDS, both above 0\n", argv[0]);
    return 2;
  }
  bench::set_threads(bench::threads);
  bench::add_overhead();
  bench::add_norms();
  bench::add_convolutions();
  bench::add_products();
  bench::add_gans();
  bench::add_style();
  bench::add_limits();
  int count = static_cast<int>(rest.size());
  benchmark::Initialize(&count, rest.data());
  if (benchmark::ReportUnrecognizedArguments(count, rest.data())) return 2;
  bench::Lines lines;
  table ? benchmark::RunSpecifiedBenchmarks() : benchmark::RunSpecifiedBenchmarks(&lines);
  bench::current = nullptr;
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const double resident = static_cast<double>(use.ru_maxrss) / 1024;
  std::printf("resident MB\t%d\t%.1f\t%.1f\n", bench::threads, resident, resident);
}
