#pragma once
// Reader of tests/oracle/<family>.txt, the numbers made by PyTorch. The format stands in tests/oracle/README.md.
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace oracle {

/// A file that is not as the format says, or a name that is not in it. The text names file, line and case.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An array. `data` holds prod(shape) numbers in row-major order, whatever the dtype; bool as 0 and 1.
struct Value {
  std::string dtype;                // "float64", "int64", "bool"
  std::vector<std::int64_t> shape;  // {} for a scalar
  std::vector<double> data;
  std::int64_t numel() const { return static_cast<std::int64_t>(data.size()); }
};

/// A map that says what it holds when asked for something else.
template <class T>
class Table : public std::map<std::string, T> {
 public:
  std::string label;  // "elementwise: add/basic: in"
  /// Errors: Error naming the label, the missing name and the names there are.
  const T& at(const std::string& name) const {
    const auto found = this->find(name);
    if (found != this->end()) return found->second;
    std::string text = label + ": no '" + name + "'; there is:";
    for (const auto& item : *this) text += " " + item.first;
    throw Error(text);
  }
  bool has(const std::string& name) const { return this->count(name) != 0; }
};

struct Case {
  std::string name;                // "<op>/<variant>"
  std::vector<std::string> order;  // names of the inputs as the function takes them
  Table<std::string> args;
  Table<Value> in, out;
  Table<Value> upstream;                   // by output
  Table<Value> v;                          // by input: the direction of the higher orders
  Table<Value> grad, grad2, grad3, grad4;  // by input; from grad2 on also "upstream.<output>"
  Table<Value> state_before, state_after;

  bool flag(const std::string& key) const;                           // "true", "false"
  double number(const std::string& key) const;                       // "1e-05"
  std::int64_t integer(const std::string& key) const;                // "2"
  std::vector<std::int64_t> integers(const std::string& key) const;  // "0,2"; "" is the empty list
  std::vector<double> numbers(const std::string& key) const;
  const std::string& text(const std::string& key) const { return args.at(key); }
  bool none(const std::string& key) const { return args.at(key) == "none"; }
};

struct Family {
  std::string name;
  std::vector<Case> cases;  // in the order of the file
  /// Errors: Error with the cases of the same op where the name is unknown.
  const Case& at(const std::string& name) const;
  bool has(const std::string& name) const { return index.count(name) != 0; }
  /// The cases named `<op>/...`. Errors: Error where there is none.
  std::vector<const Case*> of(const std::string& op) const;
  std::map<std::string, std::size_t> index;
};

/// Parses a text; `source` names it in errors.
Family parse(std::string_view text, const std::string& source);
/// Reads tests/oracle/<family>.txt once and keeps it until the program ends. Errors: Error.
const Family& load(const std::string& family);

}  // namespace oracle
