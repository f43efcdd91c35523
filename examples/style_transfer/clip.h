#pragma once
#include <string>
#include <vector>

#include "stft.h"

namespace style {

/// A recording and its spectrogram.
struct Clip {
  std::string name;
  int sample_rate = 0;
  Tensor signal;       ///< [T]
  Tensor spectrogram;  ///< [1, bins, frames], log magnitude; an even number of frames

  double seconds() const { return static_cast<double>(signal.numel()) / sample_rate; }
};

/// Reads "speech", "guitar", "tabla" or "synth" (the clips in data/audio), or the WAV file of that path: the mean of
/// its channels, at most the first 30 s.
/// Errors    FileError for a file that is no WAVE file or cannot be read; ValueError for a clip that is silent or
///           shorter than a second
Clip load_clip(const std::string& name, const Stft& stft);
/// A clip of a signal made here.
Clip make_clip(std::string name, int sample_rate, const Tensor& signal, const Stft& stft);
void save_clip(const std::string& path, const Clip& clip);

/// Largest |x| of a signal.
double peak(const Tensor& signal);
/// Loudness over time: the mean of the log magnitudes of each frame.
std::vector<double> loudness(const Clip& clip);
/// Correlation of two loudness curves of the same length, in [-1, 1]: 1 is the same rhythm.
double correlation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace style
