// What the example programs share.
#include <doctest/doctest.h>
#include <eigengrad/core/error.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <sstream>

#include "../io/files.h"
#include "support/args.h"
#include "support/deflate.h"
#include "support/files.h"
#include "support/html.h"
#include "support/png.h"
#include "support/progress.h"
#include "support/svg.h"

namespace {

// A second, independent reader: fixed-Huffman blocks only, bit by bit.
std::string inflate(const std::string& zlib) {
  std::size_t bit = 16;
  const auto take = [&] {
    REQUIRE(bit / 8 < zlib.size());
    const int b = static_cast<unsigned char>(zlib[bit / 8]) >> (bit % 8) & 1;
    ++bit;
    return b;
  };
  const auto number = [&](int n) {
    int v = 0;
    for (int i = 0; i < n; ++i) v |= take() << i;
    return v;
  };
  const auto code = [&](int n, int v = 0) {
    for (int i = 0; i < n; ++i) v = v << 1 | take();
    return v;
  };
  REQUIRE(number(3) == 3);
  static const int length_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                    31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const int length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                     2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const int distance_base[] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                      33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                      1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  std::string out;
  for (;;) {
    int c = code(7), symbol;
    if (c < 24)
      symbol = 256 + c;
    else if ((c = code(1, c)) < 192)
      symbol = c - 48;
    else if (c < 200)
      symbol = 280 + c - 192;
    else
      symbol = 144 + code(1, c) - 400;
    if (symbol == 256) return out;
    if (symbol < 256) {
      out += static_cast<char>(symbol);
      continue;
    }
    const int length = length_base[symbol - 257] + number(length_extra[symbol - 257]);
    const int d = code(5), distance = distance_base[d] + number(d < 4 ? 0 : d / 2 - 1);
    REQUIRE(static_cast<std::size_t>(distance) <= out.size());
    for (int i = 0; i < length; ++i) out += out[out.size() - static_cast<std::size_t>(distance)];
  }
}

std::uint32_t big32(const std::string& s, std::size_t at) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < 4; ++i) v = v << 8 | static_cast<unsigned char>(s[at + i]);
  return v;
}

// Every tag is closed in order, attributes are quoted, no bare & or <. Void elements of HTML are let through.
bool well_formed(const std::string& s) {
  std::vector<std::string> open;
  for (std::size_t i = 0; i < s.size();) {
    if (s[i] == '&') {
      const std::size_t end = s.find(';', i);
      if (end == std::string::npos || end - i > 6) return false;
      i = end + 1;
    } else if (s[i] == '<') {
      if (s.compare(i, 2, "<!") == 0) {
        i = s.find('>', i) + 1;
        continue;
      }
      std::size_t end = i + 1;
      for (bool quoted = false; end < s.size() && (quoted || s[end] != '>'); ++end) {
        if (s[end] == '"') quoted = !quoted;
        if (s[end] == '<') return false;
      }
      const std::string tag = s.substr(i + 1, end - i - 1), name = tag.substr(0, tag.find_first_of(" \n/", 1));
      if (tag[0] == '/') {
        if (open.empty() || open.back() != tag.substr(1)) return false;
        open.pop_back();
      } else if (tag.back() != '/' && name != "meta" && name != "img") {
        open.push_back(name);
      }
      i = end + 1;
    } else {
      ++i;
    }
  }
  return open.empty();
}

std::size_t count(const std::string& s, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = s.find(part); at != std::string::npos; at = s.find(part, at + 1)) ++n;
  return n;
}

struct Program {
  std::int64_t steps = 2000;
  double lr = 2e-4;
  std::string out = "out", mode = "fast";
  bool resume = false;
  ex::Args args{"./run gan", "Trains a GAN."};
  Program() {
    args.option("steps", steps, "training steps", 1, 100000)
        .option("lr", lr, "step size", 0.0, 1.0)
        .option("out", out, "folder of the results")
        .option("mode", mode, "how", {"fast", "exact"})
        .flag("resume", resume, "continue from the last checkpoint");
  }
  std::string refusal(const std::vector<std::string>& words) {
    const auto r = args.parse(words);
    CHECK(!r.run);
    CHECK(r.exit_code == 2);
    CHECK(count(r.text, "\n") == 1);
    const std::string tail = " (--help lists the options)\n";
    REQUIRE(r.text.size() > tail.size());
    CHECK(r.text.substr(r.text.size() - tail.size()) == tail);
    return r.text.substr(0, r.text.size() - tail.size());
  }
};

// What `use` prints through a Progress.
template <class Use>
std::string printed(bool terminal, int width, Use use) {
  std::FILE* f = std::tmpfile();
  REQUIRE(f != nullptr);
  {
    ex::Progress p("train", 200, 0, {f, terminal, width});
    use(p);
  }
  std::string s(static_cast<std::size_t>(std::ftell(f)), '\0');
  std::rewind(f);
  s.resize(std::fread(s.data(), 1, s.size(), f));
  std::fclose(f);
  return s;
}

}  // namespace

TEST_CASE("args: values, both spellings, flags") {
  Program p;
  CHECK(p.args.parse({"--steps", "30", "--lr=1e-3", "--out", "a b", "--resume"}).run);
  CHECK(p.steps == 30);
  CHECK(p.lr == 1e-3);
  CHECK(p.out == "a b");
  CHECK(p.resume);
  CHECK(p.args.given("steps"));
  CHECK(!p.args.given("mode"));
}

TEST_CASE("args: help lists every option with its default") {
  Program p;
  const auto r = p.args.parse({"--help"});
  CHECK(!r.run);
  CHECK(r.exit_code == 0);
  CHECK(r.text ==
        "Trains a GAN.\n\nUsage: ./run gan [options]\n\n"
        "  --steps N    training steps (default: 2000)\n"
        "  --lr X       step size (default: 0.0002)\n"
        "  --out TEXT   folder of the results (default: out)\n"
        "  --mode TEXT  how (fast, exact; default: fast)\n"
        "  --resume     continue from the last checkpoint\n"
        "  --help       this text\n");
}

TEST_CASE("args: every mistake is one line and exit code 2, and sets nothing") {
  Program p;
  CHECK(p.refusal({"--resume", "--stpes", "3"}) == "./run gan: unknown option --stpes; did you mean --steps?");
  CHECK(!p.resume);
  CHECK(p.refusal({"--res"}) == "./run gan: unknown option --res; did you mean --resume?");
  CHECK(p.refusal({"--quantum"}) == "./run gan: unknown option --quantum");
  CHECK(p.refusal({"--steps"}) == "./run gan: --steps needs a value");
  CHECK(p.refusal({"--steps", "--resume"}) == "./run gan: --steps needs a value");
  CHECK(p.refusal({"--steps", "ten"}) == "./run gan: --steps: expected a whole number from 1 to 100000, got 'ten'");
  CHECK(p.refusal({"--steps", "1.5"}) == "./run gan: --steps: expected a whole number from 1 to 100000, got '1.5'");
  CHECK(p.refusal({"--steps", "0"}) == "./run gan: --steps: expected a whole number from 1 to 100000, got '0'");
  CHECK(p.refusal({"--steps", "99999999999999999999"}).find("whole number") != std::string::npos);
  CHECK(p.refusal({"--lr", "nan"}) == "./run gan: --lr: expected a number from 0 to 1, got 'nan'");
  CHECK(p.refusal({"--mode", "slow"}) == "./run gan: --mode: expected one of fast, exact, got 'slow'");
  CHECK(p.refusal({"--out="}) == "./run gan: --out: expected some text, got ''");
  CHECK(p.refusal({"--resume=1"}) == "./run gan: --resume takes no value");
  CHECK(p.refusal({"out"}) == "./run gan: expected an option such as --steps, got 'out'");
  CHECK(p.steps == 2000);
}

TEST_CASE("progress: plain lines about every tenth of the way, no control characters") {
  const std::string s = printed(false, 0, [](ex::Progress& p) {
    for (int i = 1; i <= 200; ++i) p.update(i, {{"loss", 0.5}});
    p.finish();
  });
  CHECK(count(s, "\n") == 12);
  CHECK(s.find("train 1/200 (0 %)  loss 0.5\n") == 0);
  CHECK(s.find("train 200/200 (100 %)  loss 0.5") != std::string::npos);
  CHECK(s.find("train: 200 steps in ") != std::string::npos);
  CHECK(s.find('\x1b') == std::string::npos);
  CHECK(s.find('\r') == std::string::npos);
}

TEST_CASE("progress: the bar fits any width, is drawn rarely, and is gone at the end") {
  for (int width : {1, 5, 12, 20, 40, 60, 80, 200}) {
    const std::string s = printed(true, width, [](ex::Progress& p) {
      for (int i = 1; i <= 200; ++i) p.update(i, {{"critic", 1.25}, {"generator", 0.75}});
      p.message("note");
    });
    CHECK(count(s, "\r") <= 20);
    std::size_t columns = 0;
    for (char c : s.substr(0, s.find("note"))) {
      if (c == '\r')
        columns = 0;
      else if (c == '\x1b')
        columns -= 2;  // ESC [ K takes no room; the two other characters count back
      else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80)
        ++columns;
      if (columns < 1000) CHECK(columns < static_cast<std::size_t>(std::max(width, 2)));
    }
    CHECK(s.find("\r\x1b[Knote\n") != std::string::npos);
  }
}

TEST_CASE("progress: durations") {
  CHECK(ex::duration(0.0123) == "12 ms");
  CHECK(ex::duration(7.44) == "7.4 s");
  CHECK(ex::duration(59.97) == "1:00");
  CHECK(ex::duration(125) == "2:05");
  CHECK(ex::duration(3725) == "1:02:05");
  CHECK(ex::duration(std::nan("")) == "?");
}

TEST_CASE("files: a file is replaced whole, and nothing else is left in the folder") {
  TemporaryFolder dir;
  const std::string path = dir / "a.txt";
  ex::write_file(path, "old");
  ex::write_file(path, std::string("new\0", 4));
  CHECK(ex::read_file(path) == std::string("new\0", 4));
  CHECK_THROWS_AS(ex::read_file(path, 3), eg::FileError);
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path), {}) == 1);
  ex::make_folder(dir / "x/y");
  ex::make_folder(dir / "x/y");
  CHECK_THROWS_AS(ex::make_folder(path + "/z"), eg::FileError);
  CHECK_THROWS_AS(ex::make_folder(path), eg::FileError);
}

TEST_CASE("files: metrics resume after the checkpoint's step") {
  TemporaryFolder dir;
  const std::string path = dir / "m.csv";
  {
    ex::MetricsFile m(path, {"a", "b"});
    for (int i = 1; i <= 5; ++i) m.append(i, {0.5 * i, 1e-9});
    CHECK_THROWS_AS(m.append(6, {1.0}), eg::ValueError);
  }
  ex::write_file(path, ex::read_file(path) + "6,3.");  // cut short by a kill
  {
    ex::MetricsFile m(path, {"a", "b"}, 3);
    m.append(4, {9, 9});
  }
  CHECK(ex::read_file(path) == "step,a,b\n1,0.5,1e-09\n2,1,1e-09\n3,1.5,1e-09\n4,9,9\n");
  CHECK_THROWS_AS(ex::MetricsFile(path, {"a", "c"}, 3), eg::FileError);
  ex::MetricsFile fresh(path, {"c"});
  CHECK(ex::read_file(path) == "step,c\n");
}

TEST_CASE("deflate: known checksums, and an independent reader gets the bytes back") {
  CHECK(ex::crc32("123456789") == 0xCBF43926u);
  CHECK(ex::adler32("Wikipedia") == 0x11E60398u);
  std::string noise, runs, far;
  std::uint32_t x = 1;
  for (int i = 0; i < 70000; ++i) {
    x = x * 1664525u + 1013904223u;
    noise += static_cast<char>(x >> 24);
    runs += static_cast<char>(i / 700);
  }
  far = noise.substr(0, 32768) + noise.substr(0, 32768) + noise.substr(0, 9);
  for (const std::string& s : {std::string(), std::string("a"), std::string(1000, 'a'), noise, runs, far})
    CHECK(inflate(ex::zlib_compress(s)) == s);
  CHECK(ex::zlib_compress(runs).size() < 2000);
}

TEST_CASE("png: chunks carry right checksums, pixels come back") {
  std::vector<std::uint8_t> rgb;
  for (int y = 0; y < 9; ++y)
    for (int x = 0; x < 13; ++x)
      for (int v : {x * 19, y * 28, 255 - x * y}) rgb.push_back(static_cast<std::uint8_t>(v));
  const std::string s = ex::png_rgb(rgb, 13, 9);
  CHECK(s.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  std::string raw;
  std::size_t at = 8;
  while (at < s.size()) {
    const std::size_t n = big32(s, at);
    std::uint32_t crc = 0xFFFFFFFFu;  // bit by bit, as the standard defines it
    for (std::size_t i = at + 4; i < at + 8 + n; ++i) {
      crc ^= static_cast<unsigned char>(s[i]);
      for (int k = 0; k < 8; ++k) crc = (crc & 1u) ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    CHECK(big32(s, at + 8 + n) == ~crc);
    if (s.substr(at + 4, 4) == "IDAT") raw = inflate(s.substr(at + 8, n));
    at += 12 + n;
  }
  REQUIRE(raw.size() == 9 * (1 + 39));
  std::vector<std::uint8_t> back(rgb.size());
  for (std::size_t y = 0; y < 9; ++y)
    for (std::size_t i = 0; i < 39; ++i) {
      const int left = i >= 3 ? back[y * 39 + i - 3] : 0, up = y ? back[y * 39 - 39 + i] : 0, kind = raw[y * 40];
      back[y * 39 + i] = static_cast<std::uint8_t>(raw[y * 40 + 1 + i] + (kind == 1 ? left : kind == 2 ? up : 0));
    }
  CHECK(back == rgb);
  CHECK_THROWS_AS(ex::png_rgb(rgb, 13, 8), std::invalid_argument);
  CHECK_THROWS_AS(ex::png_grey({}, 0, 0), std::invalid_argument);
}

TEST_CASE("png: the sequential map gets lighter at every step") {
  double last = -1;
  for (const ex::Rgb& c : ex::sequential_colors()) {
    const double light = 0.2126 * std::pow(c[0] / 255.0, 2.2) + 0.7152 * std::pow(c[1] / 255.0, 2.2) +
                         0.0722 * std::pow(c[2] / 255.0, 2.2);
    CHECK(light > last - 2e-3);
    last = light;
  }
}

TEST_CASE("base64: the test vectors of RFC 4648") {
  CHECK(ex::base64("") == "");
  CHECK(ex::base64("f") == "Zg==");
  CHECK(ex::base64("fo") == "Zm8=");
  CHECK(ex::base64("foo") == "Zm9v");
  CHECK(ex::base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("svg: every chart is well formed for usual, empty, constant and broken data") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  const std::string evil = "<script>&\"'";
  std::vector<double> many(5000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = std::sin(0.01 * static_cast<double>(i));
  for (const auto& y : {std::vector<double>{}, std::vector<double>{1}, std::vector<double>{2, 2, 2},
                        std::vector<double>{0, nan, inf, -inf, 3}, std::vector<double>{1e-300, 1e300}, many}) {
    for (bool log_y : {false, true}) {
      const ex::ChartOptions o{.title = evil, .x_label = evil, .y_label = evil, .log_y = log_y};
      const std::vector<ex::Series> series{{.name = evil, .y = y}, {.name = "b", .x = {1}, .y = {1}}};
      for (const std::string& s :
           {ex::line_chart(series, o), ex::scatter(series, o), ex::histogram(std::vector<ex::Sample>{{evil, y}}, 20, o),
            ex::band_chart(std::vector<ex::Band>{{.name = evil, .mean = y, .std = y}}, o)}) {
        CHECK(well_formed(s));
        CHECK(s.find("nan,") == std::string::npos);
        CHECK(s.find("inf,") == std::string::npos);
        CHECK(s.find("=\"nan") == std::string::npos);
      }
    }
    const std::vector<ex::SignalGroup> groups{{evil, {y, y}, {evil}}, {"b", {}}};
    CHECK(well_formed(ex::signal_grid(groups)));
    if (!y.empty()) {
      CHECK(well_formed(ex::heat_map(y, 1, static_cast<int>(y.size()))));
      CHECK(well_formed(ex::heat_map(y, static_cast<int>(y.size()), 1, {.upward = true, .diverging = true})));
    }
  }
  CHECK(well_formed(ex::line_chart({})));
  ex::CellBlock b{
      .n = 2, .c = 3, .l = 2, .group = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, -1, -1}, .notes = {evil}, .title = evil};
  CHECK(well_formed(ex::block_isometric(b)));
  CHECK(count(ex::block_panels(b), "<rect") == 12);
  CHECK(well_formed(ex::block_panels(b)));
  b.group.pop_back();
  CHECK_THROWS_AS(ex::block_panels(b), std::invalid_argument);
}

TEST_CASE("html: everything is escaped, marks become tags, nothing is fetched") {
  const std::string evil = "</title><script>alert(1)</script>";
  ex::Page page(evil, evil);
  page.section(evil).text(evil + "\n\n`a<b` and **bold** and 2 * 3 ** 4 `").note(evil).code(evil);
  page.table({"name", "n"}, {{evil, "12"}, {"b", "3 %"}}, evil).facts({{evil, evil}}).figure(ex::line_chart({}), evil);
  page.png("x", evil, evil).audio("x", evil);
  std::string s = page.str();
  CHECK(well_formed(s));
  CHECK(count(s, "<script") == 0);
  CHECK(s.find("<code>a&lt;b</code> and <strong>bold</strong>") != std::string::npos);
  CHECK(s.find("<td class=\"num\">12</td>") != std::string::npos);
  CHECK(count(s, "http") == count(s, "http://www.w3.org/2000/svg"));
  page.script("const s = '</script>';");
  CHECK(count(page.str(), "</script>") == 1);
}
