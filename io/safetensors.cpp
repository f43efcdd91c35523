#include <eigengrad/core/error.h>
#include <eigengrad/io/file.h>
#include <eigengrad/io/safetensors.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include <eigengrad/core/detail/format.h>

#include "detail/json.h"

// Little-endian files are copied byte for byte.
static_assert(std::endian::native == std::endian::little);

namespace eg::io {
namespace {

constexpr std::size_t header_limit = 100u << 20;  // the format's own limit

const char* type_name(DType t) {
  return t == DType::float32 ? "F32" : t == DType::float64 ? "F64" : t == DType::int64 ? "I64" : "BOOL";
}

/// How a stored type becomes one of ours.
struct Stored {
  const char* name;
  std::size_t bytes;
  DType dtype;
  void (*convert)(const char* from, std::byte* to, std::int64_t n);  // null: a copy
};

template <class From> void to_int64(const char* from, std::byte* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    From v;
    std::memcpy(&v, from + i * static_cast<std::int64_t>(sizeof(From)), sizeof v);
    const std::int64_t wide = v;
    std::memcpy(to + i * 8, &wide, 8);
  }
}
void from_bfloat16(const char* from, std::byte* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint16_t h;
    std::memcpy(&h, from + 2 * i, 2);
    const std::uint32_t bits = static_cast<std::uint32_t>(h) << 16;
    std::memcpy(to + 4 * i, &bits, 4);
  }
}
void from_float16(const char* from, std::byte* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint16_t h;
    std::memcpy(&h, from + 2 * i, 2);
    const std::uint32_t sign = (h & 0x8000u) << 16, exponent = (h >> 10) & 31, mantissa = h & 1023;
    float v;
    if (exponent == 0) {
      v = static_cast<float>(mantissa) * 0x1p-24f;
    } else {
      const std::uint32_t bits = ((exponent == 31 ? 255u : exponent + 112) << 23) | (mantissa << 13);
      std::memcpy(&v, &bits, 4);
    }
    std::uint32_t bits;
    std::memcpy(&bits, &v, 4);
    bits |= sign;
    std::memcpy(to + 4 * i, &bits, 4);
  }
}
void to_bool(const char* from, std::byte* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = std::byte{from[i] != 0};
}

constexpr Stored stored_types[] = {
    {"F32", 4, DType::float32, nullptr},          {"F64", 8, DType::float64, nullptr},
    {"I64", 8, DType::int64, nullptr},            {"BOOL", 1, DType::boolean, to_bool},
    {"F16", 2, DType::float32, from_float16},     {"BF16", 2, DType::float32, from_bfloat16},
    {"I32", 4, DType::int64, to_int64<std::int32_t>},  {"U32", 4, DType::int64, to_int64<std::uint32_t>},
    {"I16", 2, DType::int64, to_int64<std::int16_t>},  {"U16", 2, DType::int64, to_int64<std::uint16_t>},
    {"I8", 1, DType::int64, to_int64<std::int8_t>},    {"U8", 1, DType::int64, to_int64<std::uint8_t>},
};

struct Entry {
  std::string name;
  const Stored* type;
  Shape shape;
  std::int64_t begin, end;
};

Entry entry_of(const std::string& file, const std::string& name, const detail::Json& j, std::int64_t data_bytes) {
  auto wrong = [&](const std::string& what) { fail<FileError>("read_safetensors", "{}: tensor '{}': {}", file, name, what); };
  const detail::Json *type = j.find("dtype"), *shape = j.find("shape"), *offsets = j.find("data_offsets");
  if (!type || type->kind != detail::Json::string || !shape || shape->kind != detail::Json::array || !offsets ||
      offsets->kind != detail::Json::array || offsets->items.size() != 2)
    wrong("expected dtype, shape and two data_offsets");
  const auto known = std::find_if(std::begin(stored_types), std::end(stored_types), [&](const Stored& s) { return type->text == s.name; });
  if (known == std::end(stored_types)) wrong(fmt::format("expected a known dtype, got '{}'", type->text.substr(0, 20)));
  if (shape->items.size() > max_rank) wrong(fmt::format("expected at most {} dimensions, got {}", max_rank, shape->items.size()));
  Entry e{name, known, {}, offsets->items[0].value, offsets->items[1].value};
  std::int64_t n = 1;
  for (const detail::Json& d : shape->items) {
    if (d.kind != detail::Json::number || (n > 0 && d.value > data_bytes && d.value > (std::int64_t{1} << 40)))
      wrong("expected sizes that fit the file");
    if (d.value != 0 && n > (std::int64_t{1} << 48) / d.value) wrong("expected sizes that fit the file");
    n *= d.value;
    e.shape.push_back(d.value);
  }
  if (offsets->items[0].kind != detail::Json::number || offsets->items[1].kind != detail::Json::number || e.begin > e.end || e.end > data_bytes)
    wrong(fmt::format("expected data_offsets within {} bytes of data, got [{}, {}]", data_bytes, e.begin, e.end));
  if (e.end - e.begin != n * static_cast<std::int64_t>(known->bytes))
    wrong(fmt::format("expected {} bytes for shape {} of {}, got {}", n * static_cast<std::int64_t>(known->bytes), e.shape, known->name, e.end - e.begin));
  return e;
}

}  // namespace

const Tensor& TensorFile::at(std::string_view name) const {
  for (const auto& [key, t] : tensors)
    if (key == name) return t;
  fail<FileError>("TensorFile", "expected a tensor named '{}', found none", std::string(name));
}

NamedTensors TensorFile::under(std::string_view prefix) const {
  NamedTensors found;
  for (const auto& [key, t] : tensors)
    if (key.compare(0, prefix.size(), prefix) == 0) found.emplace_back(key.substr(prefix.size()), t);
  return found;
}

void TensorFile::add(std::string_view prefix, const NamedTensors& named) {
  for (const auto& [key, t] : named) tensors.emplace_back(std::string(prefix) + key, t);
}

std::string_view TensorFile::text(std::string_view key) const {
  for (const auto& [name, value] : metadata)
    if (name == key) return value;
  return {};
}

void write_safetensors(const std::string& path, const TensorFile& file) {
  std::string header = "{", data;
  if (!file.metadata.empty()) {
    header += "\"__metadata__\":{";
    for (std::size_t i = 0; i < file.metadata.size(); ++i) {
      if (i) header += ',';
      header += detail::quoted(file.metadata[i].first) + ':' + detail::quoted(file.metadata[i].second);
    }
    header += '}';
  }
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    const auto& [name, given] = file.tensors[i];
    for (std::size_t k = 0; k < i; ++k)
      if (file.tensors[k].first == name) fail<ValueError>("write_safetensors", "expected each name once, got '{}' twice", name);
    const Tensor t = given.detach().contiguous();
    const std::size_t bytes = static_cast<std::size_t>(t.numel()) * itemsize(t.dtype());
    if (header.size() > 1) header += ',';
    header += detail::quoted(name) + fmt::format(":{{\"dtype\":\"{}\",\"shape\":[", type_name(t.dtype()));
    for (int d = 0; d < t.dim(); ++d) header += fmt::format("{}{}", d ? "," : "", t.shape()[d]);
    header += fmt::format("],\"data_offsets\":[{},{}]}}", data.size(), data.size() + bytes);
    data.append(reinterpret_cast<const char*>(t.array().raw()), bytes);
  }
  header += '}';
  while (header.size() % 8 != 0) header += ' ';  // so that the data are aligned
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  write_file(path, bytes + header + data);
}

TensorFile parse_safetensors(std::string_view bytes, const std::string& name) {
  auto wrong = [&](const std::string& what) { fail<FileError>("read_safetensors", "{}: {}", name, what); };
  std::uint64_t length = 0;
  if (bytes.size() < 8) wrong(fmt::format("expected at least 8 bytes, got {}", bytes.size()));
  std::memcpy(&length, bytes.data(), 8);
  if (length > header_limit || length > bytes.size() - 8)
    wrong(fmt::format("expected a header of at most {} bytes, its length says {}", std::min<std::size_t>(bytes.size() - 8, header_limit), length));
  const detail::Json header = detail::parse_json(bytes.substr(8, length), name);
  if (header.kind != detail::Json::object) wrong("expected a JSON object as header");
  const std::string_view data = bytes.substr(8 + length);

  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.members) {
    if (key == "__metadata__") {
      for (const auto& [k, v] : value.members) {
        if (v.kind != detail::Json::string) wrong("expected text as metadata");
        file.metadata.emplace_back(k, v.text);
      }
      continue;
    }
    if (value.kind != detail::Json::object) wrong("expected an object for each tensor");
    entries.push_back(entry_of(name, key, value, static_cast<std::int64_t>(data.size())));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  std::int64_t at = 0;
  for (const Entry& e : entries) {
    if (e.begin != at) wrong(fmt::format("expected the data of '{}' to start at {}, got {}: a gap or an overlap", e.name, at, e.begin));
    at = e.end;
    Array a(e.shape, e.type->dtype);
    const char* from = data.data() + e.begin;
    if (e.type->convert) e.type->convert(from, a.raw(), a.numel());
    else if (e.end > e.begin) std::memcpy(a.raw(), from, static_cast<std::size_t>(e.end - e.begin));
    file.tensors.emplace_back(e.name, Tensor(std::move(a)));
  }
  if (at != static_cast<std::int64_t>(data.size())) wrong(fmt::format("expected {} bytes of data, got {}", at, data.size()));
  return file;
}

TensorFile read_safetensors(const std::string& path) { return parse_safetensors(read_file(path), path); }

}  // namespace eg::io
