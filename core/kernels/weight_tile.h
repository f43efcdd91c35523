#pragma once
// The inner loop of the weight gradients, see Note [Weight gradient] in conv_weight.cpp.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "divide_up.h"
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

/// Vectors of channels of g at the positions: position p of vector v at at + p position + v vector.
template <class T>
struct TurnedLines {
  const T* at;
  std::int64_t position, vector;
};

/// to[i][v] (+)= sum over positions of x[offset[i] + position] g[position][v]; lines of to are `line` apart.
template <class T, int Rows, int Vecs>
void weight_tile(const Walk& walk, const T* x, const std::int64_t* offset, TurnedLines<T> g, T* to, std::int64_t line,
                 bool accumulate) {
  using V = Simd<T>;
  V acc[Rows][Vecs] = {};
  std::int64_t off[Rows];
  for (int i = 0; i < Rows; ++i) off[i] = offset[i];
  for (std::int64_t n = 0; n < walk.n; ++n)
    for (std::int64_t h = 0; h < walk.h; ++h) {
      const T* from = x + n * walk.step_n + h * walk.step_h;
      for (std::int64_t w = 0; w < walk.w; ++w, from += walk.step_w, g.at += g.position) {
        V gv[Vecs];
        for (int v = 0; v < Vecs; ++v) gv[v] = load<V>(g.at + v * g.vector);
        for (int i = 0; i < Rows; ++i) {
          const T xi = from[off[i]];
          for (int v = 0; v < Vecs; ++v) acc[i][v] += xi * gv[v];
        }
      }
    }
  unrolled<Rows>([&](auto i) {
    unrolled<Vecs>([&](auto v) {
      T* p = to + i * line + v * lanes<T>;
      store(p, accumulate ? load<V>(p) + acc[i][v] : acc[i][v]);
    });
  });
}

template <class T>
void run_weight_tile(int rows, int vecs, const Walk& walk, const T* x, const std::int64_t* offset, TurnedLines<T> g,
                     T* to, std::int64_t line, bool accumulate) {
  using Function = void (*)(const Walk&, const T*, const std::int64_t*, TurnedLines<T>, T*, std::int64_t, bool);
  static constexpr auto table = []<int... I>(std::integer_sequence<int, I...>) {
    struct {
      Function f[weight_rows * weight_vecs];
    } t{{&weight_tile<T, std::min(I / weight_vecs + 1, rows_for(I % weight_vecs + 1)), I % weight_vecs + 1>...}};
    return t;
  }
  (std::make_integer_sequence<int, weight_rows * weight_vecs>{});
  table.f[(rows - 1) * weight_vecs + vecs - 1](walk, x, offset, g, to, line, accumulate);
}

/// All tiles: `rows` rows of x, from offset[0] on, with all vectors of a line.
template <class T>
void weight_tiles(std::int64_t rows, const Walk& walk, const T* x, const std::int64_t* offset, TurnedLines<T> g, T* to,
                  std::int64_t line, bool accumulate) {
  const std::int64_t vectors = line / lanes<T>, blocks = divide_up(vectors, weight_vecs);
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t o = vectors * block / blocks, vecs = vectors * (block + 1) / blocks - o;
    const Panels panels(rows, rows_for(static_cast<int>(vecs)));
    for (std::int64_t p = 0, r = 0; p < panels.count; ++p) {
      const std::int64_t next = panels.first(p + 1);
      run_weight_tile(static_cast<int>(next - r), static_cast<int>(vecs), walk, x, offset + r,
                      {g.at + o * g.vector, g.position, g.vector}, to + r * line + o * lanes<T>, line, accumulate);
      r = next;
    }
  }
}

}  // namespace eg::kernels
