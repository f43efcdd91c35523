#include "clip.h"

#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/ops.h>
#include <eigengrad/core/error.h>
#include <eigengrad/io/wav.h>

#include <algorithm>
#include <cmath>

namespace style {
namespace {

std::string path_of(const std::string& name) {
  const std::string folder = EIGENGRAD_DATA_DIR "/audio/";
  if (name == "speech") return folder + "speech_librivox_16k.wav";
  if (name == "guitar") return folder + "guitar_em9_16k.wav";
  if (name == "tabla") return folder + "tabla_percussion_16k.wav";
  if (name == "synth") return folder + "synth_garzul_16k.wav";
  return name;
}

}  // namespace

Clip make_clip(std::string name, int sample_rate, const Tensor& signal, const Stft& stft) {
  const Tensor log = log_magnitude(stft.forward(signal));
  return {std::move(name), sample_rate, signal, log.narrow(1, 0, log.size(1) / 2 * 2).unsqueeze(0).contiguous()};
}

Clip load_clip(const std::string& name, const Stft& stft) {
  const std::string path = path_of(name);
  const eg::io::Wav wav = eg::io::read_wav(path);
  const std::int64_t most = 30 * static_cast<std::int64_t>(wav.sample_rate);
  if (wav.frames() < std::max<std::int64_t>(wav.sample_rate, 64 * stft.hop()))
    throw eg::ValueError("", "expected at least a second of sound in '" + path + "'");
  const Tensor signal = eg::tensor(wav.samples).reshape({-1, wav.channels}).mean({1});
  if (peak(signal) < 1e-4) throw eg::ValueError("", "the clip '" + path + "' is silent");
  return make_clip(name, wav.sample_rate, signal.narrow(0, 0, std::min(most, wav.frames())), stft);
}

void save_clip(const std::string& path, const Clip& clip) {
  eg::io::write_wav(path, {clip.sample_rate, 1, clip.signal.to_vector<float>()});
}

double peak(const Tensor& signal) {
  double most = 0;
  for (const float v : signal.data<float>()) most = std::max(most, std::abs(static_cast<double>(v)));
  return most;
}

std::vector<double> loudness(const Clip& clip) { return clip.spectrogram.mean({0, 1}).to_vector<double>(); }

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const std::size_t n = std::min(a.size(), b.size());
  double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < n; ++i) sa += a[i], sb += b[i];
  for (std::size_t i = 0; i < n; ++i) {
    const double x = a[i] - sa / static_cast<double>(n), y = b[i] - sb / static_cast<double>(n);
    aa += x * x, bb += y * y, ab += x * y;
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace style
