// The work of a net: multiply-adds of its layers as they are written, zeros of the padding included. Biases, norms and
// activations are not counted. Convolutions with fewer multiplications than that can pass the limit made of it.
#pragma once
#include <eigengrad/eigengrad.h>

namespace bench {

/// 1e9 floating-point operations, two a multiply-add, of a forward pass: all layers, the first, the last.
/// A backward pass costs a layer the same once for its weights, and once more for its input where that needs a gradient.
struct Gflop {
  double all = 0, first = 0, last = 0;
};

/// Takes a copy of the net, whose hooks leave with it.
template <class Net> Gflop gflop(Net net, const eg::Tensor& x) {
  Gflop sum;
  const auto count = [&](eg::nn::Module& layer, const eg::Tensor& in, const eg::Tensor& out) {
    for (const auto& [name, w] : layer.named_parameters()) {
      if (name != "weight" || w.dim() < 2) continue;  // a norm's has one axis
      // w [out, in / groups, taps...]: an output is the sum of as many products as one w[i] holds.
      // Transposed, w [in, out / groups, taps...]: so many an input.
      const bool transposed = dynamic_cast<eg::nn::ConvTranspose1d*>(&layer);
      sum.last = 2e-9 * double((transposed ? in : out).numel()) * double(w.numel() / w.size(0));
      if (sum.all == 0) sum.first = sum.last;
      sum.all += sum.last;
    }
  };
  for (const auto& [name, layer] : net.named_modules()) layer->register_forward_hook(count);
  eg::NoGrad guard;
  net(x);
  return sum;
}

}  // namespace bench
