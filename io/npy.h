#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eg::io {

/// An array as NumPy's .npy files hold it.
struct Npy {
  std::vector<std::int64_t> shape;  ///< sizes, outermost first; {} for a scalar
  std::string dtype = "float64";    ///< bool uint8 int8 uint16 int16 int32 int64 float32 float64
  std::string bytes;                ///< the elements, C order, little-endian

  /// Product of the sizes.
  std::int64_t numel() const;
  /// All elements converted; exact for every dtype but int64 beyond 2^53.
  std::vector<double> to_double() const;
  /// All elements converted, rounded to nearest.
  std::vector<float> to_float() const;
  /// All elements of an integer or bool array. Errors: DTypeError for floats.
  std::vector<std::int64_t> to_int64() const;
};

/// Wraps values for write_npy. Errors: ShapeError where the product of `shape` is not the number of values.
Npy make_npy(std::vector<std::int64_t> shape, std::span<const float> values);
Npy make_npy(std::vector<std::int64_t> shape, std::span<const double> values);
Npy make_npy(std::vector<std::int64_t> shape, std::span<const std::int64_t> values);
Npy make_npy(std::vector<std::int64_t> shape, std::span<const std::int16_t> values);

/// Reads a .npy file of version 1, 2 or 3: little-endian, C order, the dtypes of Npy.
/// Errors    FileError naming the file where it cannot be read, is no .npy file, holds another dtype, byte order or
///           layout, or where its data is not exactly as long as its shape says
/// Cost      memory is bounded by the file's size, whatever its header claims
/// Source    numpy.lib.format (NEP 1)
Npy read_npy(const std::string& path);

/// The same from bytes in memory; `name` stands for the file in errors.
Npy parse_npy(std::string_view bytes, const std::string& name);

/// Writes a .npy file of version 1 that numpy.load reads, as one step (see write_file).
/// Errors    DTypeError for an unknown dtype, ShapeError where bytes and shape disagree, FileError
void write_npy(const std::string& path, const Npy& array);

}  // namespace eg::io
