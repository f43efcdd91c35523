#pragma once
// The inner loop of the weight gradients, see Note [Weight gradient] in conv_weight.cpp.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "tile.h"

namespace eg::kernels {

/// The positions of a unit, and how far apart they lie in x.
struct Walk {
  std::int64_t n, h, w;                 // numbers of samples, lines, positions of a line
  std::int64_t step_n, step_h, step_w;  // distances in x
};

// Vectors of channels in a tile, and rows for a number of vectors.
constexpr int weight_vecs = tile_vecs == 3 ? 4 : tile_vecs;
constexpr int weight_rows = tile_rows;
constexpr int rows_for(int vecs) { return vecs == 4 ? 6 : weight_rows; }

/// to[i][v] += sum over positions of x[offset[i] + position] g[position][v]; lines of g are g_line apart, of to line.
template <class T, int Rows, int Vecs>
void weight_tile(const Walk& walk, const T* x, const std::int64_t* offset, const T* g, std::int64_t g_line, T* to,
                 std::int64_t line) {
  using V = Simd<T>;
  V acc[Rows][Vecs] = {};
  for (std::int64_t n = 0; n < walk.n; ++n)
    for (std::int64_t h = 0; h < walk.h; ++h) {
      const T* from[Rows];
      for (int i = 0; i < Rows; ++i) from[i] = x + n * walk.step_n + h * walk.step_h + offset[i];
      std::int64_t at = 0;
      for (std::int64_t w = 0; w < walk.w; ++w, at += walk.step_w, g += g_line) {
        V gv[Vecs];
        for (int v = 0; v < Vecs; ++v) gv[v] = load<V>(g + v * lanes<T>);
        for (int i = 0; i < Rows; ++i) {
          const T xi = from[i][at];
          for (int v = 0; v < Vecs; ++v) acc[i][v] += xi * gv[v];
        }
      }
    }
  unrolled<Rows>([&](auto i) {
    unrolled<Vecs>([&](auto v) {
      T* p = to + i * line + v * lanes<T>;
      store(p, load<V>(p) + acc[i][v]);
    });
  });
}

template <class T>
void run_weight_tile(int rows, int vecs, const Walk& walk, const T* x, const std::int64_t* offset, const T* g,
                     std::int64_t g_line, T* to, std::int64_t line) {
  using Function = void (*)(const Walk&, const T*, const std::int64_t*, const T*, std::int64_t, T*, std::int64_t);
  static constexpr auto table = []<int... I>(std::integer_sequence<int, I...>) {
    struct {
      Function f[weight_rows * weight_vecs];
    } t{{&weight_tile<T, std::min(I / weight_vecs + 1, rows_for(I % weight_vecs + 1)), I % weight_vecs + 1>...}};
    return t;
  }
  (std::make_integer_sequence<int, weight_rows * weight_vecs>{});
  table.f[(rows - 1) * weight_vecs + vecs - 1](walk, x, offset, g, g_line, to, line);
}

}  // namespace eg::kernels
