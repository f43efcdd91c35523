#include <eigengrad/io/npy.h>

#include <charconv>
#include <cstring>
#include <optional>

#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>
#include <eigengrad/io/file.h>

#include "detail/bytes.h"

namespace eg::io {
namespace {

using detail::load;
using detail::shown;

constexpr std::size_t max_npy_rank = 32;  // NumPy's own limit
constexpr std::string_view magic("\x93NUMPY", 6);

struct Kind {
  std::string_view name, descr;
  std::size_t width;
};
constexpr Kind kinds[] = {{"bool", "|b1", 1},   {"uint8", "|u1", 1},   {"int8", "|i1", 1},
                          {"uint16", "<u2", 2}, {"int16", "<i2", 2},   {"int32", "<i4", 4},
                          {"int64", "<i8", 8},  {"float32", "<f4", 4}, {"float64", "<f8", 8}};

const Kind* by_name(std::string_view name) {
  for (const Kind& k : kinds)
    if (k.name == name) return &k;
  return nullptr;
}

const Kind* by_descr(std::string_view descr) {
  for (const Kind& k : kinds)
    // One byte has no order: '<u1' and '|u1' are the same.
    if (k.descr == descr ||
        (k.width == 1 && descr.size() == 3 && descr[0] == '<' && descr.substr(1) == k.descr.substr(1)))
      return &k;
  return nullptr;
}

const Kind& kind_of(const char* op, const Npy& a) {
  const Kind* k = by_name(a.dtype);
  if (!k)
    fail<DTypeError>(op, "expected bool, uint8, int8, uint16, int16, int32, int64, float32 or float64, got '{}'",
                     shown(a.dtype));
  return *k;
}

// Number of elements, or nothing where a size is negative or the bytes would not fit 63 bits.
std::optional<std::uint64_t> count(const std::vector<std::int64_t>& shape, std::size_t width) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 62;
  std::uint64_t n = 1;
  bool empty = false;
  for (std::int64_t s : shape) {
    if (s < 0) return std::nullopt;
    if (s == 0)
      empty = true;
    else if (n > limit / width / static_cast<std::uint64_t>(s))
      return std::nullopt;
    else
      n *= static_cast<std::uint64_t>(s);
  }
  return empty ? 0 : n;
}

void check_size(const char* op, const Npy& a, std::size_t width) {
  const auto n = count(a.shape, width);
  if (n && *n * width == a.bytes.size()) return;
  std::string sizes;
  for (std::size_t i = 0; i < a.shape.size(); ++i) {
    if (i) sizes += ", ";
    sizes += std::to_string(a.shape[i]);
  }
  fail<ShapeError>(op, "expected the elements of shape [{}], got {} of {}", sizes, a.bytes.size() / width, a.dtype);
}

// The header is a Python dict literal of three known keys; this reads exactly that, in any order of keys.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : s_(text), name_(name) {}

  void parse(Npy& out) {
    bool have_descr = false, have_order = false, have_shape = false, fortran = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr" && !have_descr) {
        have_descr = true;
        set_dtype(quoted(), out);
      } else if (key == "fortran_order" && !have_order) {
        have_order = true;
        fortran = boolean();
      } else if (key == "shape" && !have_shape) {
        have_shape = true;
        out.shape = tuple();
      } else {
        bad(fmt::format("an unknown or repeated key '{}'", shown(key)));
      }
      if (accept(',')) continue;
      expect('}');
      break;
    }
    skip();
    if (at_ != s_.size()) bad("text after the dict");
    if (!have_descr || !have_order || !have_shape) bad("no 'descr', 'fortran_order' or 'shape'");
    if (fortran && out.shape.size() > 1)
      fail<FileError>("read_npy", "expected C order in '{}', got Fortran order; save numpy.ascontiguousarray(array)",
                      name_);
  }

 private:
  [[noreturn]] void bad(const std::string& what) {
    fail<FileError>("read_npy", "expected a dict with descr, fortran_order and shape as the header of '{}', got {}",
                    name_, what);
  }
  void skip() {
    while (at_ < s_.size() && (s_[at_] == ' ' || s_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip();
    if (at_ >= s_.size() || s_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (accept(c)) return;
    bad(at_ < s_.size() ? fmt::format("'{}' where '{}' belongs", shown(s_.substr(at_, 1)), c) : "too little text");
  }
  std::string_view quoted() {
    const char q = accept('\'') ? '\'' : '"';
    if (q == '"') expect('"');
    const std::size_t end = s_.find(q, at_);
    if (end == std::string_view::npos) bad("a string without an end");
    const std::string_view r = s_.substr(at_, end - at_);
    at_ = end + 1;
    return r;
  }
  bool boolean() {
    skip();
    for (bool v : {false, true}) {
      const std::string_view word = v ? "True" : "False";
      if (s_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return v;
      }
    }
    bad("no True or False after 'fortran_order'");
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> r;
    expect('(');
    while (!accept(')')) {
      skip();
      std::int64_t v = -1;
      const auto [end, ec] = std::from_chars(s_.data() + at_, s_.data() + s_.size(), v);
      if (ec != std::errc() || v < 0) bad("a size that is no number from 0 to 2^63 - 1");
      at_ = static_cast<std::size_t>(end - s_.data());
      if (r.size() == max_npy_rank) bad("more than 32 sizes");
      r.push_back(v);
      if (accept(',')) continue;
      expect(')');
      break;
    }
    return r;
  }
  void set_dtype(std::string_view descr, Npy& out) {
    const Kind* k = by_descr(descr);
    if (!k)
      fail<FileError>(
          "read_npy",
          "expected little-endian bool, integers to 64 bits or floats of 32 or 64 bits in '{}', got dtype '{}'; "
          "convert it with astype",
          name_, shown(descr));
    out.dtype = k->name;
  }

  std::string_view s_;
  const std::string& name_;
  std::size_t at_ = 0;
};

template <class To, class From>
void convert(const std::string& bytes, std::vector<To>& out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<To>(load<From>(bytes, i * sizeof(From)));
}

template <class To>
std::vector<To> convert_all(const char* op, const Npy& a) {
  const Kind& k = kind_of(op, a);
  check_size(op, a, k.width);
  std::vector<To> out(a.bytes.size() / k.width);
  if (k.name == "bool")
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<To>(a.bytes[i] != 0);
  else if (k.name == "uint8")
    convert<To, std::uint8_t>(a.bytes, out);
  else if (k.name == "int8")
    convert<To, std::int8_t>(a.bytes, out);
  else if (k.name == "uint16")
    convert<To, std::uint16_t>(a.bytes, out);
  else if (k.name == "int16")
    convert<To, std::int16_t>(a.bytes, out);
  else if (k.name == "int32")
    convert<To, std::int32_t>(a.bytes, out);
  else if (k.name == "int64")
    convert<To, std::int64_t>(a.bytes, out);
  else if (k.name == "float32")
    convert<To, float>(a.bytes, out);
  else
    convert<To, double>(a.bytes, out);
  return out;
}

template <class T>
Npy wrap(std::vector<std::int64_t> shape, std::span<const T> values, const char* dtype) {
  Npy a{std::move(shape), dtype, std::string(reinterpret_cast<const char*>(values.data()), values.size_bytes())};
  check_size("make_npy", a, sizeof(T));
  return a;
}

}  // namespace

std::int64_t Npy::numel() const {
  std::int64_t n = 1;
  for (std::int64_t s : shape) n *= s;
  return n;
}
std::vector<double> Npy::to_double() const { return convert_all<double>("Npy::to_double", *this); }
std::vector<float> Npy::to_float() const { return convert_all<float>("Npy::to_float", *this); }
std::vector<std::int64_t> Npy::to_int64() const {
  if (dtype == "float32" || dtype == "float64")
    fail<DTypeError>("Npy::to_int64", "expected integers or bool, got {}; call to_double()", dtype);
  return convert_all<std::int64_t>("Npy::to_int64", *this);
}

Npy make_npy(std::vector<std::int64_t> shape, std::span<const float> v) { return wrap(std::move(shape), v, "float32"); }
Npy make_npy(std::vector<std::int64_t> shape, std::span<const double> v) {
  return wrap(std::move(shape), v, "float64");
}
Npy make_npy(std::vector<std::int64_t> shape, std::span<const std::int64_t> v) {
  return wrap(std::move(shape), v, "int64");
}
Npy make_npy(std::vector<std::int64_t> shape, std::span<const std::int16_t> v) {
  return wrap(std::move(shape), v, "int16");
}

Npy parse_npy(std::string_view bytes, const std::string& name) {
  if (bytes.size() < 10 || bytes.substr(0, 6) != magic)
    fail<FileError>("read_npy", "expected a .npy file, got '{}' ({} bytes, starting '{}')", name, bytes.size(),
                    shown(bytes.substr(0, 8)));
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3 || bytes[7] != 0)
    fail<FileError>("read_npy", "expected version 1.0, 2.0 or 3.0 in '{}', got {}.{}", name, version,
                    static_cast<int>(static_cast<unsigned char>(bytes[7])));
  const std::size_t start = version == 1 ? 10 : 12;
  if (bytes.size() < start) fail<FileError>("read_npy", "'{}' ends inside its header", name);
  const std::size_t length = version == 1 ? load<std::uint16_t>(bytes, 8) : load<std::uint32_t>(bytes, 8);
  if (length > bytes.size() - start)
    fail<FileError>("read_npy", "expected a header of {} bytes in '{}', got {}; the file is cut short or damaged",
                    length, name, bytes.size() - start);
  Npy out;
  HeaderParser(bytes.substr(start, length), name).parse(out);
  const std::string_view data = bytes.substr(start + length);
  const std::size_t width = by_name(out.dtype)->width;
  const auto n = count(out.shape, width);
  if (!n) fail<FileError>("read_npy", "expected a shape whose bytes fit 62 bits in '{}', got a larger one", name);
  if (*n * width != data.size())
    fail<FileError>("read_npy", "expected {} bytes of data in '{}' ({} elements of {}), got {}", *n * width, name, *n,
                    out.dtype, data.size());
  out.bytes = data;
  return out;
}

Npy read_npy(const std::string& path) { return parse_npy(read_file(path), path); }

void write_npy(const std::string& path, const Npy& a) {
  const Kind& k = kind_of("write_npy", a);
  check_size("write_npy", a, k.width);
  if (a.shape.size() > max_npy_rank)
    fail<ShapeError>("write_npy", "expected at most {} dimensions, got {}", max_npy_rank, a.shape.size());
  std::string dict = "{'descr': '" + std::string(k.descr) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < a.shape.size(); ++i) {
    if (i) dict += ' ';
    dict += std::to_string(a.shape[i]);
    if (i == 0 || i + 1 < a.shape.size()) dict += ',';
  }
  dict += "), }";
  // Padded with spaces so that the data starts at a multiple of 64 bytes.
  dict.resize((10 + dict.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  dict += '\n';
  std::string out(magic);
  out += '\x01';
  out += '\x00';
  detail::append<std::uint16_t>(out, static_cast<std::uint16_t>(dict.size()));
  out += dict;
  out += a.bytes;
  write_file(path, out);
}

}  // namespace eg::io
