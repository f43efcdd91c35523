#include "support/oracle.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>

namespace oracle {
namespace {

// Splits at `mark`; "" has no parts.
std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (std::size_t from = 0;;) {
    const std::size_t to = text.find(mark, from);
    parts.emplace_back(text.substr(from, to == text.npos ? to : to - from));
    if (to == text.npos) return parts;
    from = to + 1;
  }
}

double to_number(const std::string& text, const std::string& where) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') throw Error(where + ": expected a number, got '" + text + "'");
  return value;
}

std::int64_t to_integer(const std::string& text, const std::string& where) {
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || errno) throw Error(where + ": expected an integer, got '" + text + "'");
  return value;
}

struct Parser {
  Family family;
  std::string source;
  int line_number = 0;
  Case open;
  bool inside = false;

  std::string where() const {
    return source + ":" + std::to_string(line_number) + (inside ? " (case " + open.name + ")" : "");
  }
  [[noreturn]] void bad(const std::string& text) const { throw Error(where() + ": " + text); }

  Table<Value>& table(const std::string& kind) {
    if (kind == "in") return open.in;
    if (kind == "out") return open.out;
    if (kind == "upstream") return open.upstream;
    if (kind == "v") return open.v;
    if (kind == "grad") return open.grad;
    if (kind == "grad2") return open.grad2;
    if (kind == "grad3") return open.grad3;
    if (kind == "grad4") return open.grad4;
    if (kind == "state_before") return open.state_before;
    if (kind == "state_after") return open.state_after;
    bad("unknown word '" + kind + "'");
  }

  // dtype, shape, values...
  Value value(const std::vector<std::string>& words) const {
    if (words.size() < 4) bad("expected '<kind> <name> <dtype> <shape> <values...>'");
    Value result;
    result.dtype = words[2];
    if (result.dtype != "float64" && result.dtype != "float32" && result.dtype != "int64" && result.dtype != "bool")
      bad("unknown dtype '" + result.dtype + "'");
    std::size_t count = 1;
    if (words[3] != "scalar")
      for (const std::string& part : split(words[3], ',')) {
        const std::int64_t size = to_integer(part, where());
        if (size < 0 || size > 1000000 || count > 1000000) bad("unbelievable size " + part);
        result.shape.push_back(size);
        count *= static_cast<std::size_t>(size);
      }
    if (words.size() - 4 != count)
      bad("expected " + std::to_string(count) + " values of '" + words[1] + "', got " +
          std::to_string(words.size() - 4));
    result.data.reserve(count);
    for (std::size_t i = 4; i < words.size(); ++i) result.data.push_back(to_number(words[i], where()));
    return result;
  }

  void begin(const std::vector<std::string>& words) {
    if (inside) bad("expected 'end' before the next case");
    if (words.size() != 2) bad("expected 'case <name>'");
    open = Case{};
    open.name = words[1];
    inside = true;
    if (family.has(open.name)) bad("the case is there twice");
    const std::string label = family.name + ": " + open.name + ": ";
    open.args.label = label + "arg";
    for (const char* kind :
         {"in", "out", "upstream", "v", "grad", "grad2", "grad3", "grad4", "state_before", "state_after"})
      table(kind).label = label + kind;
  }

  void line(std::string_view text) {
    if (text.empty() || text[0] == '#') return;
    const std::vector<std::string> words = split(text, ' ');
    if (words[0] == "case") return begin(words);
    if (!inside) bad("expected 'case', got '" + words[0] + "'");
    if (words[0] == "end") {
      family.index[open.name] = family.cases.size();
      family.cases.push_back(std::move(open));
      inside = false;
    } else if (words[0] == "arg") {
      if (words.size() < 2) bad("expected 'arg <key> <text>'");
      const std::size_t skip = 5 + words[1].size();
      const std::string rest(text.size() > skip ? text.substr(skip) : std::string_view());
      if (!open.args.emplace(words[1], rest).second) bad("arg '" + words[1] + "' is there twice");
    } else {
      Table<Value>& values = table(words[0]);
      if (words.size() < 2 || !values.emplace(words[1], value(words)).second) bad("'" + words[1] + "' is there twice");
      if (words[0] == "in") open.order.push_back(words[1]);
    }
  }
};

}  // namespace

Family parse(std::string_view text, const std::string& source) {
  Parser parser;
  parser.source = parser.family.name = source;
  for (std::size_t from = 0; from < text.size();) {
    std::size_t to = text.find('\n', from);
    if (to == text.npos) to = text.size();
    ++parser.line_number;
    std::string_view line = text.substr(from, to - from);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    parser.line(line);
    from = to + 1;
  }
  if (parser.inside) parser.bad("the file ends before 'end'");
  return std::move(parser.family);
}

const Family& load(const std::string& family) {
  static std::mutex mutex;
  static std::map<std::string, Family> kept;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = kept.find(family);
  if (found != kept.end()) return found->second;
  const std::string path = std::string(EIGENGRAD_SOURCE_DIR "/tests/oracle/") + family + ".txt";
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("cannot open " + path + "; tests/oracle/README.md says how the files are made");
  std::ostringstream text;
  text << file.rdbuf();
  return kept[family] = parse(text.str(), family);
}

const Case& Family::at(const std::string& wanted) const {
  const auto found = index.find(wanted);
  if (found != index.end()) return cases[found->second];
  const std::string op = wanted.substr(0, wanted.find('/') + 1);
  std::string text = name + ": no case '" + wanted + "'; of this op there is:";
  for (const Case& c : cases)
    if (c.name.compare(0, op.size(), op) == 0) text += " " + c.name;
  throw Error(text);
}

std::vector<const Case*> Family::of(const std::string& op) const {
  std::vector<const Case*> found;
  for (const Case& c : cases)
    if (c.name.compare(0, op.size() + 1, op + "/") == 0) found.push_back(&c);
  if (found.empty()) throw Error(name + ": no case of '" + op + "'");
  return found;
}

bool Case::flag(const std::string& key) const {
  const std::string& s = args.at(key);
  if (s != "true" && s != "false") throw Error(args.label + " " + key + ": expected true or false, got '" + s + "'");
  return s == "true";
}
double Case::number(const std::string& key) const { return to_number(args.at(key), args.label + " " + key); }
std::int64_t Case::integer(const std::string& key) const { return to_integer(args.at(key), args.label + " " + key); }
std::vector<std::int64_t> Case::integers(const std::string& key) const {
  std::vector<std::int64_t> result;
  for (const std::string& part : split(args.at(key), ',')) result.push_back(to_integer(part, args.label + " " + key));
  return result;
}
std::vector<double> Case::numbers(const std::string& key) const {
  std::vector<double> result;
  for (const std::string& part : split(args.at(key), ',')) result.push_back(to_number(part, args.label + " " + key));
  return result;
}

}  // namespace oracle
