#include "kernels/conv.h"

#include <utility>

#include "kernels/correlate.h"

namespace eg::kernels {
namespace {

// Note [Input gradient by phases]
// x at p gets w[k] g[l] from every tap and output with p = l stride + k dilation - padding. Write p + padding as
// t stride + f: taps with k dilation = j stride + f reach it, from l = t - j. So the positions of one f are a stride-1
// correlation of g with some of the taps; the results of the stride phases interleave.
PlaneAxis backward_axis(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                        std::int64_t padding, std::int64_t dilation) {
  const std::int64_t shifts = (kernel - 1) * dilation / stride;
  const std::int64_t t0 = padding / stride, t1 = (in - 1 + padding) / stride;
  return {out, 1, t0 - shifts, t1 - t0 + 1, shifts};
}

}  // namespace

template <class T>
void conv_forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* y) {
  if (s.n <= 0 || s.h_out <= 0 || s.w_out <= 0) return;
  Correlation c;
  c.parts.resize(1);
  c.planes = forward_planes(s, c.parts[0]);
  c.rows = s.c_out / s.groups;
  c.w_channel = s.kernel_h * s.kernel_w;
  c.w_row = c.planes.channels * c.w_channel;
  c.w_group = c.rows * c.w_row;
  c.h = {s.h_out, 1, 0};
  c.w = {s.w_out, 1, 0};
  correlate(std::move(c), x, w, bias, y);
}

template <class T>
void conv_input_grad(const ConvShape& s, const T* g, const T* w, const T* bias, T* dx) {
  if (s.n <= 0 || s.h_in <= 0 || s.w_in <= 0) return;
  Correlation c;
  Planes& p = c.planes;
  p.n = s.n;
  p.groups = s.groups;
  p.channels = s.c_out / s.groups;
  p.h = backward_axis(s.h_in, s.h_out, s.kernel_h, s.stride_h, s.padding_h, s.dilation_h);
  p.w = backward_axis(s.w_in, s.w_out, s.kernel_w, s.stride_w, s.padding_w, s.dilation_w);
  p.phases.push_back({0, 0});
  c.rows = s.c_in / s.groups;
  c.w_row = s.kernel_h * s.kernel_w;
  c.w_channel = c.rows * c.w_row;
  c.w_group = p.channels * c.w_channel;
  c.h = {s.h_in, s.stride_h, -(s.padding_h % s.stride_h)};
  c.w = {s.w_in, s.stride_w, -(s.padding_w % s.stride_w)};
  c.parts.resize(static_cast<std::size_t>(s.stride_h * s.stride_w));
  for (std::int64_t a = 0; a < s.kernel_h; ++a)
    for (std::int64_t b = 0; b < s.kernel_w; ++b) {
      const std::int64_t h = a * s.dilation_h, v = b * s.dilation_w;
      c.parts[static_cast<std::size_t>(h % s.stride_h * s.stride_w + v % s.stride_w)].push_back(
          {0, p.h.shifts - h / s.stride_h, p.w.shifts - v / s.stride_w, a * s.kernel_w + b});
    }
  correlate(std::move(c), g, w, bias, dx);
}

Planes forward_planes(const ConvShape& s, std::vector<Tap>& taps) {
  Planes p;
  p.n = s.n;
  p.groups = s.groups;
  p.channels = s.c_in / s.groups;
  p.h = {s.h_in, s.stride_h, -s.padding_h, s.h_out, (s.kernel_h - 1) * s.dilation_h / s.stride_h};
  p.w = {s.w_in, s.stride_w, -s.padding_w, s.w_out, (s.kernel_w - 1) * s.dilation_w / s.stride_w};
  for (std::int64_t a = 0; a < s.kernel_h; ++a)
    for (std::int64_t b = 0; b < s.kernel_w; ++b) {
      const std::int64_t h = a * s.dilation_h, v = b * s.dilation_w;
      const PlanePhase phase{h % s.stride_h, v % s.stride_w};
      std::int64_t i = 0;
      while (i < p.phase_count() && !(p.phases[i].h == phase.h && p.phases[i].w == phase.w)) ++i;
      if (i == p.phase_count()) p.phases.push_back(phase);
      taps.push_back({i, h / s.stride_h, v / s.stride_w, a * s.kernel_w + b});
    }
  return p;
}

template void conv_forward(const ConvShape&, const float*, const float*, const float*, float*);
template void conv_forward(const ConvShape&, const double*, const double*, const double*, double*);
template void conv_input_grad(const ConvShape&, const float*, const float*, const float*, float*);
template void conv_input_grad(const ConvShape&, const double*, const double*, const double*, double*);

}  // namespace eg::kernels
