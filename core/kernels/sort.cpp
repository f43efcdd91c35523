// Note [Sort keys]
// An element becomes an unsigned key whose order is the order wanted: the sign bit of a floating-point number is turned
// so that bit patterns sort like numbers, -0 becomes 0, nan the largest key, and for descending order all bits are
// turned. Key and place together are unique, so that any sort of the pairs is stable. A 32-bit key and a 32-bit place
// share one 64-bit word.
#include "kernels/sort.h"

#include <eigengrad/core/parallel.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "kernels/blocks.h"
#include "kernels/copy.h"
#include "kernels/divide_up.h"
#include "kernels/element_type.h"
#include "kernels/scratch.h"

namespace eg::kernels {
namespace {

std::uint32_t key_of(float v) {
  if (v != v) return ~std::uint32_t{0};
  v += 0.0f;  // -0 becomes 0
  std::uint32_t u;
  std::memcpy(&u, &v, sizeof u);
  return u >> 31 ? ~u : u | std::uint32_t{1} << 31;
}
std::uint64_t key_of(double v) {
  if (v != v) return ~std::uint64_t{0};
  v += 0.0;
  std::uint64_t u;
  std::memcpy(&u, &v, sizeof u);
  return u >> 63 ? ~u : u | std::uint64_t{1} << 63;
}
std::uint64_t key_of(std::int64_t v) { return static_cast<std::uint64_t>(v) ^ std::uint64_t{1} << 63; }
std::uint32_t key_of(bool v) { return v; }

// A key and its place in the line.
template <class Key> struct Pair {
  Key key;
  std::int64_t place;
  static Pair make(Key k, std::int64_t i) { return {k, i}; }
  friend bool operator<(const Pair& a, const Pair& b) { return a.key != b.key ? a.key < b.key : a.place < b.place; }
  std::int64_t index() const { return place; }
  static constexpr int digits = sizeof(Key);
  int digit(int d) const { return static_cast<int>(key >> (8 * d) & 255); }
};
struct Word {
  std::uint64_t bits;
  static Word make(std::uint32_t k, std::int64_t i) { return {std::uint64_t{k} << 32 | static_cast<std::uint32_t>(i)}; }
  friend bool operator<(Word a, Word b) { return a.bits < b.bits; }
  std::int64_t index() const { return static_cast<std::uint32_t>(bits); }
  static constexpr int digits = 4;
  int digit(int d) const { return static_cast<int>(bits >> (32 + 8 * d) & 255); }
};

// Lines of this many elements and more, times the digits of a key, are sorted by digits: below, clearing the counts
// costs more than it saves.
constexpr std::int64_t digits_from = 64;

// Orders items by key where their places ascend, by digits of 8 bits from the last; `other` has room for n.
template <class Item> void sort_digits(Item* items, Item* other, std::int64_t n) {
  std::int64_t counts[Item::digits][256] = {};
  for (std::int64_t j = 0; j < n; ++j)
    for (int d = 0; d < Item::digits; ++d) ++counts[d][items[j].digit(d)];
  Item *from = items, *to = other;
  for (int d = 0; d < Item::digits; ++d) {
    if (counts[d][from[0].digit(d)] == n) continue;  // one digit for all
    std::int64_t at = 0;
    for (std::int64_t& c : counts[d]) {
      const std::int64_t count = c;
      c = at;
      at += count;
    }
    for (std::int64_t j = 0; j < n; ++j) to[counts[d][from[j].digit(d)]++] = from[j];
    std::swap(from, to);
  }
  if (from != items) std::memcpy(items, from, static_cast<std::size_t>(n) * sizeof(Item));
}

template <class Item, class T>
void lines(const Array& x, Array& values, Array& indices, const Blocks& b, std::int64_t k, bool descending) {
  const T* from = x.data<T>();
  T* to = values.data<T>();
  std::int64_t* places = indices.data<std::int64_t>();
  const std::int64_t n = b.size;
  detail::parallel_for(b.outer * b.inner, row_grain(n * 8), [&](std::int64_t first, std::int64_t last) {
    Item* items = scratch<0, Item>(2 * n);
    for (std::int64_t line = first; line < last; ++line) {
      const std::int64_t o = line / b.inner, i = line % b.inner;
      const T* s = from + o * n * b.inner + i;
      for (std::int64_t j = 0; j < n; ++j) {
        const auto key = key_of(s[j * b.inner]);
        using Key = std::remove_const_t<decltype(key)>;
        items[j] = Item::make(descending ? static_cast<Key>(~key) : key, j);
      }
      if (k < n) {
        std::nth_element(items, items + k, items + n);
        std::sort(items, items + k);
      } else if (n < digits_from * Item::digits) {
        std::sort(items, items + n);
      } else {
        sort_digits(items, items + n, n);
      }
      const std::int64_t start = o * k * b.inner + i;
      for (std::int64_t j = 0; j < k; ++j) {
        const std::int64_t place = items[j].index();
        to[start + j * b.inner] = s[place * b.inner];
        places[start + j * b.inner] = place;
      }
    }
  });
}

Sorted ordered(const Array& in, int dim, std::int64_t k, bool descending) {
  const Array x = contiguous(in);
  const Blocks b(x.shape(), dim);
  const Shape shape = x.rank() == 0 ? Shape{} : with_size(x.shape(), dim, k);
  Sorted out{Array(shape, x.dtype()), Array(shape, DType::int64)};
  if (out.values.numel() == 0) return out;
  for_type(x.dtype(), [&]<class T>(T*) {
    using Key = decltype(key_of(T{}));
    if constexpr (sizeof(Key) == 4) {
      if (b.size <= std::numeric_limits<std::uint32_t>::max())
        return lines<Word, T>(x, out.values, out.indices, b, k, descending);
    }
    lines<Pair<Key>, T>(x, out.values, out.indices, b, k, descending);
  });
  return out;
}

template <class T, class Sum> void add_up(const Blocks& b, const T* x, T* y, bool reverse) {
  constexpr std::int64_t width = 64;  // neighbouring lines go together
  const std::int64_t parts = divide_up(b.inner, width), n = b.size;
  detail::parallel_for(b.outer * parts, row_grain(n * std::min(width, b.inner)), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t u = first; u < last; ++u) {
      const std::int64_t begin = u % parts * width, count = std::min(width, b.inner - begin);
      const std::int64_t start = u / parts * n * b.inner + begin;
      if (b.inner == 1) {
        Sum sum = 0;
        for (std::int64_t k = 0; k < n; ++k) {
          const std::int64_t i = start + (reverse ? n - 1 - k : k);
          y[i] = static_cast<T>(sum += x[i]);
        }
        continue;
      }
      Sum sum[width] = {};
      for (std::int64_t k = 0; k < n; ++k) {
        const std::int64_t row = start + (reverse ? n - 1 - k : k) * b.inner;
        for (std::int64_t i = 0; i < count; ++i) y[row + i] = static_cast<T>(sum[i] += x[row + i]);
      }
    }
  });
}

}  // namespace

Sorted sort(const Array& x, int dim, bool descending) {
  return ordered(x, dim, x.rank() == 0 ? 1 : x.size(dim), descending);
}
Sorted topk(const Array& x, std::int64_t k, int dim, bool largest) { return ordered(x, dim, k, largest); }

Array cumsum(const Array& in, int dim, bool reverse) {
  const Array x = in.dtype() == DType::boolean ? cast(in, DType::int64) : contiguous(in);
  Array out(x.shape(), x.dtype());
  if (out.numel() == 0) return out;
  const Blocks b(x.shape(), dim);
  switch (x.dtype()) {
    case DType::float32: add_up<float, double>(b, x.data<float>(), out.data<float>(), reverse); break;
    case DType::float64: add_up<double, double>(b, x.data<double>(), out.data<double>(), reverse); break;
    default: add_up<std::int64_t, std::int64_t>(b, x.data<std::int64_t>(), out.data<std::int64_t>(), reverse); break;
  }
  return out;
}

}  // namespace eg::kernels
