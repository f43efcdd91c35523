#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace ex {

/// Command line of a program: `--name value`, `--name=value`, `--flag`, `--help`.
///   int64_t steps = 2000;  double lr = 2e-4;  std::string out = "out";  bool resume = false;
///   ex::Args args("./run gan", "Trains a GAN on real heartbeats.");
///   args.option("steps", steps, "training steps", 1, 1'000'000).option("out", out, "folder of the results")
///       .flag("resume", resume, "continue from the last checkpoint");
///   args.parse_or_exit(argc, argv);
/// The value a variable has when it is declared is its default, and is shown by --help.
class Args {
 public:
  /// What to do after parsing: go on, or print `text` and end with `exit_code` (0: to stdout; 2: to stderr).
  struct Result {
    bool run = true;
    int exit_code = 0;
    std::string text;
  };

  Args(std::string program, std::string summary) : program_(std::move(program)), summary_(std::move(summary)) {}

  Args& option(std::string name, std::int64_t& value, std::string help,
               std::int64_t min = std::numeric_limits<std::int64_t>::min(),
               std::int64_t max = std::numeric_limits<std::int64_t>::max());
  Args& option(std::string name, double& value, std::string help, double min = std::numeric_limits<double>::lowest(),
               double max = std::numeric_limits<double>::max());
  /// `choices`: the values allowed, or empty for any text that is not empty.
  Args& option(std::string name, std::string& value, std::string help, std::vector<std::string> choices = {});
  Args& flag(std::string name, bool& value, std::string help);

  /// Sets the variables. Nothing is set where the result says not to run.
  Result parse(const std::vector<std::string>& words);
  /// parse; prints and exits where the result says so.
  void parse_or_exit(int argc, char** argv);
  /// Whether the option stood on the command line.
  bool given(const std::string& name) const;
  /// The text of --help.
  std::string usage() const;

 private:
  enum class Kind { integer, real, text, flag };
  struct Option {
    std::string name, help, shown_default;
    Kind kind;
    void* target;
    std::int64_t int_min = 0, int_max = 0;
    double real_min = 0, real_max = 0;
    std::vector<std::string> choices;
    bool given = false;
    std::int64_t int_value = 0;
    double real_value = 0;
    std::string text_value;
  };
  Option& add(std::string name, std::string help, Kind kind, void* target);
  static std::string accept(Option& o, const std::string& text);
  std::string nearest(const std::string& name) const;

  std::string program_, summary_;
  std::vector<Option> options_;
};

}  // namespace ex
