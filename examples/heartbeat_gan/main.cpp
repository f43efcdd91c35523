// Trains a GAN on real heartbeats, and shows what it learnt.  ./run gan --help
#include <eigengrad/io/npy.h>
#include <eigengrad/io/safetensors.h>

#include <cstdio>

#include "nets.h"
#include "report.h"
#include "support/args.h"
#include "support/files.h"
#include "support/progress.h"

namespace {

struct Settings {
  std::int64_t steps = 1200, seed = 7, runs = 3, batch = 32;
  std::string out = "out/gan", data = EIGENGRAD_DATA_DIR "/ecg/ecg_beats_i16.npy";
  bool resume = false;

  /// What a checkpoint must have been made with to go on from it.
  std::string text() const {
    return "--steps " + std::to_string(steps) + " --seed " + std::to_string(seed) + " --runs " + std::to_string(runs) +
           " --batch " + std::to_string(batch);
  }
};

/// Half millivolts: about one standard deviation, so that both networks see numbers of a size they like.
constexpr double microvolts = 500;
constexpr std::int64_t checkpoint_every = 100;

/// Heartbeats [N, 1, 256] in half millivolts.
Tensor load_beats(const std::string& path) {
  const eg::io::Npy file = eg::io::read_npy(path);
  if (file.shape.size() != 2 || file.shape[1] != 256 || file.shape[0] < 2)
    throw eg::FileError("", path + ": expected an array [beats, 256]");
  const std::vector<float> values = file.to_float();
  return eg::tensor(std::span<const float>(values)).reshape({-1, 1, 256}) / microvolts;
}

// --- the checkpoint: everything the next step depends on -------------------------------------------------------------------
std::string checkpoint_path(const Settings& s) { return ex::join(s.out, "checkpoint.safetensors"); }

void save(const Settings& s, std::int64_t step, Game& game) {
  eg::io::TensorFile file;
  file.add("generator.", game.generator.state_dict());
  file.add("average.", game.average.state_dict());
  file.add("critic.", game.critic.state_dict());
  file.add("generator_step.", game.generator_step.state_dict());
  file.add("critic_step.", game.critic_step.state_dict());
  const eg::GeneratorState random = eg::default_generator().state();
  file.metadata = {{"step", std::to_string(step)}, {"settings", s.text()}, {"random_seed", std::to_string(random.seed)},
                   {"random_offset", std::to_string(random.offset)}};
  eg::io::write_safetensors(checkpoint_path(s), file);
}

std::int64_t load(const Settings& s, Game& game) {
  const eg::io::TensorFile file = eg::io::read_safetensors(checkpoint_path(s));
  if (file.text("settings") != s.text())
    throw eg::ValueError("--resume", "the checkpoint was made with " + std::string(file.text("settings")) + "; use the same, or another --out");
  game.generator.load_state_dict(file.under("generator."));
  game.average.load_state_dict(file.under("average."));
  game.critic.load_state_dict(file.under("critic."));
  game.generator_step.load_state_dict(file.under("generator_step."));
  game.critic_step.load_state_dict(file.under("critic_step."));
  eg::default_generator().set_state({std::stoull(std::string(file.text("random_seed"))), std::stoull(std::string(file.text("random_offset")))});
  return std::stoll(std::string(file.text("step")));
}

// --- the work ---------------------------------------------------------------------------------------------------------------
std::string sample_path(const Settings& s, std::int64_t run) {
  return ex::join(s.out, "generated_seed" + std::to_string(s.seed + run) + ".npy");
}

/// As many beats as there are real ones, in millivolts, from the averaged generator; noise of its own, not the training's.
void sample(const Settings& s, std::int64_t run, Game& game, std::int64_t count) {
  eg::NoGrad guard;
  eg::Generator noise(static_cast<std::uint64_t>(1'000'000 + s.seed + run));
  const Tensor beats = game.average(eg::randn({count, Generator::noise}, noise)) * (microvolts / 1000);
  eg::io::write_npy(sample_path(s, run), eg::io::make_npy({count, 256}, beats.data<float>()));
}

int train_and_report(const Settings& s) {
  const Tensor beats = load_beats(s.data);
  const std::int64_t total = s.steps * s.runs;
  ex::make_folder(s.out);

  std::int64_t step = 0;  // over all runs
  eg::manual_seed(static_cast<std::uint64_t>(s.seed));
  Game game;
  if (s.resume && ex::file_exists(checkpoint_path(s))) step = load(s, game);
  ex::MetricsFile metrics(ex::join(s.out, "metrics.csv"), {"seed", "critic", "generator", "penalty"},
                          s.resume ? std::optional(step) : std::nullopt);

  std::printf("%lld heartbeats, %lld training runs of %lld steps; generator %lld parameters, critic %lld\n",
              static_cast<long long>(beats.size(0)), static_cast<long long>(s.runs), static_cast<long long>(s.steps),
              static_cast<long long>(game.generator.num_parameters()), static_cast<long long>(game.critic.num_parameters()));
  ex::Progress progress("training", total, step);
  while (step < total) {
    if (step % s.steps == 0) {
      // Every run starts from its own seed, and from nothing else.
      eg::manual_seed(static_cast<std::uint64_t>(s.seed + step / s.steps));
      game = Game();
    }
    const Tensor chosen = eg::randint(0, beats.size(0), {s.batch});
    const Losses losses = game.step(beats.index_select(0, chosen));
    const std::int64_t run = step++ / s.steps;
    metrics.append(step, {static_cast<double>(s.seed + run), losses.critic, losses.generator, losses.penalty});
    progress.update(step, {{"seed", static_cast<double>(s.seed + run)}, {"critic", losses.critic}, {"generator", losses.generator}});
    if (step % s.steps == 0) sample(s, run, game, beats.size(0));
    if (step % checkpoint_every == 0 || step % s.steps == 0) save(s, step, game);
  }
  progress.finish();

  std::vector<Run> runs;
  for (std::int64_t run = 0; run < s.runs; ++run) {
    const std::vector<float> values = eg::io::read_npy(sample_path(s, run)).to_float();
    runs.push_back({s.seed + run, eg::tensor(std::span<const float>(values)).reshape({-1, 256})});
  }
  report(s.out, beats.reshape({-1, 256}) * (microvolts / 1000), runs, s.steps);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  ex::Args args("./run gan", "Trains a GAN with InstanceNorm1d on 498 real heartbeats and writes a report.");
  args.option("steps", s.steps, "training steps of each run", 1, 1'000'000)
      .option("seed", s.seed, "seed of the first run; the next runs take the next seeds", 0, 1'000'000'000)
      .option("runs", s.runs, "training runs, to see how much is luck", 1, 100)
      .option("batch", s.batch, "heartbeats a step", 2, 4096)
      .option("out", s.out, "folder of report.html, pictures, metrics.csv and the checkpoint")
      .option("data", s.data, "beats as a .npy array [beats, 256] of microvolts")
      .flag("resume", s.resume, "go on from the checkpoint in --out; gives the same bits as a run without a break");
  args.parse_or_exit(argc, argv);
  try {
    return train_and_report(s);
  } catch (const eg::ValueError& e) {
    std::fprintf(stderr, "./run gan: %s\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "./run gan: %s\n", e.what());
    return 1;
  }
}
