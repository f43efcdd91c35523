#pragma once
// The register-blocked inner loop of all products: C[i][j] (+)= sum_r A[i][r] B[r][j] for up to tile_rows rows and
// tile_vecs vectors of columns. Every element is one chain of multiply-adds in the order of r, whatever the tile it
// falls into, so the split of C into tiles never changes a bit.
#include <cstdint>
#include <utility>

#include "simd.h"

namespace eg::kernels {

// As many accumulators as the machine has registers for, and room for a row of B and an element of A.
#if defined(__AVX512F__)
inline constexpr int tile_rows = 8, tile_vecs = 3;  // 24 of 32 registers of 64 bytes
#elif defined(__AVX__)
inline constexpr int tile_rows = 6, tile_vecs = 1;  // 12 of 16 registers of 32 bytes
#else
inline constexpr int tile_rows = 2, tile_vecs = 1;  // 8 of 16 registers of 16 bytes
#endif
template <class T>
inline constexpr int tile_cols = tile_vecs* lanes<T>;

/// Element (i, r) of the left operand: at p[i row + r step].
template <class T>
struct StridedRows {
  const T* p;
  std::int64_t row, step;
  T at(std::int64_t r, int i) const { return p[i * row + r * step]; }
};
/// The same with the distances known to the compiler: column r of a panel of tile_rows rows.
template <class T>
struct PackedRows {
  const T* p;
  T at(std::int64_t r, int i) const { return p[r * tile_rows + i]; }
};
/// Element (i, r) at p[i Line + r].
template <class T, std::int64_t Line>
struct LinedRows {
  const T* p;
  T at(std::int64_t r, int i) const { return p[i * Line + r]; }
};
/// Element (i, r) at p[i row + offset[r]].
template <class T>
struct IndirectRows {
  const T* p;
  std::int64_t row;
  const std::int64_t* offset;
  T at(std::int64_t r, int i) const { return p[i * row + offset[r]]; }
};

/// Row r of the right operand: at p + r step.
template <class T>
struct StridedLines {
  const T* p;
  std::int64_t step;
  const T* operator[](std::int64_t r) const { return p + r * step; }
};
/// Row r at p + offset[r].
template <class T>
struct IndirectLines {
  const T* p;
  const std::int64_t* offset;
  const T* operator[](std::int64_t r) const { return p + offset[r]; }
};

template <class V, int Rows, int Vecs, class A, class B, class T>
inline void tile(std::int64_t k, A a, B b, T* c, std::int64_t ldc, bool accumulate) {
  constexpr int width = sizeof(V) / sizeof(T);
  V acc[Rows][Vecs] = {};
  for (std::int64_t r = 0; r < k; ++r) {
    const T* line = b[r];
    V bv[Vecs];
    for (int v = 0; v < Vecs; ++v) bv[v] = load<V>(line + v * width);
    for (int i = 0; i < Rows; ++i) {
      const T ai = a.at(r, i);
      for (int v = 0; v < Vecs; ++v) acc[i][v] += ai * bv[v];
    }
  }
  unrolled<Rows>([&](auto i) {
    unrolled<Vecs>([&](auto v) {
      T* to = c + i * ldc + v * width;
      store(to, accumulate ? load<V>(to) + acc[i][v] : acc[i][v]);
    });
  });
}

/// tile() for a number of rows and vectors known at run time: 1 <= rows <= tile_rows, 1 <= vecs <= tile_vecs.
template <class V, class A, class B, class T>
inline void run_tile(int rows, int vecs, std::int64_t k, A a, B b, T* c, std::int64_t ldc, bool accumulate) {
  using Function = void (*)(std::int64_t, A, B, T*, std::int64_t, bool);
  static constexpr auto table = []<int... I>(std::integer_sequence<int, I...>) {
    struct {
      Function f[tile_rows * tile_vecs];
    } t{{&tile<V, I / tile_vecs + 1, I % tile_vecs + 1, A, B, T>...}};
    return t;
  }
  (std::make_integer_sequence<int, tile_rows * tile_vecs>{});
  table.f[(rows - 1) * tile_vecs + vecs - 1](k, a, b, c, ldc, accumulate);
}

}  // namespace eg::kernels
