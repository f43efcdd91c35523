#pragma once
#include <eigengrad/autograd/tensor.h>
#include <eigengrad/core/random.h>

namespace style {

using eg::Tensor;

/// The short-time Fourier transform: which frequencies sound when. It needs no FFT, for it is a convolution of the
/// signal with fixed kernels, and the way back is the transposed convolution of the same kind.
///   re[k, l] =  sum_t w[t] x[l hop + t - n/2] cos(2 pi k t / n)        w: Hann window of n samples
///   im[k, l] = -sum_t w[t] x[l hop + t - n/2] sin(2 pi k t / n)        k = 0 ... n/2
/// The signal is continued by reflection at both ends, so frame l is centred on sample l hop.
class Stft {
 public:
  explicit Stft(std::int64_t n = 512, std::int64_t hop = 128);
  std::int64_t bins() const { return n_ / 2 + 1; }
  std::int64_t hop() const { return hop_; }

  /// [T], T > n/2, to [2, bins, T / hop + 1]: real and imaginary parts.
  Tensor forward(const Tensor& signal) const;
  /// [2, bins, frames] to [(frames - 1) hop]. Each frame is turned back and windowed once more, frames are added where
  /// they overlap, and the sum is divided by what the squared windows add up to: forward, then inverse, is the
  /// identity.
  Tensor inverse(const Tensor& spectrum) const;

  /// A signal whose spectrum has about this magnitude, [bins, frames]: the phase is found by going to the signal and
  /// back, keeping the phase of what returns and the magnitude that is wanted (Griffin, Lim 1984), with the momentum
  /// of Perraudin, Balazs, Sondergaard 2013. It starts from random phases.
  Tensor griffin_lim(const Tensor& magnitude, int iterations, eg::Generator& generator) const;

 private:
  std::int64_t n_, hop_;
  Tensor analysis_, synthesis_;  // [2 bins, 1, n]: kernels of conv1d and of conv_transpose1d
  Tensor squared_window_;        // [1, 1, n]
};

/// |spectrum|: [2, bins, frames] to [bins, frames].
Tensor magnitude(const Tensor& spectrum);
/// log(1 + 10 |spectrum|), near to how loud we hear it: 0 is silence. And back.
Tensor log_magnitude(const Tensor& spectrum);
Tensor from_log_magnitude(const Tensor& log_magnitude);

}  // namespace style
