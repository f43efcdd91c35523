#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eg::io {

/// Sound in memory.
struct Wav {
  int sample_rate = 16000;     ///< frames per second
  int channels = 1;            ///< 1 or 2
  std::vector<float> samples;  ///< frames x channels, interleaved; full scale is [-1, 1]

  std::int64_t frames() const { return static_cast<std::int64_t>(samples.size()) / (channels > 0 ? channels : 1); }
};

/// How samples are stored in a file.
enum class WavFormat { pcm16, float32 };

/// Reads a RIFF WAVE file: mono or stereo; integer PCM of 8, 16, 24 or 32 bits, or 32-bit float.
/// Shapes    samples [frames * channels], interleaved
/// Units     an integer v of b bits becomes v / 2^(b-1), exactly for b <= 24; floats are kept as they are and may
///           exceed 1
/// Errors    FileError naming the file where it cannot be read, is no WAVE file, is cut short, contradicts itself,
/// holds
///           another format, or holds a sample that is not finite
/// Cost      memory is bounded by the file's size, whatever its header claims
/// Source    Microsoft, Multiple Channel Audio Data and WAVE Files (WAVE_FORMAT_EXTENSIBLE is understood)
Wav read_wav(const std::string& path);

/// The same from bytes in memory; `name` stands for the file in errors.
Wav parse_wav(std::string_view bytes, const std::string& name);

/// Writes a WAVE file, as one step (see write_file).
/// Units     pcm16 stores round(32768 x), clamped to the range of 16 bits: what read_wav got from 16 bits returns to
///           the same bits. float32 stores x
/// Errors    ValueError for a sample rate < 1, channels other than 1 or 2, a partial frame, or a sample that is not
///           finite; FileError where the file cannot be written or would exceed 4 GiB
void write_wav(const std::string& path, const Wav& wav, WavFormat format = WavFormat::pcm16);

}  // namespace eg::io
