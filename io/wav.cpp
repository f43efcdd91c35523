#include <eigengrad/io/wav.h>

#include <algorithm>
#include <cmath>

#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/io/file.h>

#include "detail/bytes.h"

namespace eg::io {
namespace {

using detail::load;
using detail::shown;

constexpr std::uint16_t tag_pcm = 1, tag_float = 3, tag_extensible = 0xFFFE;
constexpr std::uint32_t max_sample_rate = 1'000'000;

struct Format {
  std::uint16_t tag, channels, block, bits;
  std::uint32_t sample_rate;
};

// The `fmt ` chunk: tag, channels, rate, bytes a second, bytes a frame, bits [, extension].
Format parse_format(std::string_view chunk, const std::string& name) {
  if (chunk.size() < 16)
    fail<FileError>("read_wav", "expected a format chunk of at least 16 bytes in '{}', got {}", name, chunk.size());
  Format f{load<std::uint16_t>(chunk, 0), load<std::uint16_t>(chunk, 2), load<std::uint16_t>(chunk, 12),
           load<std::uint16_t>(chunk, 14), load<std::uint32_t>(chunk, 4)};
  if (f.tag == tag_extensible) {
    // The real tag opens a GUID, whose other 14 bytes are fixed.
    static constexpr std::string_view guid("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
    if (chunk.size() < 40 || chunk.substr(26, 14) != guid)
      fail<FileError>("read_wav", "expected an extensible format of integer PCM or float in '{}', got another", name);
    f.tag = load<std::uint16_t>(chunk, 24);
  }
  const bool known = (f.tag == tag_pcm && (f.bits == 8 || f.bits == 16 || f.bits == 24 || f.bits == 32)) ||
                     (f.tag == tag_float && f.bits == 32);
  if (!known)
    fail<FileError>(
        "read_wav",
        "expected integer PCM of 8, 16, 24 or 32 bits or 32-bit float in '{}', got format tag {} with {} bits; "
        "convert the file to 16-bit PCM",
        name, f.tag, f.bits);
  if (f.channels != 1 && f.channels != 2)
    fail<FileError>("read_wav", "expected 1 or 2 channels in '{}', got {}", name, f.channels);
  if (f.sample_rate < 1 || f.sample_rate > max_sample_rate)
    fail<FileError>("read_wav", "expected a sample rate from 1 to {} in '{}', got {}", max_sample_rate, name,
                    f.sample_rate);
  if (f.block != f.channels * f.bits / 8)
    fail<FileError>("read_wav", "expected {} bytes a frame in '{}', got {}", f.channels * f.bits / 8, name, f.block);
  return f;
}

float sample(std::string_view data, std::size_t at, const Format& f) {
  switch (f.bits) {
    case 8:
      return static_cast<float>(static_cast<int>(load<std::uint8_t>(data, at)) - 128) / 128.0f;
    case 16:
      return static_cast<float>(load<std::int16_t>(data, at)) / 32768.0f;
    case 24: {
      const std::uint32_t u = static_cast<std::uint32_t>(load<std::uint16_t>(data, at)) |
                              static_cast<std::uint32_t>(load<std::uint8_t>(data, at + 2)) << 16;
      const auto v = static_cast<std::int32_t>(u) - ((u & 0x800000u) ? 0x1000000 : 0);
      return static_cast<float>(v) / 8388608.0f;
    }
    default:
      if (f.tag == tag_float) return load<float>(data, at);
      return static_cast<float>(load<std::int32_t>(data, at) / 2147483648.0);
  }
}

Wav decode(std::string_view data, const Format& f, const std::string& name) {
  if (data.size() % f.block != 0)
    fail<FileError>("read_wav", "expected whole frames of {} bytes in '{}', got {} bytes of data", f.block, name,
                    data.size());
  const std::size_t width = f.bits / 8;
  Wav wav{static_cast<int>(f.sample_rate), f.channels, std::vector<float>(data.size() / width)};
  for (std::size_t i = 0; i < wav.samples.size(); ++i) {
    wav.samples[i] = sample(data, i * width, f);
    if (!std::isfinite(wav.samples[i]))
      fail<FileError>("read_wav", "expected finite samples in '{}', got {} at sample {}", name, wav.samples[i], i);
  }
  return wav;
}

}  // namespace

Wav parse_wav(std::string_view bytes, const std::string& name) {
  if (bytes.size() < 12 || bytes.substr(0, 4) != "RIFF" || bytes.substr(8, 4) != "WAVE")
    fail<FileError>("read_wav", "expected a RIFF WAVE file, got '{}' ({} bytes, starting '{}')", name, bytes.size(),
                    shown(bytes.substr(0, 12)));
  Format format{};
  bool have_format = false;
  // The size in the RIFF header is ignored, as programs that write to a pipe leave it unset; each chunk must fit.
  for (std::size_t at = 12; at < bytes.size();) {
    if (bytes.size() - at < 8) fail<FileError>("read_wav", "'{}' ends inside a chunk's header, at byte {}", name, at);
    const std::string_view id = bytes.substr(at, 4);
    const std::size_t size = load<std::uint32_t>(bytes, at + 4);
    at += 8;
    if (size > bytes.size() - at)
      fail<FileError>("read_wav", "expected {} bytes in chunk '{}' of '{}', got {}; the file is cut short or damaged",
                      size, shown(id), name, bytes.size() - at);
    const std::string_view chunk = bytes.substr(at, size);
    if (id == "fmt ") {
      if (have_format) fail<FileError>("read_wav", "expected one format chunk in '{}', got two", name);
      format = parse_format(chunk, name);
      have_format = true;
    } else if (id == "data") {
      if (!have_format) fail<FileError>("read_wav", "expected a format chunk before the data in '{}', got none", name);
      return decode(chunk, format, name);
    }
    at += size;
    if (size % 2 == 1 && at < bytes.size()) ++at;  // chunks start at even bytes
  }
  fail<FileError>("read_wav", "expected a data chunk in '{}', got none", name);
}

Wav read_wav(const std::string& path) { return parse_wav(read_file(path), path); }

void write_wav(const std::string& path, const Wav& wav, WavFormat format) {
  if (wav.channels != 1 && wav.channels != 2)
    fail<ValueError>("write_wav", "expected 1 or 2 channels, got {}", wav.channels);
  if (wav.sample_rate < 1 || wav.sample_rate > static_cast<int>(max_sample_rate))
    fail<ValueError>("write_wav", "expected a sample rate from 1 to {}, got {}", max_sample_rate, wav.sample_rate);
  if (wav.samples.size() % static_cast<std::size_t>(wav.channels) != 0)
    fail<ValueError>("write_wav", "expected whole frames of {} channels, got {} samples", wav.channels,
                     wav.samples.size());
  const bool pcm = format == WavFormat::pcm16;
  const std::uint32_t width = pcm ? 2 : 4;
  if (wav.samples.size() > (0xFFFFFFFFu - 64) / width)
    fail<FileError>("write_wav", "'{}' would exceed 4 GiB, the limit of the format, with {} samples", path,
                    wav.samples.size());
  const auto size = static_cast<std::uint32_t>(wav.samples.size()) * width;
  const auto channels = static_cast<std::uint16_t>(wav.channels);
  const auto rate = static_cast<std::uint32_t>(wav.sample_rate);

  std::string out;
  out.reserve(44 + size);
  out += "RIFF";
  detail::append<std::uint32_t>(out, 36 + size);
  out += "WAVEfmt ";
  detail::append<std::uint32_t>(out, 16);
  detail::append<std::uint16_t>(out, pcm ? tag_pcm : tag_float);
  detail::append<std::uint16_t>(out, channels);
  detail::append<std::uint32_t>(out, rate);
  detail::append<std::uint32_t>(out, rate * channels * width);
  detail::append<std::uint16_t>(out, static_cast<std::uint16_t>(channels * width));
  detail::append<std::uint16_t>(out, static_cast<std::uint16_t>(width * 8));
  out += "data";
  detail::append<std::uint32_t>(out, size);
  for (std::size_t i = 0; i < wav.samples.size(); ++i) {
    const float x = wav.samples[i];
    if (!std::isfinite(x)) fail<ValueError>("write_wav", "expected finite samples, got {} at sample {}", x, i);
    if (pcm)
      detail::append(out, static_cast<std::int16_t>(std::clamp(std::nearbyint(x * 32768.0f), -32768.0f, 32767.0f)));
    else
      detail::append(out, x);
  }
  write_file(path, out);
}

}  // namespace eg::io
