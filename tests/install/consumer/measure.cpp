// measure --best-of <n> --milliseconds <limit> [--megabytes <limit>] <program> [arguments]
// Runs the program n times; fails where the best run needs more processor time, or a run more memory, than the limit.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
  int runs = 1, at = 1;
  double max_ms = 1e9, max_mb = 1e9, ms = 1e9, mb = 0;
  for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
    const std::string option = argv[at];
    const double value = std::atof(argv[at + 1]);
    if (option == "--best-of") runs = static_cast<int>(value);
    if (option == "--milliseconds") max_ms = value;
    if (option == "--megabytes") max_mb = value;
  }
  if (at >= argc) return 2;
  for (int i = 0; i < runs; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      execvp(argv[at], argv + at);
      _exit(127);
    }
    int status = 0;
    rusage use{};
    wait4(child, &status, 0, &use);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return 3;
    const auto milliseconds = [](const timeval& t) { return 1e3 * static_cast<double>(t.tv_sec) + 1e-3 * static_cast<double>(t.tv_usec); };
    ms = std::min(ms, milliseconds(use.ru_utime) + milliseconds(use.ru_stime));
    mb = std::max(mb, static_cast<double>(use.ru_maxrss) / 1024);
  }
  std::printf("%s: best of %d runs %.1f ms, at most %.1f MB; limits %g ms, %g MB\n", argv[at], runs, ms, mb, max_ms, max_mb);
  return ms <= max_ms && mb <= max_mb ? 0 : 1;
}
