#pragma once
// The part of JSON that a safetensors header uses: objects, arrays, strings and whole numbers.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eg::io::detail {

struct JsonMember;

struct Json {
  enum Kind { object, array, string, number } kind = object;
  std::vector<JsonMember> members;          // of an object, in order
  std::vector<Json> items;                            // of an array
  std::string text;                                   // of a string
  std::int64_t value = 0;                             // of a number

  const Json* find(std::string_view key) const;
};
struct JsonMember {
  std::string first;
  Json second;
};

/// Errors: FileError naming `file` and the place. Nesting is limited to 8 levels, numbers to 0 .. 2^62.
Json parse_json(std::string_view text, const std::string& file);
/// The text as a JSON string, quotes included.
std::string quoted(std::string_view text);

}  // namespace eg::io::detail
