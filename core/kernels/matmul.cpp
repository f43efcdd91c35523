#include "kernels/matmul.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/lanes.h"
#include "kernels/scratch.h"
#include "kernels/tile.h"
#include "kernels/turn.h"

namespace eg::kernels {
namespace {

// Note [Three ways to multiply]
// One operand is a vector: streams of the other, by rows (dot) or by lines (direct).
// Small, or few rows: tiles straight from the operands, only a transposed right one is packed (direct).
// Large: k_block at a time, the right operand in panels of tile_cols columns, which the first tile of each packs while
// it multiplies; the left one as it is, or in panels of rows where it is transposed (packed).
constexpr bool wide_tile = tile_vecs > 1;
constexpr std::int64_t k_block = 512;     // a panel of B has 32 KiB, or 96
constexpr std::int64_t row_panels = 16;   // row panels that stay in L2 while the columns of a task pass
constexpr std::int64_t col_panels = 4;    // most column panels in a task, which stay there too
constexpr std::int64_t equal_tasks = 8;   // tasks come in multiples of it: equal parts for 2, 4 and 8 threads
constexpr std::int64_t ahead = 32;        // rows of B, as many steps of a tile as L3 takes to answer
constexpr std::int64_t direct_cols = 96;  // columns of C in a task of the direct way: B is read once
constexpr std::int64_t direct_rows = 4 * tile_rows;  // rows of C in one that has few columns
// Packing costs more than it gains up to this m n k. A wide tile reads several lines of memory of a row of B, a narrow
// one a single line, too far apart for the cache: where tiles are wide, packing does not pay up to these rows either.
constexpr std::int64_t direct_work = wide_tile ? 140 * 140 * 140 : 80 * 80 * 80;
constexpr std::int64_t most_direct_rows = wide_tile ? 256 : 0, most_direct_extent = 1 << 20;
constexpr std::int64_t serial_work = 96 * 96 * 96;  // m n k below which waking a thread costs more

/// Columns [j, n) of up to tile_rows rows, with ever narrower vectors; every element keeps its order of sums.
template <int Width, class T, class A>
void narrow_columns(int rows, std::int64_t j, std::int64_t n, std::int64_t k, A a, const T* b, std::int64_t ldb, T* c,
                    std::int64_t ldc, bool accumulate) {
  if constexpr (Width >= 2) {
    using V = Vec<T, Width>;
    if (n - j >= Width) {
      run_tile<V, 1>(rows, 1, k, a, StridedLines<T>{b + j, ldb}, c + j, ldc, accumulate);
      j += Width;
    }
    if (j < n) narrow_columns<Width / 2>(rows, j, n, k, a, b, ldb, c, ldc, accumulate);
  } else {
    for (int i = 0; i < rows; ++i) {
      T sum = 0;
      for (std::int64_t r = 0; r < k; ++r) sum += a.at(r, i) * b[r * ldb + j];
      c[i * ldc + j] = accumulate ? c[i * ldc + j] + sum : sum;
    }
  }
}

/// A block of C straight from the operands; B is not transposed.
template <class T>
void direct(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t a_row, std::int64_t a_step,
            const T* b, std::int64_t ldb, T* c, std::int64_t ldc, bool accumulate) {
  constexpr int width = lanes<T>;
  for (std::int64_t j = 0; j < n;) {
    const int vecs = static_cast<int>(std::min<std::int64_t>((n - j) / width, tile_vecs));
    for (std::int64_t i = 0; i < m; i += tile_rows) {
      const int rows = static_cast<int>(std::min<std::int64_t>(m - i, tile_rows));
      const StridedRows<T> ai{a + i * a_row, a_row, a_step};
      if (vecs > 0)
        run_tile<Simd<T>>(rows, vecs, k, ai, StridedLines<T>{b + j, ldb}, c + i * ldc + j, ldc, accumulate);
      else
        narrow_columns<width / 2>(rows, j, n, k, ai, b, ldb, c + i * ldc, ldc, accumulate);
    }
    j += vecs > 0 ? vecs * width : n - j;
  }
}

/// sum_r x[r] y[r] with four vectors of partial sums.
template <class T>
T dot(std::int64_t k, const T* x, const T* y) {
  using V = Simd<T>;
  constexpr int width = lanes<T>;
  V acc[4] = {V{}, V{}, V{}, V{}};
  std::int64_t r = 0;
  for (; r + 4 * width <= k; r += 4 * width)
    for (int u = 0; u < 4; ++u) acc[u] += load<V>(x + r + u * width) * load<V>(y + r + u * width);
  for (; r + width <= k; r += width) acc[0] += load<V>(x + r) * load<V>(y + r);
  T rest = 0;
  for (; r < k; ++r) rest += x[r] * y[r];
  return lane_sum((acc[0] + acc[1]) + (acc[2] + acc[3])) + rest;
}

/// c[i step] (+)= rows[i] . x
template <class T>
void dots(std::int64_t m, std::int64_t k, const T* rows, std::int64_t ld, const T* x, T* c, std::int64_t step,
          bool accumulate) {
  const std::int64_t grain = std::max<std::int64_t>(1, serial_work / std::max<std::int64_t>(1, 8 * k));
  detail::parallel_for(m, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T sum = dot(k, rows + i * ld, x);
      c[i * step] = accumulate ? c[i * step] + sum : sum;
    }
  });
}

/// to[r line + j] = from[r step + j col] for j < cols, 0 for j in [cols, line).
template <class T>
void pack_columns(std::int64_t k, std::int64_t cols, std::int64_t line, const T* from, std::int64_t step,
                  std::int64_t col, T* to) {
  if (step == 1 && line % lanes<T> == 0) return transpose(cols, k, from, col, to, line, line);
  if (col != 1) {
    for (std::int64_t j = 0; j < line; ++j)
      for (std::int64_t r = 0; r < k; ++r) to[r * line + j] = j < cols ? from[r * step + j * col] : T(0);
    return;
  }
  for (std::int64_t r = 0; r < k; ++r) {
    copy_row(from + r * step, cols, to + r * line);
    std::fill(to + r * line + cols, to + (r + 1) * line, T(0));
  }
}

/// Rows of A that are not contiguous: to[r tile_rows + i] = from[r step + i] for i < rows. Of `room` rows may be read.
template <class T>
void pack_rows(std::int64_t k, std::int64_t rows, std::int64_t room, const T* from, std::int64_t step, T* to) {
  for (std::int64_t r = 0; r < k; ++r)
    if (room >= tile_rows)
      std::memcpy(to + r * tile_rows, from + r * step, tile_rows * sizeof(T));
    else
      for (std::int64_t i = 0; i < rows; ++i) to[r * tile_rows + i] = from[r * step + i];
}

/// Row r at from + r step, and copied to `to` + r tile_cols: the first tile of a panel packs it for those that follow.
template <class T>
struct PackingLines {
  const T* from;
  std::int64_t step;
  T* to;
  const T* operator[](std::int64_t r) const {
    const T* const line = from + r * step;
    T* const copy = to + r * tile_cols<T>;
    __builtin_prefetch(line + ahead * step, 0, 2);
    for (int v = 0; v < tile_vecs; ++v) store(copy + v * lanes<T>, load<Simd<T>>(line + v * lanes<T>));
    return copy;
  }
};

/// C of up to tile_rows rows and `width` columns; what is beyond them in the panel of B is ignored.
template <class T, class A>
void packed_tile(int rows, std::int64_t width, std::int64_t k, A a, PackedLines<T> b, T* c, std::int64_t ldc,
                 bool accumulate) {
  constexpr std::int64_t cols = tile_cols<T>;
  const int vecs = static_cast<int>(divide_up(width, lanes<T>));
  if (width % lanes<T> == 0) return run_tile<Simd<T>>(rows, vecs, k, a, b, c, ldc, accumulate);
  alignas(64) T edge[tile_rows * cols];
  if (width <= lanes<T> / 2)
    run_tile<HalfOf<Simd<T>>, 1>(rows, 1, k, a, b, edge, cols, false);
  else
    run_tile<Simd<T>>(rows, vecs, k, a, b, edge, cols, false);
  for (int u = 0; u < rows; ++u) {
    if (accumulate)
      for (std::int64_t v = 0; v < width; ++v) c[u * ldc + v] += edge[u * cols + v];
    else
      copy_row(edge + u * cols, width, c + u * ldc);
  }
}

template <class T>
void packed(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t a_row, std::int64_t a_step,
            const T* b, std::int64_t b_step, std::int64_t b_col, T* c, std::int64_t ldc, bool accumulate) {
  constexpr std::int64_t cols = tile_cols<T>;
  const Panels tiles(m, tile_rows);
  const std::int64_t panels = divide_up(n, cols);
  // Rows are divided only where columns are few: every part of them packs B for itself.
  const std::int64_t row_parts = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(
      std::clamp(equal_tasks / divide_up(panels, col_panels), std::int64_t{1}, 1 + tiles.count / (2 * row_panels)))));
  const std::int64_t col_tasks = equal_tasks / row_parts;
  const std::int64_t col_parts = std::min(panels, col_tasks * divide_up(panels, col_tasks * col_panels));
  const std::int64_t blocks = divide_up(k, k_block), most = divide_up(k, blocks);
  const bool serial = m * n * k <= serial_work;
  T* const ap = a_step == 1 ? nullptr : scratch<1, T>(tiles.count * tile_rows * most);
  for (std::int64_t k0 = 0; k0 < k; k0 += most) {
    const std::int64_t kc = std::min(most, k - k0);
    const bool add = accumulate || k0 > 0;
    if (ap)
      detail::parallel_for(tiles.count, serial ? tiles.count : 1, [&](std::int64_t t, std::int64_t end) {
        for (; t < end; ++t) {
          const std::int64_t i = tiles.first(t);
          pack_rows(kc, tiles.first(t + 1) - i, m - i, a + i * a_row + k0 * a_step, a_step, ap + t * tile_rows * kc);
        }
      });
    const std::int64_t tasks = row_parts * col_parts;
    detail::parallel_for(tasks, serial ? tasks : 1, [&](std::int64_t task, std::int64_t end) {
      T* const bp = scratch<0, T>(divide_up(panels, col_parts) * cols * kc);
      for (; task < end; ++task) {
        const std::int64_t row_part = task / col_parts, col_part = task % col_parts;
        const std::int64_t t0 = tiles.count * row_part / row_parts, t1 = tiles.count * (row_part + 1) / row_parts;
        const std::int64_t p0 = panels * col_part / col_parts, p1 = panels * (col_part + 1) / col_parts;
        const Panels row_blocks(t1 - t0, row_panels);
        for (std::int64_t block = 0; block < row_blocks.count; ++block)
          for (std::int64_t p = p0; p < p1; ++p) {
            T* const panel = bp + (p - p0) * cols * kc;
            const std::int64_t j = p * cols, width = std::min(cols, n - j);
            const T* const from = b + k0 * b_step + j * b_col;
            bool is_packed = block > 0;
            if (!is_packed && (b_col != 1 || width < cols)) {
              pack_columns(kc, width, cols, from, b_step, b_col, panel);
              is_packed = true;
            }
            for (std::int64_t t = t0 + row_blocks.first(block); t < t0 + row_blocks.first(block + 1); ++t) {
              const std::int64_t i = tiles.first(t);
              const int rows = static_cast<int>(tiles.first(t + 1) - i);
              T* const to = c + i * ldc + j;
              for (int u = 0; u < rows; ++u)
                for (std::int64_t v = 0; v < width; v += lanes<T>) __builtin_prefetch(to + u * ldc + v, 1);
              const auto multiply = [&](auto ai) {
                if (is_packed)
                  packed_tile(rows, width, kc, ai, PackedLines<T>{panel}, to, ldc, add);
                else
                  run_tile<Simd<T>>(rows, tile_vecs, kc, ai, PackingLines<T>{from, b_step, panel}, to, ldc, add);
              };
              if (ap)
                multiply(PackedRows<T>{ap + t * tile_rows * kc});
              else
                multiply(ContiguousRows<T>{a + i * a_row + k0, a_row});
              is_packed = true;
            }
          }
      }
    });
  }
}

}  // namespace

template <class T>
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda,
          const T* b, std::int64_t ldb, T* c, std::int64_t ldc, bool accumulate) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    if (!accumulate)
      for (std::int64_t i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, T(0));
    return;
  }
  const std::int64_t a_row = trans_a ? 1 : lda, a_step = trans_a ? lda : 1;
  const std::int64_t b_step = trans_b ? 1 : ldb, b_col = trans_b ? ldb : 1;
  if (n == 1 && a_step == 1 && k >= 8) {
    const T* x = b;
    if (b_step != 1) {
      T* copy = scratch<0, T>(k);
      for (std::int64_t r = 0; r < k; ++r) copy[r] = b[r * b_step];
      x = copy;
    }
    return dots(m, k, a, a_row, x, c, ldc, accumulate);
  }
  if (m == 1 && b_step == 1 && k >= 8) {
    const T* x = a;
    if (a_step != 1) {
      T* copy = scratch<0, T>(k);
      for (std::int64_t r = 0; r < k; ++r) copy[r] = a[r * a_step];
      x = copy;
    }
    return dots(n, k, b, b_col, x, c, std::int64_t{1}, accumulate);
  }
  const std::int64_t work = m * n * k;
  const bool many_rows = m > 2 * tile_rows;
  const bool small = b_col == 1 ? work <= direct_work || (m <= most_direct_rows && k * ldb <= most_direct_extent)
                                : work <= serial_work / 4;
  if (!small && many_rows && (n >= lanes<T> || a_step == 1))
    return packed(m, n, k, a, a_row, a_step, b, b_step, b_col, c, ldc, accumulate);
  if (b_col != 1) {
    T* copy = scratch<0, T>(k * n);
    pack_columns(k, n, n, b, b_step, b_col, copy);
    b = copy;
    ldb = n;
  }
  if (work <= serial_work) return direct(m, n, k, a, a_row, a_step, b, ldb, c, ldc, accumulate);
  if (many_rows && n <= 2 * direct_cols)
    return detail::parallel_for(m, direct_rows, [&](std::int64_t i, std::int64_t end) {
      direct(end - i, n, k, a + i * a_row, a_row, a_step, b, ldb, c + i * ldc, ldc, accumulate);
    });
  detail::parallel_for(n, direct_cols, [&](std::int64_t j, std::int64_t end) {
    direct(m, end - j, k, a, a_row, a_step, b + j, ldb, c + j, ldc, accumulate);
  });
}

template <class T>
void gemm_batch(std::int64_t batch, bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k,
                const T* a, std::int64_t lda, std::int64_t stride_a, const T* b, std::int64_t ldb,
                std::int64_t stride_b, T* c, std::int64_t ldc, std::int64_t stride_c, bool accumulate) {
  if (m <= 0 || n <= 0) return;
  // Products large enough to use every thread by themselves go one by one.
  const std::int64_t work = std::max<std::int64_t>(1, m * n * std::max<std::int64_t>(k, 1));
  const std::int64_t grain = work >= 64 * serial_work ? batch : std::max<std::int64_t>(1, serial_work / work);
  detail::parallel_for(batch, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t s = begin; s < end; ++s)
      gemm(trans_a, trans_b, m, n, k, a + s * stride_a, lda, b + s * stride_b, ldb, c + s * stride_c, ldc, accumulate);
  });
}

template void gemm(bool, bool, std::int64_t, std::int64_t, std::int64_t, const float*, std::int64_t, const float*,
                   std::int64_t, float*, std::int64_t, bool);
template void gemm(bool, bool, std::int64_t, std::int64_t, std::int64_t, const double*, std::int64_t, const double*,
                   std::int64_t, double*, std::int64_t, bool);
template void gemm_batch(std::int64_t, bool, bool, std::int64_t, std::int64_t, std::int64_t, const float*, std::int64_t,
                         std::int64_t, const float*, std::int64_t, std::int64_t, float*, std::int64_t, std::int64_t,
                         bool);
template void gemm_batch(std::int64_t, bool, bool, std::int64_t, std::int64_t, std::int64_t, const double*,
                         std::int64_t, std::int64_t, const double*, std::int64_t, std::int64_t, double*, std::int64_t,
                         std::int64_t, bool);

}  // namespace eg::kernels
