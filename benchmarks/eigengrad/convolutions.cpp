// Group c: convolutions with bias.
#include "layer.h"

namespace bench {

void add_convolutions() {
  using namespace eg::nn;
  layer("c/conv1d/32x64x100/64-64k3p1", {32, 64, 100}, [] { return Conv1d(64, 64, 3, {.padding = 1}); });
  layer("c/conv1d/16x128x1024/128-128k9p4", {16, 128, 1024}, [] { return Conv1d(128, 128, 9, {.padding = 4}); });
  layer("c/conv1d/8x1x16000/1-64k80s4", {8, 1, 16000}, [] { return Conv1d(1, 64, 80, {.stride = 4}); });
  layer("c/conv1d/32x32x128/32-64k4s2p1", {32, 32, 128}, [] { return Conv1d(32, 64, 4, {.stride = 2, .padding = 1}); });
  layer("c/conv1d/32x64x256/64-64k7p3g64", {32, 64, 256}, [] { return Conv1d(64, 64, 7, {.padding = 3, .groups = 64}); });
  layer("c/convt1d/32x64x64/64-32k4s2p1", {32, 64, 64},
        [] { return ConvTranspose1d(64, 32, 4, {.stride = 2, .padding = 1}); });
  layer("c/conv2d/8x16x64x64/16-32k3p1", {8, 16, 64, 64}, [] { return Conv2d(16, 32, 3, {.padding = 1}); });
}

}  // namespace bench
