#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>
#include <eigengrad/io/file.h>
#include <eigengrad/io/npy.h>

#include <cstdint>

#include "files.h"

using namespace eg;
using namespace eg::io;

namespace {

std::string npy(const std::string& dict, const std::string& data, int version = 1) {
  std::string s("\x93NUMPY", 6);
  s += static_cast<char>(version);
  s += '\0';
  s += static_cast<char>(dict.size() & 0xff);
  s += static_cast<char>(dict.size() >> 8);
  if (version > 1) s += std::string(2, '\0');
  return s + dict + data;
}

std::string header(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

std::string refusal(const std::string& bytes) {
  try {
    parse_npy(bytes, "x.npy");
  } catch (const FileError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("npy: every dtype, smallest and largest") {
  using D = std::vector<double>;
  const auto read = [](const char* descr, const std::string& data, const char* shape = "(2,)") {
    return parse_npy(npy(header(descr, shape), data), "x").to_double();
  };
  CHECK(read("|b1", std::string("\0\1", 2)) == D{0, 1});
  CHECK(read("|u1", "\x01\xff") == D{1, 255});
  CHECK(read("|i1", "\x80\x7f") == D{-128, 127});
  CHECK(read("<u2", std::string("\x00\x01\xff\xff", 4)) == D{256, 65535});
  CHECK(read("<i2", std::string("\x00\x80\xff\x7f", 4)) == D{-32768, 32767});
  CHECK(read("<i4", std::string("\x00\x00\x00\x80\xff\xff\xff\x7f", 8)) == D{-2147483648.0, 2147483647.0});
  CHECK(read("<i8", std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8), "()") == D{-1});
  CHECK(read("<f4", std::string("\x00\x00\x00\x3f\x00\x00\x80\xbf", 8)) == D{0.5, -1});
  CHECK(read("<f8", std::string("\x00\x00\x00\x00\x00\x00\xe0\x3f", 8), "(1, 1)") == D{0.5});
}

TEST_CASE("npy: versions 2 and 3, keys in any order, 1-d Fortran order, empty arrays") {
  CHECK(parse_npy(npy(header("|u1", "(2,)"), "ab", 2), "x").numel() == 2);
  CHECK(parse_npy(npy(header("|u1", "(2,)"), "ab", 3), "x").numel() == 2);
  CHECK(parse_npy(npy("{\"shape\":(1,2),'fortran_order':False,'descr':'|u1'}", "ab"), "x").shape ==
        std::vector<std::int64_t>{1, 2});
  CHECK(parse_npy(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2,)}", "ab"), "x").numel() == 2);
  CHECK(parse_npy(npy(header("<f8", "(0, 5)"), ""), "x").to_float().empty());
}

TEST_CASE("npy: round trips, data aligned to 64 bytes") {
  TemporaryFolder dir;
  const std::vector<float> f{1.5f, -2, 3, 4, 5, 6};
  const std::vector<double> d{0.1};
  const std::vector<std::int64_t> i{std::int64_t{1} << 62, -1};
  write_npy(dir / "f.npy", make_npy({2, 3}, f));
  write_npy(dir / "d.npy", make_npy({}, d));
  write_npy(dir / "i.npy", make_npy({2}, i));
  const Npy r = read_npy(dir / "f.npy");
  CHECK(r.shape == std::vector<std::int64_t>{2, 3});
  CHECK(r.dtype == "float32");
  CHECK(r.to_float() == f);
  CHECK((read_file(dir / "f.npy").size() - 24) % 64 == 0);
  CHECK(read_npy(dir / "d.npy").to_double() == d);
  CHECK(read_npy(dir / "i.npy").to_int64() == i);
  CHECK_THROWS_WITH_AS(make_npy({2, 2}, f), "make_npy: expected the elements of shape [2, 2], got 6 of float32",
                       ShapeError);
  CHECK_THROWS_AS(r.to_int64(), DTypeError);
}

TEST_CASE("npy: the shipped heartbeats, byte for byte as NumPy would write them") {
  TemporaryFolder dir;
  const std::string path = EIGENGRAD_SOURCE_DIR "/data/ecg/ecg_beats_i16.npy";
  const Npy beats = read_npy(path);
  CHECK(beats.shape == std::vector<std::int64_t>{498, 256});
  CHECK(beats.dtype == "int16");
  write_npy(dir / "b.npy", beats);
  CHECK(read_file(dir / "b.npy") == read_file(path));
}

TEST_CASE("npy: refusals name the file and what is wrong") {
  CHECK(refusal("PK") == "read_npy: expected a .npy file, got 'x.npy' (2 bytes, starting 'PK')");
  CHECK(refusal(npy(header(">f4", "(1,)"), "abcd")) ==
        "read_npy: expected little-endian bool, integers to 64 bits or floats of 32 or 64 bits in 'x.npy', got dtype "
        "'>f4'; "
        "convert it with astype");
  CHECK(refusal(npy(header("|O", "(1,)"), "abcd")).find("got dtype '|O'") != std::string::npos);
  CHECK(refusal(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1)}", "abcd")) ==
        "read_npy: expected C order in 'x.npy', got Fortran order; save numpy.ascontiguousarray(array)");
  CHECK(refusal(npy(header("<f4", "(2,)"), "abcd")) ==
        "read_npy: expected 8 bytes of data in 'x.npy' (2 elements of float32), got 4");
  CHECK(refusal(npy(header("<f4", "(4000000000, 4000000000)"), "abcd")) ==
        "read_npy: expected a shape whose bytes fit 62 bits in 'x.npy', got a larger one");
  CHECK(refusal(npy(header("<f4", "(9223372036854775807, 0)"), "")).find("got a larger one") != std::string::npos);
  CHECK(refusal(npy(header("<f4", "(99999999999999999999,)"), "abcd")).find("a size that is no number") !=
        std::string::npos);
  CHECK(refusal(npy(header("<f4", "(-1,)"), "abcd")).find("a size that is no number") != std::string::npos);
  CHECK(refusal(npy("{}", "")).find("no 'descr'") != std::string::npos);
  CHECK(refusal(npy("{'descr': '<f4', 'descr': '<f4'}", "")).find("repeated key 'descr'") != std::string::npos);
  std::string deep = "(";
  for (int i = 0; i < 40; ++i) deep += "1,";
  CHECK(refusal(npy(header("|u1", deep + ")"), "a")).find("more than 32 sizes") != std::string::npos);
}

TEST_CASE("npy: any damage to a header is read or refused, never more") {
  const std::string good = npy(header("<i2", "(2, 2)"), "abcdefgh");
  CHECK(refused_damage(good, good.size() - 8, [](std::string_view b) { parse_npy(b, "x"); }) > 10000);
}
