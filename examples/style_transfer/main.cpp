// Style transfer between two sounds: what one clip does, in the sound of another.
//
//   ./run style --content speech --style tabla
//
// 1  clip.h, stft.h   the clips become log spectrograms: 257 frequency bins, a frame every 128 samples
// 2  networks.h       a random net that judges content and style; a net with instance normalization that is trained
// 3  transfer.h       training: random crops of the content, Gram matrices of the style
// 4  here             the whole clip through the trained net, Griffin-Lim for the phase, WAV, pictures and a report
#include <eigengrad/eigengrad.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "report.h"
#include "support/args.h"
#include "support/files.h"
#include "support/progress.h"

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void run(const std::string& content, const std::string& style_name, std::int64_t steps, std::int64_t seed,
         const std::string& out, const style::Options& options) {
  const auto start = Clock::now();
  const style::Stft stft(512, 128);
  style::Results r;
  r.content = style::load_clip(content, stft);
  r.style = style::load_clip(style_name, stft);
  if (r.content.sample_rate != r.style.sample_rate)
    throw eg::ValueError("", "expected two clips of one sample rate, got " + std::to_string(r.content.sample_rate) +
                                 " and " + std::to_string(r.style.sample_rate) + " Hz; please convert one of them");
  ex::make_folder(out);
  style::save_clip(ex::join(out, "content.wav"), r.content);
  style::save_clip(ex::join(out, "style.wav"), r.style);

  style::Transfer transfer(r.content.spectrogram, r.style.spectrogram, options);
  std::printf("content %s (%.1f s), style %s (%.1f s), %lld weights to train\n", r.content.name.c_str(),
              r.content.seconds(), r.style.name.c_str(), r.style.seconds(),
              static_cast<long long>(transfer.net.num_parameters()));
  ex::MetricsFile metrics(ex::join(out, "metrics.csv"), {"loss", "content", "style"});
  ex::Progress progress("training", steps);
  for (std::int64_t step = 1; step <= steps; ++step) {
    const style::Losses l = transfer.step();
    r.losses.push_back(l);
    metrics.append(step, {l.total, l.content, l.style});
    progress.update(step, {{"content", l.content}, {"style", l.style}});
  }
  progress.finish();
  r.training_seconds = since(start);

  // The whole clip at once, then its sound; what is measured below is that sound, not the net's wish.
  eg::Generator generator(static_cast<std::uint64_t>(seed));
  const eg::Tensor wanted = style::from_log_magnitude(transfer.restyle(r.content.spectrogram)).select(0, 0);
  eg::Tensor sound = stft.griffin_lim(wanted, 60, generator);
  sound = sound * std::min(1.0, 0.99 / style::peak(sound));
  r.result = style::make_clip(r.content.name + " as " + r.style.name, r.content.sample_rate, sound, stft);
  style::save_clip(ex::join(out, "result.wav"), r.result);

  const eg::Tensor &a = r.content.spectrogram, &b = r.style.spectrogram, &y = r.result.spectrogram;
  style::LossNet other(stft.bins(), options.filters, 7);
  r.gram_before = style::gram_distance(transfer.loss_net, a, b);
  r.gram_after = style::gram_distance(transfer.loss_net, y, b);
  r.other_before = style::gram_distance(other, a, b);
  r.other_after = style::gram_distance(other, y, b);
  r.content_after = style::content_distance(transfer.loss_net, y, a);
  r.content_of_style = style::content_distance(transfer.loss_net, b, a);
  r.rhythm_after = style::correlation(style::loudness(r.result), style::loudness(r.content));
  r.rhythm_of_style = style::correlation(style::loudness(r.style), style::loudness(r.content));
  r.command = "./run style --content " + content + " --style " + style_name + " --steps " + std::to_string(steps) +
              " --seed " + std::to_string(seed);

  for (const auto& [clip, name] :
       {std::pair{&r.content, "content.png"}, {&r.style, "style.png"}, {&r.result, "result.png"}})
    ex::write_file(ex::join(out, name), style::spectrogram_png(*clip));
  r.seconds = since(start);
  ex::write_file(ex::join(out, "report.html"), style::report_page(r, out));

  std::printf("Gram distance to the style     content %.3f -> result %.3f   (%.1f times closer)\n", r.gram_before,
              r.gram_after, r.gram_before / r.gram_after);
  std::printf("  by other random filters      content %.3f -> result %.3f   (%.1f times closer)\n", r.other_before,
              r.other_after, r.other_before / r.other_after);
  std::printf("feature distance to content    style   %.3f, result %.3f\n", r.content_of_style, r.content_after);
  std::printf("loudness as the content's      style   %.3f, result %.3f   (correlation over time)\n", r.rhythm_of_style,
              r.rhythm_after);
  std::printf("time %s; listen to %s, read %s\n", ex::duration(r.seconds).c_str(), ex::join(out, "result.wav").c_str(),
              ex::join(out, "report.html").c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::string content = "speech", style_name = "tabla", out = "out/style";
  std::int64_t steps = 500, seed = 1;
  style::Options options;
  ex::Args args("./run style",
                "Plays one sound in the style of another. A clip is speech, guitar, tabla, synth, or a WAV file.");
  args.option("content", content, "clip whose rhythm and phrases are kept")
      .option("style", style_name, "clip whose texture is taken")
      .option("steps", steps, "training steps", 1, 1'000'000)
      .option("seed", seed, "start of the random numbers", 0)
      .option("out", out, "folder of the results")
      .option("content-weight", options.content_weight, "weight of the content loss", 0)
      .option("style-weight", options.style_weight, "weight of the style loss", 0);
  args.parse_or_exit(argc, argv);
  options.seed = static_cast<std::uint64_t>(seed);
  try {
    run(content, style_name, steps, seed, out, options);
  } catch (const eg::Error& e) {
    std::fprintf(stderr, "style: %s\n", e.what());
    return 1;
  }
}
