#include <eigengrad/core/parallel.h>

#include <algorithm>

#include "kernels/correlate.h"
#include "kernels/scratch.h"

namespace eg::kernels {

// A row of the result needs one plane, which stays in the first level of cache: four vectors of it at a time over all
// taps, one chain of multiply-adds per element as in correlate().
template <class T>
void correlate_depthwise(const Correlation& c, const T* source, const T* weight, const T* bias, T* target) {
  using V = Simd<T>;
  constexpr int unroll = 4;
  constexpr std::int64_t width = lanes<T>;
  const Planes& s = c.planes;
  const std::vector<Tap>& taps = c.parts[0];
  const std::int64_t size = s.sample_size(), plane = plane_length<T>(s, size), image = c.h.size * c.w.size;
  const std::int64_t work = std::max<std::int64_t>(1, size * static_cast<std::int64_t>(taps.size() + 2));
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 16) / work);
  detail::parallel_for(s.n * s.groups, grain, [&](std::int64_t begin, std::int64_t end) {
    T* const planes = scratch<3, T>(s.phase_count() * plane + unroll * width);
    T* const weights = scratch<4, T>(static_cast<std::int64_t>(taps.size()));
    std::int64_t* const offsets = scratch<6, std::int64_t>(static_cast<std::int64_t>(taps.size()));
    for (std::size_t t = 0; t < taps.size(); ++t) offsets[t] = s.offset(taps[t], 0, plane);
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t sample = task / s.groups, group = task % s.groups;
      for (std::size_t t = 0; t < taps.size(); ++t) weights[t] = weight[group * c.w_group + taps[t].index];
      fill_planes(s, source, group, sample * size, (sample + 1) * size, plane, planes);
      const T add = bias ? bias[group] : T(0);
      for (std::int64_t u = 0; u < c.h.size; ++u) {
        const T* line = planes + u * s.w.line();
        T* to = target + task * image + u * c.w.size;
        for (std::int64_t v = 0; v < c.w.size; v += unroll * width) {
          V acc[unroll];
          for (int i = 0; i < unroll; ++i) acc[i] = V{};
          for (std::size_t t = 0; t < taps.size(); ++t) {
            const T* from = line + v + offsets[t];
            for (int i = 0; i < unroll; ++i) acc[i] += weights[t] * load<V>(from + i * width);
          }
          if (v + unroll * width <= c.w.size) {
            for (int i = 0; i < unroll; ++i) store(to + v + i * width, acc[i] + add);
          } else {
            T last[unroll * width];
            for (int i = 0; i < unroll; ++i) store(last + i * width, acc[i]);
            add_row(last, c.w.size - v, add, to + v);
          }
        }
      }
    }
  });
}

template void correlate_depthwise(const Correlation&, const float*, const float*, const float*, float*);
template void correlate_depthwise(const Correlation&, const double*, const double*, const double*, double*);

}  // namespace eg::kernels
