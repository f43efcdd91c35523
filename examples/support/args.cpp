#include "args.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ex {
namespace {

// Number of single-character changes between two words.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

template <class T>
bool number(const std::string& text, T& v) {
  const char* begin = text.data() + (text.size() > 1 && text[0] == '+' && text[1] != '-' ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(begin, end, v);
  return ec == std::errc() && stop == end;
}

// "from 1 to 10", "of at least 1", ... or "".
template <class T>
std::string range(T min, T max, T lowest, T highest) {
  if (min > lowest && max < highest) return fmt::format(" from {} to {}", min, max);
  if (min > lowest) return fmt::format(" of at least {}", min);
  if (max < highest) return fmt::format(" of at most {}", max);
  return "";
}

}  // namespace

Args::Option& Args::add(std::string name, std::string help, Kind kind, void* target) {
  Option o;
  o.name = std::move(name);
  o.help = std::move(help);
  o.kind = kind;
  o.target = target;
  options_.push_back(std::move(o));
  return options_.back();
}

Args& Args::option(std::string name, std::int64_t& value, std::string help, std::int64_t min, std::int64_t max) {
  Option& o = add(std::move(name), std::move(help), Kind::integer, &value);
  o.int_min = min;
  o.int_max = max;
  o.shown_default = fmt::format("{}", value);
  return *this;
}

Args& Args::option(std::string name, double& value, std::string help, double min, double max) {
  Option& o = add(std::move(name), std::move(help), Kind::real, &value);
  o.real_min = min;
  o.real_max = max;
  o.shown_default = fmt::format("{}", value);
  return *this;
}

Args& Args::option(std::string name, std::string& value, std::string help, std::vector<std::string> choices) {
  Option& o = add(std::move(name), std::move(help), Kind::text, &value);
  o.choices = std::move(choices);
  o.shown_default = value;
  return *this;
}

Args& Args::flag(std::string name, bool& value, std::string help) {
  add(std::move(name), std::move(help), Kind::flag, &value);
  return *this;
}

// Reads `text` into the option; returns what was expected where it does not fit.
std::string Args::accept(Option& o, const std::string& text) {
  if (o.kind == Kind::integer) {
    if (!number(text, o.int_value) || o.int_value < o.int_min || o.int_value > o.int_max) {
      using Limits = std::numeric_limits<std::int64_t>;
      return "a whole number" + range(o.int_min, o.int_max, Limits::min(), Limits::max());
    }
  } else if (o.kind == Kind::real) {
    if (!number(text, o.real_value) || !std::isfinite(o.real_value) || o.real_value < o.real_min ||
        o.real_value > o.real_max) {
      using Limits = std::numeric_limits<double>;
      return "a number" + range(o.real_min, o.real_max, Limits::lowest(), Limits::max());
    }
  } else {
    if (text.empty()) return "some text";
    if (!o.choices.empty() && std::find(o.choices.begin(), o.choices.end(), text) == o.choices.end())
      return fmt::format("one of {}", fmt::join(o.choices, ", "));
    o.text_value = text;
  }
  return "";
}

std::string Args::nearest(const std::string& name) const {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, name.size() / 2);
  const auto consider = [&](const std::string& candidate) {
    const std::size_t d = candidate.rfind(name, 0) == 0 ? 1 : distance(name, candidate);
    if (d > least || (d == least && !best.empty())) return;
    least = d;
    best = candidate;
  };
  for (const Option& o : options_) consider(o.name);
  consider("help");
  return best;
}

Args::Result Args::parse(const std::vector<std::string>& words) {
  const auto refuse = [&](const std::string& text) {
    return Result{false, 2, fmt::format("{}: {} (--help lists the options)\n", program_, text)};
  };
  for (Option& o : options_) o.given = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") return {false, 0, usage()};
    if (word.rfind("--", 0) != 0 || word.size() == 2)
      return refuse(
          fmt::format("expected an option such as --{}, got '{}'", options_.empty() ? "help" : options_[0].name, word));
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto o = std::find_if(options_.begin(), options_.end(), [&](const Option& x) { return x.name == name; });
    if (o == options_.end()) {
      const std::string guess = nearest(name);
      return refuse(
          fmt::format("unknown option --{}{}", name, guess.empty() ? "" : fmt::format("; did you mean --{}?", guess)));
    }
    o->given = true;
    if (o->kind == Kind::flag) {
      if (equals != std::string::npos) return refuse(fmt::format("--{} takes no value", name));
      continue;
    }
    std::string value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else {
      if (i + 1 == words.size() || words[i + 1].rfind("--", 0) == 0)
        return refuse(fmt::format("--{} needs a value", name));
      value = words[++i];
    }
    const std::string expected = accept(*o, value);
    if (!expected.empty()) return refuse(fmt::format("--{}: expected {}, got '{}'", name, expected, value));
  }
  for (const Option& o : options_) {
    if (!o.given) continue;
    if (o.kind == Kind::integer)
      *static_cast<std::int64_t*>(o.target) = o.int_value;
    else if (o.kind == Kind::real)
      *static_cast<double*>(o.target) = o.real_value;
    else if (o.kind == Kind::text)
      *static_cast<std::string*>(o.target) = o.text_value;
    else
      *static_cast<bool*>(o.target) = true;
  }
  return {};
}

void Args::parse_or_exit(int argc, char** argv) {
  const Result r = parse({argv + (argc > 0 ? 1 : 0), argv + argc});
  if (r.run) return;
  std::fputs(r.text.c_str(), r.exit_code == 0 ? stdout : stderr);
  std::exit(r.exit_code);
}

bool Args::given(const std::string& name) const {
  return std::any_of(options_.begin(), options_.end(), [&](const Option& o) { return o.name == name && o.given; });
}

std::string Args::usage() const {
  const auto left = [](const Option& o) {
    static const char* const kinds[] = {" N", " X", " TEXT", ""};
    return fmt::format("--{}{}", o.name, kinds[static_cast<int>(o.kind)]);
  };
  std::size_t width = 6;
  for (const Option& o : options_) width = std::max(width, left(o).size());
  std::string out = fmt::format("{}\n\nUsage: {} [options]\n\n", summary_, program_);
  for (const Option& o : options_) {
    std::vector<std::string> notes;
    if (!o.choices.empty()) notes.push_back(fmt::format("{}", fmt::join(o.choices, ", ")));
    if (o.kind != Kind::flag && !o.shown_default.empty()) notes.push_back(fmt::format("default: {}", o.shown_default));
    out += fmt::format("  {:<{}}  {}", left(o), width, o.help);
    out += notes.empty() ? "\n" : fmt::format(" ({})\n", fmt::join(notes, "; "));
  }
  return out + fmt::format("  {:<{}}  this text\n", "--help", width);
}

}  // namespace ex
