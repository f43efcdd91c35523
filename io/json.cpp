#include <eigengrad/core/error.h>

#include <eigengrad/core/detail/format.h>

#include "detail/json.h"

namespace eg::io::detail {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Json whole() {
    Json j = any(0);
    space();
    if (at_ != text_.size()) wrong("the end of the header");
    return j;
  }

 private:
  [[noreturn]] void wrong(const char* expected) const {
    fail<FileError>("read", "{}: expected {} at byte {} of the JSON header", file_, expected, at_);
  }
  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  char peek() {
    space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void need(char c, const char* what) {
    if (!take(c)) wrong(what);
  }

  Json any(int depth) {
    if (depth > 8) wrong("at most 8 levels");
    Json j;
    switch (peek()) {
      case '{':
        ++at_;
        if (take('}')) return j;
        do {
          peek();
          std::string key = string();
          if (j.find(key)) wrong("each key once");
          need(':', "':'");
          j.members.push_back({std::move(key), any(depth + 1)});
        } while (take(','));
        need('}', "'}'");
        return j;
      case '[':
        ++at_;
        j.kind = Json::array;
        if (take(']')) return j;
        do j.items.push_back(any(depth + 1));
        while (take(','));
        need(']', "']'");
        return j;
      case '"':
        j.kind = Json::string;
        j.text = string();
        return j;
      default:
        j.kind = Json::number;
        j.value = number();
        return j;
    }
  }

  std::int64_t number() {
    const std::size_t first = at_;
    std::int64_t v = 0;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      if (v > (std::int64_t{1} << 58)) wrong("a number below 2^62");
      v = v * 10 + (text_[at_++] - '0');
    }
    if (at_ == first) wrong("a value");
    return v;
  }

  unsigned hex4() {
    unsigned v = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) wrong("four hexadecimal digits");
      v = v * 16 + static_cast<unsigned>(digit);
      ++at_;
    }
    return v;
  }

  static void utf8(std::string& s, unsigned c) {
    if (c < 0x80) {
      s += static_cast<char>(c);
    } else if (c < 0x800) {
      s += static_cast<char>(0xC0 | (c >> 6));
      s += static_cast<char>(0x80 | (c & 63));
    } else if (c < 0x10000) {
      s += static_cast<char>(0xE0 | (c >> 12));
      s += static_cast<char>(0x80 | ((c >> 6) & 63));
      s += static_cast<char>(0x80 | (c & 63));
    } else {
      s += static_cast<char>(0xF0 | (c >> 18));
      s += static_cast<char>(0x80 | ((c >> 12) & 63));
      s += static_cast<char>(0x80 | ((c >> 6) & 63));
      s += static_cast<char>(0x80 | (c & 63));
    }
  }

  std::string string() {
    if (at_ >= text_.size() || text_[at_] != '"') wrong("a string");
    ++at_;
    std::string s;
    while (true) {
      if (at_ >= text_.size()) wrong("the end of a string");
      const char c = text_[at_++];
      if (c == '"') return s;
      if (static_cast<unsigned char>(c) < 0x20) wrong("no control character in a string");
      if (c != '\\') {
        s += c;
        continue;
      }
      const char e = at_ < text_.size() ? text_[at_++] : '\0';
      constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
      if (const std::size_t i = from.find(e); i != from.npos && e) {
        s += to[i];
      } else if (e == 'u') {
        unsigned u = hex4();
        if (u >= 0xD800 && u < 0xDC00) {
          if (text_.substr(at_, 2) != "\\u") wrong("the second half of a surrogate pair");
          at_ += 2;
          const unsigned low = hex4();
          if (low < 0xDC00 || low > 0xDFFF) wrong("the second half of a surrogate pair");
          u = 0x10000 + ((u - 0xD800) << 10) + (low - 0xDC00);
        } else if (u >= 0xDC00 && u < 0xE000) {
          wrong("the first half of a surrogate pair");
        }
        utf8(s, u);
      } else {
        wrong("a known escape");
      }
    }
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
};

}  // namespace

const Json* Json::find(std::string_view key) const {
  for (const auto& member : members)
    if (member.first == key) return &member.second;
  return nullptr;
}

Json parse_json(std::string_view text, const std::string& file) { return Parser(text, file).whole(); }

std::string quoted(std::string_view text) {
  std::string s = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      s += '\\';
      s += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      s += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      s += c;
    }
  }
  s += '"';
  return s;
}

}  // namespace eg::io::detail
