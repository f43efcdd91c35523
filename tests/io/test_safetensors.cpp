#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>
#include <eigengrad/io/safetensors.h>

#include <cstring>
#include <limits>

#include "files.h"

using namespace eg;

namespace {

std::string file_of(const std::string& header, std::size_t data) {
  std::string bytes(8, '\0');
  const std::uint64_t n = header.size();
  std::memcpy(bytes.data(), &n, 8);
  return bytes + header + std::string(data, '\1');
}

}  // namespace

TEST_CASE("safetensors: what is written comes back, views and all types") {
  io::TensorFile f;
  f.metadata = {{"step", "12"}, {"text", "a \"quoted\" line\n"}};
  f.add("net.", {{"w", randn({3, 4}).transpose(0, 1)}, {"n", full({}, 7, {.dtype = int64})}, {"e", zeros({0, 5})}});
  f.add("", {{"mask", ones({3}, {.dtype = boolean})}, {"d", randn({2}, {.dtype = float64})}});
  const TemporaryFolder folder;
  const std::string path = folder / "round.safetensors";
  io::write_safetensors(path, f);
  const io::TensorFile g = io::read_safetensors(path);
  CHECK(g.text("text") == "a \"quoted\" line\n");
  REQUIRE(g.tensors.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    const Tensor &a = f.tensors[i].second, &b = g.at(f.tensors[i].first);
    CHECK(a.dtype() == b.dtype());
    CHECK(a.shape() == b.shape());
    CHECK(a.to_vector<double>() == b.to_vector<double>());
  }
  CHECK(g.under("net.").size() == 3);
}

TEST_CASE("safetensors: half floats and small integers become ours") {
  std::string bytes = file_of(R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]},)"
                              R"("u":{"dtype":"U8","shape":[2],"data_offsets":[10,12]}})", 12);
  const std::uint16_t half[] = {0x3C00, 0xC000, 0x0001, 0x7C00};
  std::memcpy(bytes.data() + bytes.size() - 12, half, 8);
  bytes[bytes.size() - 4] = static_cast<char>(0x80);
  bytes[bytes.size() - 3] = 0x3F;
  const io::TensorFile f = io::parse_safetensors(bytes, "x");
  CHECK(f.at("h").to_vector<double>() == std::vector<double>{1, -2, 0x1p-24, std::numeric_limits<double>::infinity()});
  CHECK(f.at("b").item<float>() == 1);
  CHECK(f.at("u").to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1});
}

TEST_CASE("safetensors: a file that is not as the format says is refused") {
  for (const char* header :
       {"", "[]", "{", R"({"a":1})", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})",
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
        R"({"a":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}})",
        R"({"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,8]}})",
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})"}) {
    CAPTURE(header);
    CHECK_THROWS_AS(io::parse_safetensors(file_of(header, 8), "x"), FileError);
  }
  CHECK_THROWS_AS(io::parse_safetensors(std::string(8, '\xff'), "x"), FileError);
  const std::string good = file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_THROWS_AS(io::parse_safetensors(good.substr(0, n), "x"), FileError);
  for (std::size_t at = 0; at + 8 < good.size(); ++at)
    for (int v = 0; v < 256; ++v) {
      std::string bad = good;
      bad[at] = static_cast<char>(v);
      try {
        io::parse_safetensors(bad, "x");
      } catch (const FileError&) {
      }
    }
}
