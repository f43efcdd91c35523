#include "kernels/matmul.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <cstring>

#include "kernels/lanes.h"
#include "kernels/scratch.h"
#include "kernels/tile.h"
#include "kernels/turn.h"

namespace eg::kernels {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Note [Three ways to multiply]
// One operand is a vector: streams of the other, by rows (dot) or by lines (direct).
// Small, or few rows: tiles straight from the operands, only a transposed right one is packed (direct).
// Large: the right operand in panels of tile_cols columns, in the order in which the tiles read them; rows of the left
// one behind one another, or in panels of tile_rows rows where it is transposed; k_block at a time (packed).
constexpr bool wide_tile = tile_vecs > 1;
constexpr std::int64_t k_block = wide_tile ? 512 : 384;  // A rows 16 KiB (9), B panel 96 KiB (24): one stays in L1
constexpr std::int64_t row_line = k_block + 16;  // between packed rows: no power of two, lest they share sets of the cache
constexpr std::int64_t row_panels = 12;              // most row panels of C in a task
constexpr std::int64_t col_panels = 5;               // most column panels of C in a task
constexpr std::int64_t least_tasks = 16;             // so that a few threads get equal parts
constexpr std::int64_t direct_cols = 96;             // columns of C in a task of the direct way: B is read once
constexpr std::int64_t direct_rows = 4 * tile_rows;  // rows of C in one that has few columns
// Packing costs more than it gains up to this m n k. A wide tile reads several lines of memory of a row of B, a narrow one
// a single line, too far apart for the cache: where tiles are wide, packing does not pay up to these rows either.
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
      run_tile<V>(rows, 1, k, a, StridedLines<T>{b + j, ldb}, c + j, ldc, accumulate);
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
  if (col == 1) {
    for (std::int64_t r = 0; r < k; ++r) {
      if (cols == line && line % lanes<T> == 0) {
        for (std::int64_t j = 0; j < line; j += lanes<T>) store(to + r * line + j, load<Simd<T>>(from + r * step + j));
        continue;
      }
      for (std::int64_t j = 0; j < cols; ++j) to[r * line + j] = from[r * step + j];
      for (std::int64_t j = cols; j < line; ++j) to[r * line + j] = 0;
    }
    return;
  }
  for (std::int64_t j = 0; j < line; ++j)
    for (std::int64_t r = 0; r < k; ++r) to[r * line + j] = j < cols ? from[r * step + j * col] : T(0);
}

/// Rows of A that are contiguous: copied, line apart. Others: panels of tile_rows rows, [panel][r][row of the panel].
template <class T>
void pack_rows(std::int64_t m, std::int64_t k, const T* a, std::int64_t row, std::int64_t step, T* to) {
  if (step == 1)
    for (std::int64_t i = 0; i < m; ++i) copy_vectors(a + i * row, k, false, to + i * row_line);
  else
    for (std::int64_t i = 0; i < m; i += tile_rows)
      pack_columns(k, std::min<std::int64_t>(tile_rows, m - i), tile_rows, a + i * row, step, row, to + i * row_line);
}

template <class T>
void packed(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t a_row, std::int64_t a_step,
            const T* b, std::int64_t b_step, std::int64_t b_col, T* c, std::int64_t ldc, bool accumulate) {
  constexpr std::int64_t cols = tile_cols<T>;
  // Blocks of C that differ by one panel at most.
  const std::int64_t panels = divide_up(n, cols), col_blocks = divide_up(panels, col_panels);
  const std::int64_t tiles = divide_up(m, tile_rows);
  const std::int64_t row_blocks =
      std::max(divide_up(tiles, row_panels), std::min(tiles, divide_up(least_tasks, col_blocks)));
  const auto first_row = [=](std::int64_t block) { return std::min(m, block * tiles / row_blocks * tile_rows); };
  const auto first_panel = [=](std::int64_t block) { return block * panels / col_blocks; };
  const std::int64_t blocks = divide_up(k, k_block), most = divide_up(k, blocks);
  T* const bp = scratch<0, T>(panels * cols * most);
  T* const ap = scratch<1, T>(tiles * tile_rows * row_line);
  for (std::int64_t k0 = 0; k0 < k; k0 += most) {
    const std::int64_t kc = std::min(most, k - k0);
    const bool add = accumulate || k0 > 0;
    detail::parallel_for(panels + tiles, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        if (task < panels) {
          const std::int64_t j = task * cols;
          pack_columns(kc, std::min(cols, n - j), cols, b + k0 * b_step + j * b_col, b_step, b_col, bp + j * kc);
        } else {
          const std::int64_t i = (task - panels) * tile_rows;
          pack_rows(std::min<std::int64_t>(tile_rows, m - i), kc, a + i * a_row + k0 * a_step, a_row, a_step,
                    ap + i * row_line);
        }
      }
    });
    detail::parallel_for(row_blocks * col_blocks, 1, [&](std::int64_t begin, std::int64_t end) {
      alignas(64) T edge[tile_rows * cols];
      for (std::int64_t task = begin; task < end; ++task) {
        // The columns stay, in the second level of cache, while the rows pass.
        const std::int64_t i0 = first_row(task % row_blocks), i1 = first_row(task % row_blocks + 1);
        const std::int64_t p0 = first_panel(task / row_blocks), p1 = first_panel(task / row_blocks + 1);
        for (std::int64_t p = p0; p < p1; ++p) {
          const PackedLines<T> lines{bp + p * cols * kc};
          const std::int64_t j = p * cols, width = std::min(cols, n - j);
          const int vecs = static_cast<int>(divide_up(width, lanes<T>));
          for (std::int64_t i = i0; i < i1; i += tile_rows) {
            const int rows = static_cast<int>(std::min<std::int64_t>(tile_rows, i1 - i));
            const auto product = [&](T* out, std::int64_t ld, bool onto) {
              if (a_step == 1)
                run_tile<Simd<T>>(rows, vecs, kc, LinedRows<T, row_line>{ap + i * row_line}, lines, out, ld, onto);
              else
                run_tile<Simd<T>>(rows, vecs, kc, PackedRows<T>{ap + i * row_line}, lines, out, ld, onto);
            };
            T* to = c + i * ldc + j;
            for (int u = 0; u < rows; ++u)
              for (std::int64_t v = 0; v < width; v += lanes<T>) __builtin_prefetch(to + u * ldc + v, 1);
            if (width % lanes<T> == 0) {
              product(to, ldc, add);
              continue;
            }
            product(edge, cols, false);
            for (int u = 0; u < rows; ++u) {
              if (add)
                for (std::int64_t v = 0; v < width; ++v) to[u * ldc + v] += edge[u * cols + v];
              else
                add_row(edge + u * cols, width, T(0), to + u * ldc);
            }
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
                                : work <= serial_work / 2;
  if (!small && many_rows && n >= lanes<T>)
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
