#pragma once
#include <eigengrad/core/random.h>
#include <eigengrad/optim/adam.h>

#include "networks.h"

namespace style {

struct Options {
  std::int64_t batch = 2;      ///< crops a step
  std::int64_t crop = 256;     ///< frames a crop: 2 s
  std::int64_t filters = 512;  ///< wide random filters of the loss net
  double content_weight = 1, style_weight = 10;
  double lr = 1e-3;
  std::uint64_t seed = 1;  ///< of the transform net's start and the crops; the loss net is always the same
};

struct Losses {
  double total, content, style;
};

/// Trains a TransformNet so that what it makes of random crops of `content` keeps their deep features and takes the
/// Gram matrices of `style`. Both are log spectrograms [1, bins, frames]. Seeds the default generator.
class Transfer {
 public:
  Transfer(const Tensor& content, const Tensor& style, const Options& options);

  /// One step of training; its losses, relative to the size of their targets; style is the sum over two layers.
  Losses step();
  /// The trained net on a whole spectrogram of an even number of frames, a crop's length at a time.
  Tensor restyle(const Tensor& spectrogram);

  LossNet loss_net;
  TransformNet net;

 private:
  Tensor crops();

  Options options_;
  eg::Generator generator_;
  eg::optim::Adam adam_;
  Tensor content_;
  double content_scale_;               // 1 / mean square of the content's deep features
  std::array<Tensor, 2> style_gram_;   // [batch, C, C]
  std::array<double, 2> style_scale_;  // 1 / mean square of each
};

}  // namespace style
