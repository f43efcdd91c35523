#include "kernels/conv.h"

#include <utility>
#include <vector>

#include "kernels/correlate.h"

namespace eg::kernels {
namespace {

/// Position of `phase` in the list, added where it is new.
std::int64_t find_phase(std::vector<CorrelatePhase>& phases, CorrelatePhase phase) {
  for (std::size_t i = 0; i < phases.size(); ++i)
    if (phases[i].h == phase.h && phases[i].w == phase.w) return static_cast<std::int64_t>(i);
  phases.push_back(phase);
  return static_cast<std::int64_t>(phases.size()) - 1;
}

CorrelateAxis forward_axis(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                           std::int64_t padding, std::int64_t dilation) {
  return {in, stride, -padding, out, (kernel - 1) * dilation / stride, out, 1};
}

// Note [Input gradient by phases]
// x at p gets w[k] g[l] from every tap and output with p = l stride + k dilation - padding. Write p + padding as
// t stride + f: taps with k dilation = j stride + f reach it, from l = t - j. So the positions of one f are a stride-1
// correlation of g with some of the taps; the results of the stride phases interleave.
CorrelateAxis backward_axis(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                            std::int64_t padding, std::int64_t dilation) {
  const std::int64_t shifts = (kernel - 1) * dilation / stride;
  const std::int64_t t0 = padding / stride, t1 = (in - 1 + padding) / stride;
  return {out, 1, t0 - shifts, t1 - t0 + 1, shifts, in, stride};
}

}  // namespace

template <class T>
void conv_forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* y) {
  if (s.n <= 0 || s.h_out <= 0 || s.w_out <= 0) return;
  const std::int64_t taps = s.kernel_h * s.kernel_w;
  Correlation c;
  c.n = s.n;
  c.groups = s.groups;
  c.channels = s.c_in / s.groups;
  c.rows = s.c_out / s.groups;
  c.w_channel = taps;
  c.w_row = c.channels * taps;
  c.w_group = c.rows * c.w_row;
  c.h = forward_axis(s.h_in, s.h_out, s.kernel_h, s.stride_h, s.padding_h, s.dilation_h);
  c.w = forward_axis(s.w_in, s.w_out, s.kernel_w, s.stride_w, s.padding_w, s.dilation_w);
  c.parts.push_back({0, 0, {}});
  for (std::int64_t a = 0; a < s.kernel_h; ++a)
    for (std::int64_t b = 0; b < s.kernel_w; ++b) {
      const std::int64_t h = a * s.dilation_h, v = b * s.dilation_w;
      const std::int64_t phase = find_phase(c.phases, {h % s.stride_h, v % s.stride_w});
      c.parts[0].taps.push_back({phase, h / s.stride_h, v / s.stride_w, a * s.kernel_w + b});
    }
  correlate(c, x, w, bias, y);
}

template <class T>
void conv_input_grad(const ConvShape& s, const T* g, const T* w, const T* bias, T* dx) {
  if (s.n <= 0 || s.h_in <= 0 || s.w_in <= 0) return;
  const std::int64_t taps = s.kernel_h * s.kernel_w;
  Correlation c;
  c.n = s.n;
  c.groups = s.groups;
  c.channels = s.c_out / s.groups;
  c.rows = s.c_in / s.groups;
  c.w_row = taps;
  c.w_channel = c.rows * taps;
  c.w_group = c.channels * c.w_channel;
  c.h = backward_axis(s.h_in, s.h_out, s.kernel_h, s.stride_h, s.padding_h, s.dilation_h);
  c.w = backward_axis(s.w_in, s.w_out, s.kernel_w, s.stride_w, s.padding_w, s.dilation_w);
  c.phases.push_back({0, 0});
  for (std::int64_t fh = 0; fh < s.stride_h; ++fh)
    for (std::int64_t fw = 0; fw < s.stride_w; ++fw) {
      CorrelatePart part{fh - s.padding_h + s.padding_h / s.stride_h * s.stride_h,
                         fw - s.padding_w + s.padding_w / s.stride_w * s.stride_w,
                         {}};
      for (std::int64_t a = 0; a < s.kernel_h; ++a)
        for (std::int64_t b = 0; b < s.kernel_w; ++b) {
          const std::int64_t h = a * s.dilation_h, v = b * s.dilation_w;
          if (h % s.stride_h == fh && v % s.stride_w == fw)
            part.taps.push_back({0, c.h.shifts - h / s.stride_h, c.w.shifts - v / s.stride_w, a * s.kernel_w + b});
        }
      c.parts.push_back(std::move(part));
    }
  correlate(c, g, w, bias, dx);
}

template void conv_forward(const ConvShape&, const float*, const float*, const float*, float*);
template void conv_forward(const ConvShape&, const double*, const double*, const double*, double*);
template void conv_input_grad(const ConvShape&, const float*, const float*, const float*, float*);
template void conv_input_grad(const ConvShape&, const double*, const double*, const double*, double*);

}  // namespace eg::kernels
