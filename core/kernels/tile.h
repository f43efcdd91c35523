#pragma once
// The register-blocked inner loop of all products: C[i][j] (+)= sum_r A[i][r] B[r][j] for up to tile_rows rows and
// tile_vecs vectors of columns. Every element is one chain of multiply-adds in the order of r, whatever the tile it
// falls into, so the split of C into tiles never changes a bit.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "divide_up.h"
#include "simd.h"

namespace eg::kernels {

// As many accumulators as the machine has registers for, and room for a row of B and an element of A.
struct TileShape {
  int rows, vecs, most_vecs;
};
inline constexpr TileShape tile_shape = register_bytes == 64   ? TileShape{8, 3, 3}   // 24 of 32 registers
                                        : register_bytes == 32 ? TileShape{6, 1, 6}   // 12 of 16
                                                               : TileShape{2, 1, 2};  // 8 of 16
inline constexpr int tile_rows = tile_shape.rows, tile_vecs = tile_shape.vecs, most_tile_vecs = tile_shape.most_vecs;
template <class T>
inline constexpr int tile_cols = tile_vecs* lanes<T>;

// A tile of few rows may have more vectors, so that as many chains of multiply-adds as the latency needs remain.
constexpr int vecs_for(int rows) { return std::min(tile_rows * tile_vecs / rows, most_tile_vecs); }
// The same in registers, which are more for four rows on AVX2: 12 accumulators where whole vectors make 8.
inline constexpr int most_registers = 3;
constexpr int registers_for(int rows) {
  return std::min(tile_rows * tile_vecs * 64 / register_bytes / rows, most_registers);
}
template <class V>
constexpr int most_vecs(int rows) {
  return sizeof(V) == 64 ? vecs_for(rows) : registers_for(rows);
}

/// `rows` cut into as few panels as hold at most `room` each, all of about the same number.
struct Panels {
  std::int64_t rows, count;
  Panels(std::int64_t all, std::int64_t room) : rows(all), count(divide_up(all, room)) {}
  std::int64_t first(std::int64_t panel) const { return rows * panel / count; }
  std::int64_t most() const { return divide_up(rows, count); }
};

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
/// Element (i, r) at p[i row + r].
template <class T>
struct ContiguousRows {
  const T* p;
  std::int64_t row;
  T at(std::int64_t r, int i) const { return p[i * row + r]; }
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

/// Row r at p + r tile_cols: a panel of columns.
template <class T>
struct PackedLines {
  const T* p;
  const T* operator[](std::int64_t r) const { return p + r * tile_cols<T>; }
};

/// What becomes of the sums of row i, columns j and on: they are stored at p + i row + j, or added to what is there.
template <class T>
struct StoreRows {
  T* p;
  std::int64_t row;
  bool accumulate;
  template <class V>
  void operator()(std::int64_t i, std::int64_t j, V v) const {
    T* to = p + i * row + j;
    store(to, accumulate ? load<V>(to) + v : v);
  }
};
/// They are stored with bias[i] added.
template <class T>
struct StoreBiased {
  T* p;
  std::int64_t row;
  const T* bias;
  template <class V>
  void operator()(std::int64_t i, std::int64_t j, V v) const {
    store(p + i * row + j, v + bias[i]);
  }
};

template <class V, int Rows, int Vecs, class T, class A, class B, class To>
inline void tile(std::int64_t k, A a, B b, const To& to) {
  constexpr int width = sizeof(V) / sizeof(T);
  V acc[Rows][Vecs] = {};
#if !defined(__AVX512F__)  // of 24 multiply-adds a step, the loop's own instructions take nothing away
#pragma GCC unroll 4
#endif
  for (std::int64_t r = 0; r < k; ++r) {
    const T* line = b[r];
    V bv[Vecs];
    for (int v = 0; v < Vecs; ++v) bv[v] = load<V>(line + v * width);
    for (int i = 0; i < Rows; ++i) {
      const T ai = a.at(r, i);
      for (int v = 0; v < Vecs; ++v) acc[i][v] += ai * bv[v];
    }
  }
  const To out = to;  // no store changes it
  unrolled<Rows>([&](auto i) { unrolled<Vecs>([&](auto v) { out(i, v * width, acc[i][v]); }); });
}

/// tile() for a number of rows and vectors known at run time: 1 <= rows <= tile_rows, 1 <= vecs <= Vecs and vecs_for(),
/// or registers_for() where V is a register. `to` goes by reference: by value it would be written to the stack in parts
/// and at once read as a whole, which waits.
template <class V, class T, int Vecs = tile_vecs, class A, class B, class To>
inline void run_tile(int rows, int vecs, std::int64_t k, A a, B b, To to) {
  using Function = void (*)(std::int64_t, A, B, const To&);
  static constexpr auto table = []<int... I>(std::integer_sequence<int, I...>) {
    struct {
      Function f[tile_rows * Vecs];
    } t{{&tile<V, I / Vecs + 1, std::min(I % Vecs + 1, most_vecs<V>(I / Vecs + 1)), T, A, B, To>...}};
    return t;
  }
  (std::make_integer_sequence<int, tile_rows * Vecs>{});
  table.f[(rows - 1) * Vecs + vecs - 1](k, a, b, to);
}

/// The same into C, or added to it.
template <class V, int Vecs = tile_vecs, class A, class B, class T>
inline void run_tile(int rows, int vecs, std::int64_t k, A a, B b, T* c, std::int64_t ldc, bool accumulate) {
  run_tile<V, T, Vecs>(rows, vecs, k, a, b, StoreRows<T>{c, ldc, accumulate});
}

}  // namespace eg::kernels
