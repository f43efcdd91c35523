#pragma once
#include <eigengrad/autograd/named.h>

#include <string_view>

namespace eg::io {

/// What a safetensors file holds: tensors by name, in the order of their data, and text by key.
struct TensorFile {
  NamedTensors tensors;
  std::vector<std::pair<std::string, std::string>> metadata = {};

  /// Errors: FileError naming the missing tensor.
  const Tensor& at(std::string_view name) const;
  /// The tensors whose names start with `prefix`, without it: a module's state dict out of a checkpoint.
  NamedTensors under(std::string_view prefix) const;
  /// Adds tensors with `prefix` before each name.
  void add(std::string_view prefix, const NamedTensors& named);
  /// "" where there is no such key.
  std::string_view text(std::string_view key) const;
};

/// Writes a safetensors file as one step: a kill at any time leaves the old or the new file whole. PyTorch's
/// safetensors package reads it. Types: float32 F32, float64 F64, int64 I64, bool BOOL.
/// Errors    ValueError for a name given twice; FileError where it cannot be written
void write_safetensors(const std::string& path, const TensorFile& file);

/// Reads a safetensors file. F16 and BF16 become float32; I8, U8, I16, U16, I32, U32 become int64.
/// Errors    FileError naming the file and the fault: a header that is not as the format says, sizes that do not add
///           up, ranges that overlap or leave gaps, an unknown type
/// Cost      memory is bounded by the file's size, whatever its header claims
/// Source    the format's description at github.com/huggingface/safetensors
TensorFile read_safetensors(const std::string& path);

/// The same from bytes in memory; `name` stands for the file in errors.
TensorFile parse_safetensors(std::string_view bytes, const std::string& name);

}  // namespace eg::io
