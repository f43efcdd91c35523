#pragma once
#include <eigengrad/core/array.h>

namespace eg::kernels {

enum class Edge : std::uint8_t { reflect, replicate, circular };

/// Dimension dim of x with `left` places before and `right` behind, filled from x as `edge` says. left, right >= 0;
/// left, right < size for reflect, <= size for circular; size >= 1 for replicate.
Array pad_edge(const Array& x, int dim, std::int64_t left, std::int64_t right, Edge edge);
/// The gradient of pad_edge: what was filled is added to where it came from. float and double.
Array pad_edge_grad(const Array& g, int dim, std::int64_t left, std::int64_t right, Edge edge);

/// Every place of dimension dim `times` times in a row.
Array repeat_each(const Array& x, int dim, std::int64_t times);
/// The gradient of repeat_each: sums of `times` neighbours, from the left. float and double.
Array repeat_each_grad(const Array& g, int dim, std::int64_t times);

}  // namespace eg::kernels
