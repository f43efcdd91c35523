#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "support/oracle.h"

namespace {
// The text of the error that parsing gives.
std::string complaint(const std::string& text) {
  try {
    oracle::parse(text, "t");
  } catch (const oracle::Error& e) {
    return e.what();
  }
  return "none";
}
}  // namespace

TEST_CASE("oracle reader: values, options, order of inputs") {
  const oracle::Family f = oracle::parse(
      "# comment\ncase op/a\n# note\narg dims 0,-2\narg none_yet\narg eps 1e-05\narg keepdim true\narg mode two words\n"
      "in x float64 2,2 1 -0.5 inf nan\nin a int64 scalar -3\nin e bool 2,0\nout out float64 1 0.1\nend\n",
      "t");
  const oracle::Case& c = f.at("op/a");
  CHECK(c.order == std::vector<std::string>{"x", "a", "e"});
  CHECK(c.integers("dims") == std::vector<std::int64_t>{0, -2});
  CHECK(c.integers("none_yet").empty());
  CHECK(c.number("eps") == 1e-5);
  CHECK(c.flag("keepdim"));
  CHECK(c.text("mode") == "two words");
  CHECK(c.in.at("x").shape == std::vector<std::int64_t>{2, 2});
  CHECK(c.in.at("x").data[1] == -0.5);
  CHECK(std::isinf(c.in.at("x").data[2]));
  CHECK(std::isnan(c.in.at("x").data[3]));
  CHECK(c.in.at("a").shape.empty());
  CHECK(c.in.at("a").data == std::vector<double>{-3});
  CHECK(c.in.at("e").numel() == 0);
  CHECK(c.out.at("out").data[0] == 0.1);
  CHECK(f.of("op").size() == 1);
}

TEST_CASE("oracle reader: errors say where and what") {
  CHECK(complaint("in x float64 1 1\n") == "t:1: expected 'case', got 'in'");
  CHECK(complaint("case a/b\nin x float64 3 1 2\nend\n") == "t:2 (case a/b): expected 3 values of 'x', got 2");
  CHECK(complaint("case a/b\nin x float64 1 1.5q\nend\n") == "t:2 (case a/b): expected a number, got '1.5q'");
  CHECK(complaint("case a/b\nin x float16 1 1\nend\n") == "t:2 (case a/b): unknown dtype 'float16'");
  CHECK(complaint("case a/b\nfoo x float64 1 1\nend\n") == "t:2 (case a/b): unknown word 'foo'");
  CHECK(complaint("case a/b\n") == "t:1 (case a/b): the file ends before 'end'");
  const oracle::Family f = oracle::parse("case op/a\nin x float64 1 1\nend\ncase op/b\nend\n", "t");
  CHECK_THROWS_WITH_AS(f.at("op/c"), "t: no case 'op/c'; of this op there is: op/a op/b", oracle::Error);
  CHECK_THROWS_WITH_AS(f.at("op/a").in.at("y"), "t: op/a: in: no 'y'; there is: x", oracle::Error);
  CHECK_THROWS_AS(oracle::load("no_such_family"), oracle::Error);
}

TEST_CASE("oracle reader: every committed file parses") {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(EIGENGRAD_SOURCE_DIR "/tests/oracle")) {
    if (entry.path().extension() != ".txt") continue;
    const oracle::Family& f = oracle::load(entry.path().stem().string());
    CHECK_MESSAGE(!f.cases.empty(), f.name);
    for (const oracle::Case& c : f.cases) {
      CAPTURE(c.name);
      CHECK(c.name.find('/') != std::string::npos);
      CHECK_FALSE((c.out.empty() && c.state_after.empty() && c.args.empty()));
      for (const auto& [name, g] : c.grad)
        if (c.in.has(name)) CHECK(g.shape == c.in.at(name).shape);
    }
    ++files;
  }
  CHECK(files > 0);
}

TEST_CASE("oracle: add/basic holds what it says") {
  const oracle::Case& c = oracle::load("elementwise").at("add/basic");
  const auto &a = c.in.at("a").data, &b = c.in.at("b").data, &out = c.out.at("out").data;
  for (std::size_t i = 0; i < out.size(); ++i) CHECK(a[i] + b[i] == out[i]);
  CHECK(c.grad.at("a").data == c.upstream.at("out").data);
}
