// A lesson in normalization: one batch of real heartbeats through every layer, as a page.
//
//   ./run norms
//
// 1  batch.h                  the batch: beats, and channels made from them
// 2  sharing.h                which cells share statistics, asked of each layer through its gradient
// 3  changes.h, training.h    what changes when neighbours, gain, offset or the mode change
// 4  numerics.h               rounding, and what gradients do
// 5  lesson.h, chapters_*.cpp the words and pictures around these numbers
#include <chrono>
#include <cstdio>
#include <string>

#include "lesson.h"
#include "support/args.h"
#include "support/files.h"

int main(int argc, char** argv) {
  std::string out = "out/norms";
  std::int64_t seed = 1;
  ex::Args args("./run norms",
                "A lesson in normalization: writes a page on what each layer does to a batch of real heartbeats.");
  args.option("out", out, "folder of the page and its pictures")
      .option("seed", seed, "chooses the beats", 0, 1'000'000'000);
  args.parse_or_exit(argc, argv);
  try {
    const auto start = std::chrono::steady_clock::now();
    ex::make_folder(out);
    const norms::Lesson lesson = norms::make_lesson(static_cast<std::uint64_t>(seed));
    for (const auto& [name, svg] : lesson.pictures) ex::write_file(ex::join(out, name), svg);
    const std::string page = ex::join(out, "norms.html");
    ex::write_file(page, lesson.html);
    std::printf("%s (%zu kB) and %zu pictures in %.1f s\n", page.c_str(), lesson.html.size() / 1000,
                lesson.pictures.size(),
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  } catch (const eg::Error& e) {
    std::fprintf(stderr, "./run norms: %s\n", e.what());
    return 1;
  }
}
