// The parts of the style transfer program.
#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "style_transfer/clip.h"
#include "style_transfer/report.h"
#include "style_transfer/stft.h"
#include "style_transfer/transfer.h"

namespace {

using eg::Tensor;

double largest(const Tensor& t) {
  double most = 0;
  for (const double v : t.to_vector<double>()) most = std::max(most, std::abs(v));
  return most;
}

// A tone that swells twice a second: a spectrogram [1, bins, 128] with some structure.
Tensor swelling_tone(double hertz, const style::Stft& stft) {
  std::vector<float> x(128 * 128);
  for (std::size_t t = 0; t < x.size(); ++t) {
    const double s = static_cast<double>(t) / 16000;
    x[t] = static_cast<float>(0.5 * std::sin(6.28318530718 * hertz * s) * (1 - std::cos(12.5663706144 * s)));
  }
  return style::make_clip("tone", 16000, eg::tensor(x), stft).spectrogram;
}

}  // namespace

TEST_CASE("style: a signal returns from its short-time Fourier transform") {
  eg::Generator gen(3);
  for (const auto& [n, hop] : {std::pair{512, 128}, {64, 16}, {64, 32}}) {
    const style::Stft stft(n, hop);
    const Tensor x = eg::randn({hop * 40}, gen);
    const Tensor spectrum = stft.forward(x);
    CHECK(spectrum.shape() == eg::Shape{2, n / 2 + 1, 41});
    const Tensor y = stft.inverse(spectrum);
    REQUIRE(y.shape() == x.shape());
    CHECK(largest(y - x) < 1e-4);
  }
}

TEST_CASE("style: a tone of bin k has half the window's sum there, and nothing two bins away") {
  const style::Stft stft(64, 16);
  std::vector<float> x(640);
  for (std::size_t t = 0; t < x.size(); ++t)
    x[t] = static_cast<float>(std::cos(2 * 3.14159265358979 * 8 * static_cast<double>(t) / 64));
  const auto m = style::magnitude(stft.forward(eg::tensor(x))).select(1, 20).to_vector<double>();
  CHECK(m[8] == doctest::Approx(16).epsilon(1e-5));  // Hann: sum 32
  CHECK(m[7] == doctest::Approx(8).epsilon(1e-5));
  for (const std::size_t k : {0, 5, 6, 10, 32}) CHECK(m[k] < 1e-4);
}

TEST_CASE("style: Griffin-Lim finds a signal of the wanted magnitude") {
  const style::Stft stft(64, 16);
  eg::Generator gen(5);
  const Tensor wanted = style::magnitude(stft.forward(eg::randn({16 * 64}, gen)));
  const auto off = [&](int iterations) {
    eg::Generator start(6);
    const Tensor got = style::magnitude(stft.forward(stft.griffin_lim(wanted, iterations, start)));
    return ((got - wanted).square().sum().item<float>()) / wanted.square().sum().item<float>();
  };
  CHECK(off(60) < off(0) / 5);
}

TEST_CASE("style: Gram matrix of known features") {
  const Tensor f = eg::tensor({{{1., 2., 0.}, {0., 1., 3.}}});  // [1, 2, 3]
  const Tensor expected = eg::tensor({{{5., 2.}, {2., 10.}}}) * (1.0 / 6);
  CHECK(largest(style::gram(f) - expected) < 1e-7);
}

TEST_CASE("style: a few steps lower the loss, and the same seed gives the same losses") {
  const style::Stft stft(64, 128);
  const Tensor content = swelling_tone(700, stft), texture = swelling_tone(3000, stft);
  const auto run = [&] {
    style::Transfer transfer(content, texture, {.batch = 2, .crop = 64, .filters = 16, .seed = 4});
    std::vector<double> losses;
    for (int i = 0; i < 3; ++i) losses.push_back(transfer.step().total);
    CHECK(transfer.restyle(content).shape() == content.shape());
    return losses;
  };
  const auto losses = run();
  CHECK(losses[1] < losses[0]);
  CHECK(losses[2] < losses[1]);
  CHECK(losses == run());
}

TEST_CASE("style: distances are 0 to oneself; clips are checked") {
  const style::Stft stft(64, 128);
  const Tensor a = swelling_tone(700, stft), b = swelling_tone(3000, stft);
  style::LossNet net(stft.bins(), 16, 1);
  CHECK(style::gram_distance(net, a, a) == 0);
  CHECK(style::content_distance(net, a, a) == 0);
  CHECK(style::gram_distance(net, a, b) > 0.1);
  CHECK(style::correlation({1, 2, 3}, {10, 20, 30}) == doctest::Approx(1));
  CHECK_THROWS_AS(style::load_clip("data/ecg/README.md", stft), eg::FileError);
  CHECK_THROWS_AS(style::load_clip("no such clip", stft), eg::FileError);
}
