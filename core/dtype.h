#pragma once
#include <cstddef>
#include <cstdint>

namespace eg {

/// Element types. Order is the order of promotion: bool < int64 < float32 < float64.
enum class DType : std::uint8_t { boolean, int64, float32, float64 };

inline constexpr DType float32 = DType::float32;
inline constexpr DType float64 = DType::float64;
inline constexpr DType int64 = DType::int64;
inline constexpr DType boolean = DType::boolean;

/// Bytes of one element.
constexpr std::size_t itemsize(DType t) { return t == DType::boolean ? 1 : t == DType::float32 ? 4 : 8; }
constexpr bool is_floating(DType t) { return t >= DType::float32; }
/// "float32", "float64", "int64", "bool".
constexpr const char* name(DType t) {
  return t == DType::float32 ? "float32" : t == DType::float64 ? "float64" : t == DType::int64 ? "int64" : "bool";
}
/// The type of an operation on two tensors: the later one in the order of promotion.
constexpr DType promote(DType a, DType b) { return a < b ? b : a; }

/// dtype_of<float> and so on; other types do not compile.
template <class T> inline constexpr DType dtype_of = T::no_such_element_type;
template <> inline constexpr DType dtype_of<bool> = DType::boolean;
template <> inline constexpr DType dtype_of<std::int64_t> = DType::int64;
template <> inline constexpr DType dtype_of<float> = DType::float32;
template <> inline constexpr DType dtype_of<double> = DType::float64;

}  // namespace eg
