#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>
#include <eigengrad/io/file.h>
#include <eigengrad/io/wav.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "files.h"

using namespace eg;
using namespace eg::io;

namespace {

void put(std::string& s, std::uint32_t v, int bytes) {
  for (int i = 0; i < bytes; ++i) s += static_cast<char>(v >> (8 * i) & 0xff);
}

std::string wave(int tag, int channels, int bits, const std::string& data, const std::string& before_data = "") {
  std::string f;
  put(f, static_cast<std::uint32_t>(tag), 2);
  put(f, static_cast<std::uint32_t>(channels), 2);
  put(f, 8000, 4);
  put(f, static_cast<std::uint32_t>(8000 * channels * bits / 8), 4);
  put(f, static_cast<std::uint32_t>(channels * bits / 8), 2);
  put(f, static_cast<std::uint32_t>(bits), 2);
  std::string s = "RIFF";
  put(s, static_cast<std::uint32_t>(36 + before_data.size() + data.size()), 4);
  s += "WAVEfmt ";
  put(s, 16, 4);
  s += f + before_data + "data";
  put(s, static_cast<std::uint32_t>(data.size()), 4);
  return s + data;
}

std::string refusal(const std::string& bytes) {
  try {
    parse_wav(bytes, "x.wav");
  } catch (const FileError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("wav: the smallest, middle and largest value of every integer width") {
  using Samples = std::vector<float>;
  CHECK(parse_wav(wave(1, 1, 8, std::string("\x00\x80\xff", 3)), "x").samples == Samples{-1, 0, 127.0f / 128});
  CHECK(parse_wav(wave(1, 1, 16, std::string("\x00\x80\x00\x00\xff\x7f", 6)), "x").samples ==
        Samples{-1, 0, 32767.0f / 32768});
  CHECK(parse_wav(wave(1, 1, 24, std::string("\x00\x00\x80\xff\xff\xff\xff\xff\x7f", 9)), "x").samples ==
        Samples{-1, -1.0f / 8388608, 8388607.0f / 8388608});
  CHECK(parse_wav(wave(1, 1, 32, std::string("\x00\x00\x00\x80\x00\x00\x00\x40", 8)), "x").samples ==
        Samples{-1, 0.5f});
}

TEST_CASE("wav: stereo, other chunks and their padding byte") {
  std::string list = "LIST";
  put(list, 3, 4);
  list += std::string("abc\0", 4);
  const Wav w = parse_wav(wave(1, 2, 16, std::string("\x00\x40\x00\xc0", 4), list), "x");
  CHECK(w.channels == 2);
  CHECK(w.sample_rate == 8000);
  CHECK(w.frames() == 1);
  CHECK(w.samples == std::vector<float>{0.5f, -0.5f});
}

TEST_CASE("wav: extensible format") {
  std::string f;
  for (auto [v, n] :
       {std::pair{0xFFFEu, 2}, {1u, 2}, {8000u, 4}, {16000u, 4}, {2u, 2}, {16u, 2}, {22u, 2}, {16u, 2}, {4u, 4}})
    put(f, v, n);
  f += std::string("\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 16);
  std::string s = "RIFF";
  put(s, 0xFFFFFFFF, 4);
  s += "WAVEfmt ";
  put(s, 40, 4);
  s += f + "data";
  put(s, 2, 4);
  s += std::string("\x00\x40", 2);
  CHECK(parse_wav(s, "x").samples == std::vector<float>{0.5f});
  s[20 + 26] = 1;  // another GUID
  CHECK(refusal(s) == "read_wav: expected an extensible format of integer PCM or float in 'x.wav', got another");
}

TEST_CASE("wav: round trips") {
  TemporaryFolder dir;
  Wav w{44100, 2, {0, -1, 0.5f, 32767.0f / 32768, 0.1f, -0.3f}};
  write_wav(dir / "f.wav", w, WavFormat::float32);
  const Wav f = read_wav(dir / "f.wav");
  CHECK(f.samples == w.samples);
  CHECK(f.sample_rate == 44100);
  CHECK(f.channels == 2);

  write_wav(dir / "p.wav", w);
  const std::string bytes = read_file(dir / "p.wav");
  const Wav p = read_wav(dir / "p.wav");
  for (std::size_t i = 0; i < w.samples.size(); ++i) CHECK(std::abs(p.samples[i] - w.samples[i]) <= 0.5f / 32768);
  write_wav(dir / "p.wav", p);
  CHECK(read_file(dir / "p.wav") == bytes);

  write_wav(dir / "c.wav", {8000, 1, {2.0f, -2.0f}});
  CHECK(read_wav(dir / "c.wav").samples == std::vector<float>{32767.0f / 32768, -1});
  write_wav(dir / "e.wav", {8000, 1, {}});
  CHECK(read_wav(dir / "e.wav").samples.empty());
}

TEST_CASE("wav: a shipped clip returns to the same bytes") {
  TemporaryFolder dir;
  const std::string path = EIGENGRAD_SOURCE_DIR "/data/audio/guitar_em9_16k.wav";
  const Wav w = read_wav(path);
  CHECK(w.sample_rate == 16000);
  CHECK(w.samples.size() == 160000);
  write_wav(dir / "g.wav", w);
  CHECK(read_file(dir / "g.wav") == read_file(path));
}

TEST_CASE("wav: refusals name the file and what is wrong") {
  CHECK(refusal("") == "read_wav: expected a RIFF WAVE file, got 'x.wav' (0 bytes, starting '')");
  CHECK(refusal(wave(1, 3, 16, "")) == "read_wav: expected 1 or 2 channels in 'x.wav', got 3");
  CHECK(refusal(wave(1, 0, 16, "")) == "read_wav: expected 1 or 2 channels in 'x.wav', got 0");
  CHECK(refusal(wave(3, 1, 64, "")) ==
        "read_wav: expected integer PCM of 8, 16, 24 or 32 bits or 32-bit float in 'x.wav', got format tag 3 with 64 "
        "bits; "
        "convert the file to 16-bit PCM");
  CHECK(refusal(wave(1, 1, 16, "abc")) == "read_wav: expected whole frames of 2 bytes in 'x.wav', got 3 bytes of data");
  CHECK(refusal(wave(3, 1, 32, std::string("\x00\x00\xc0\x7f", 4))) ==
        "read_wav: expected finite samples in 'x.wav', got nan at sample 0");
  CHECK(refusal(wave(1, 1, 16, "").substr(0, 36)) == "read_wav: expected a data chunk in 'x.wav', got none");
  std::string huge = wave(1, 1, 16, "ab");
  huge[40] = huge[41] = huge[42] = huge[43] = '\xff';
  CHECK(refusal(huge) ==
        "read_wav: expected 4294967295 bytes in chunk 'data' of 'x.wav', got 2; the file is cut short or damaged");
  CHECK_THROWS_WITH_AS(read_wav("no/such.wav"), "read_file: cannot open 'no/such.wav': No such file or directory",
                       FileError);
  CHECK_THROWS_AS(read_file("/"), FileError);
}

TEST_CASE("wav: any damage to a header is read or refused, never more") {
  for (const auto& good : {wave(1, 1, 16, "abcd"), wave(1, 2, 24, "abcdef"), wave(3, 1, 32, std::string(8, '\0'))})
    CHECK(refused_damage(good, 44, [](std::string_view b) { parse_wav(b, "x"); }) > 3000);
}

TEST_CASE("wav: writing checks its input first") {
  TemporaryFolder dir;
  CHECK_THROWS_AS(write_wav(dir / "a.wav", {8000, 3, {0, 0, 0}}), ValueError);
  CHECK_THROWS_AS(write_wav(dir / "a.wav", {0, 1, {0}}), ValueError);
  CHECK_THROWS_AS(write_wav(dir / "a.wav", {8000, 2, {0}}), ValueError);
  CHECK_THROWS_AS(write_wav(dir / "a.wav", {8000, 1, {std::numeric_limits<float>::infinity()}}), ValueError);
  CHECK(std::filesystem::is_empty(dir.path));
  CHECK_THROWS_AS(write_wav(dir / "no/a.wav", {8000, 1, {0}}), FileError);
}
