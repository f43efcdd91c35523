#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>
#include <eigengrad/io/csv.h>
#include <eigengrad/io/file.h>

#include <cmath>
#include <limits>

#include "files.h"

using namespace eg;
using namespace eg::io;

namespace {
std::string refusal(const std::string& text) {
  try {
    parse_csv(text, "x.csv");
  } catch (const FileError& e) {
    return e.what();
  }
  return "";
}
}  // namespace

TEST_CASE("csv: header found out, byte order mark, CRLF, spaces, empty lines, no final line break") {
  const Csv t = parse_csv("\xEF\xBB\xBFstep, loss\r\n1, 0.5\r\n\r\n+2,-1e-3", "x");
  CHECK(t.header == std::vector<std::string>{"step", "loss"});
  CHECK(t.rows == 2);
  CHECK(t.cols == 2);
  CHECK(t.values == std::vector<double>{1, 0.5, 2, -1e-3});
  CHECK(t.column("loss") == std::vector<double>{0.5, -1e-3});
  CHECK(t.column(0) == std::vector<double>{1, 2});
  CHECK_THROWS_WITH_AS(t.column("los"), "Csv::column: expected one of the columns [step, loss], got 'los'", ValueError);
  CHECK_THROWS_AS(t.column(2), IndexError);
}

TEST_CASE("csv: no header, another delimiter, an empty file") {
  CHECK(parse_csv("1;2\n3;nan\n", "x", {.delimiter = ';'}).rows == 2);
  CHECK(parse_csv("1,2\n3,4\n", "x", {.header = true}).header == std::vector<std::string>{"1", "2"});
  CHECK(parse_csv("", "x").cols == 0);
}

TEST_CASE("csv: refusals name file, line and column") {
  CHECK(refusal("a,b\n1,2\n3,x\n") == "read_csv: line 3, column 2 of 'x.csv': expected a number, got 'x'");
  CHECK(refusal("1,\n") == "read_csv: line 1, column 2 of 'x.csv': expected a number, got ''");
  CHECK(refusal("1,2\n3\n") == "read_csv: line 2 of 'x.csv': expected 2 cells, as in the first line, got 1");
  CHECK(refusal("1,2\n3,4,5\n") == "read_csv: line 2 of 'x.csv': expected 2 cells, as in the first line, got 3");
  CHECK(refusal("1\n1e999\n") ==
        "read_csv: line 2, column 1 of 'x.csv': expected a number in double's range, got '1e999'");
  CHECK(refusal("1\n0x10\n") == "read_csv: line 2, column 1 of 'x.csv': expected a number, got '0x10'");
  CHECK(refusal(std::string("1\n2\0\n", 5)) == "read_csv: line 2, column 1 of 'x.csv': expected a number, got '2?'");
}

TEST_CASE("csv: round trip of any double") {
  TemporaryFolder dir;
  Csv t{{"a", "b"}, 3, 2, {0.1, -0.0, 1e308, 5e-324, std::numeric_limits<double>::infinity(), 1.0 / 3}};
  write_csv(dir / "t.csv", t);
  const Csv r = read_csv(dir / "t.csv");
  CHECK(r.header == t.header);
  CHECK(r.values == t.values);
  CHECK(std::signbit(r.at(0, 1)));
  CHECK_THROWS_AS(write_csv(dir / "t.csv", Csv{{"a,b"}, 1, 1, {1}}), ValueError);
  CHECK_THROWS_AS(write_csv(dir / "t.csv", Csv{{}, 2, 2, {1}}), ShapeError);
  CHECK(read_csv(dir / "t.csv").rows == 3);
}

TEST_CASE("csv: the shipped beat table") {
  const Csv t = read_csv(EIGENGRAD_SOURCE_DIR "/data/ecg/ecg_beats.csv");
  CHECK(t.rows == 498);
  int counts[3] = {};
  for (double s : t.column("shape")) ++counts[static_cast<int>(s)];
  CHECK(counts[0] == 378);
  CHECK(counts[1] == 96);
  CHECK(counts[2] == 24);
}

TEST_CASE("csv: any damage is read or refused, never more") {
  const std::string good = "a,b\n1,2\n3.5e2,4\n";
  CHECK(refused_damage(good, good.size(), [](std::string_view b) { parse_csv(b, "x"); }) > 500);
}
