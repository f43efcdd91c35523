// The main program of all sides: options, Google Benchmark, lines with tabs between
//   workload, threads, microseconds by the clock, of this thread's processor time, its limit, how often it counts
// and at the end the memory. compare.sh reads them.
//   --threads=N      threads of the kernels (1)
//   --min-time=S     least length of a measurement in seconds (0.05)
//   --table          Google Benchmark's own output instead of the lines
//   --benchmark_...  Google Benchmark's options: filter, repetitions ...
#include "workload.h"

#include <benchmark/benchmark.h>

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
Workload current;

void warm_up() {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(min_time / 2);
  do current.call();
  while (Clock::now() < end);
}

void print(const std::string& name, double wall, double cpu, const std::string& limit = "", double amount = 0) {
  std::printf("%s\t%d\t%.6g\t%.6g\t%s\t%.6g\n", name.c_str(), threads, wall, cpu, limit.c_str(), amount);
  std::fflush(stdout);
}

struct Lines : benchmark::BenchmarkReporter {
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& r : runs)
      if (r.run_type == Run::RT_Iteration) {
        const std::string& name = r.run_name.function_name;
        print(name, r.GetAdjustedRealTime() / units[name], r.GetAdjustedCPUTime() / units[name], current.limit, current.amount);
      }
  }
};

/// A line of Linux's account of this process in MB, 0 elsewhere. VmRSS: resident now, VmHWM: the most so far.
double memory(const char* what) {
  double kb = 0;
  if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
    char line[256];
    const std::size_t n = std::strlen(what);
    while (std::fgets(line, sizeof line, status))
      if (std::strncmp(line, what, n) == 0 && line[n] == ':') kb = std::atof(line + n + 1);
    std::fclose(status);
  }
  return kb / 1024;
}

}  // namespace

void add(const std::string& name, Maker make, double per) {
  units[name] = per;
  benchmark::RegisterBenchmark(name.c_str(), [name, make, per](benchmark::State& state) {
    if (current_name != name) {
      current = {};  // frees the one before, first
      current = make();
      current_name = name;
      warm_up();
    }
    for (auto _ : state) current.call();
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
  bench::start(bench::threads);
  bench::add_workloads();
  int count = static_cast<int>(rest.size());
  benchmark::Initialize(&count, rest.data());
  if (benchmark::ReportUnrecognizedArguments(count, rest.data())) return 2;
  bench::Lines lines;
  const double before = bench::memory("VmRSS");
  const std::size_t ran = table ? benchmark::RunSpecifiedBenchmarks() : benchmark::RunSpecifiedBenchmarks(&lines);
  bench::current = {};
  const double peak = bench::memory("VmHWM");
  if (ran == 0 || peak == 0) return 0;
  bench::print("resident memory, MB", peak, peak);
  bench::print("of which the work, MB", peak - before, peak - before);
}
