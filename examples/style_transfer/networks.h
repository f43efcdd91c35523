#pragma once
#include <eigengrad/autograd/ops.h>
#include <eigengrad/nn/conv.h>
#include <eigengrad/nn/instance_norm.h>

#include <array>

namespace style {

namespace nn = eg::nn;
using eg::Tensor;

// All nets read a log spectrogram [N, bins, frames]: frequency bins are the channels, frames the length, so that a
// convolution sees all frequencies at once and slides along time.

/// Convolution, instance normalization, ReLU.
struct Block : nn::Module {
  nn::Conv1d conv;
  nn::InstanceNorm1d norm;

  Block(std::int64_t in, std::int64_t out, std::int64_t kernel, const nn::Conv1dOptions& options)
      : conv(in, out, kernel, options), norm(out, {.affine = true}) {}
  void visit(nn::Visitor& v) override { v("conv", conv)("norm", norm); }
  Tensor forward(const Tensor& x) override { return eg::relu(norm(conv(x))); }
};

/// h + norm(conv(block(h))): a change to h instead of a new h, which is easier to learn.
struct Residual : nn::Module {
  Block block;
  nn::Conv1d conv;
  nn::InstanceNorm1d norm;

  explicit Residual(std::int64_t channels)
      : block(channels, channels, 3, {.padding = 1}),
        conv(channels, channels, 3, {.padding = 1}),
        norm(channels, {.affine = true}) {}
  void visit(nn::Visitor& v) override { v("block", block)("conv", conv)("norm", norm); }
  Tensor forward(const Tensor& h) override { return h + norm(conv(block(h))); }
};

/// The net that is trained: spectrogram in, restyled spectrogram out, of the same (even) number of frames.
/// Source    Johnson, Alahi, Fei-Fei 2016, arXiv:1603.08155, with the norms of Ulyanov, Vedaldi, Lempitsky 2016,
///           arXiv:1607.08022, and one dimension instead of two
struct TransformNet : nn::Module {
  Block into;                                          // [N, 32, L]
  Block down{32, 64, 4, {.stride = 2, .padding = 1}};  // [N, 64, L / 2]
  Residual first{64}, second{64}, third{64};
  Block up{64, 32, 3, {.padding = 1}};  // after doubling every frame: [N, 32, L]
  nn::Conv1d out;                       // [N, bins, L]

  explicit TransformNet(std::int64_t bins) : into(bins, 32, 9, {.padding = 4}), out(32, bins, 9, {.padding = 4}) {}
  void visit(nn::Visitor& v) override {
    v("into", into)("down", down)("first", first)("second", second)("third", third)("up", up)("out", out);
  }
  Tensor forward(const Tensor& x) override {
    const Tensor h = third(second(first(down(into(x)))));
    return eg::relu(out(up(eg::upsample_nearest(h, {2}))));  // no loudness below silence
  }
};

/// What the two layers of a LossNet say: [N, filters, L] and [N, 64, L / 2].
using Features = std::array<Tensor, 2>;

/// The net that judges, never trained: random filters 11 frames long are enough to tell one sound texture from another.
/// Source    Ulyanov, Lebedev 2016, "Audio texture synthesis and style transfer"
struct LossNet : nn::Module {
  nn::Conv1d wide, deep;

  LossNet(std::int64_t bins, std::int64_t filters, std::uint64_t seed);
  void visit(nn::Visitor& v) override { v("wide", wide)("deep", deep); }
  Features features(const Tensor& x);
};

/// How often two filters answer together, for every pair of filters, averaged over time: G = f f^T / (C L).
/// [N, C, L] to [N, C, C]. When something sounds is lost in the sum over l: what is left is texture, or style.
Tensor gram(const Tensor& f);

/// |Gram(a) - Gram(b)| / |Gram(b)|, mean over the layers. a, b: spectrograms [1, bins, frames]; frames may differ.
double gram_distance(LossNet& net, const Tensor& a, const Tensor& b);
/// |f(a) - f(b)| / |f(b)| of the deep features, frame by frame; same frames.
double content_distance(LossNet& net, const Tensor& a, const Tensor& b);

}  // namespace style
