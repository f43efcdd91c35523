// The lesson in normalization: what its page claims, and that the page stands alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "norms_lesson/lesson.h"

namespace {

const norms::Beats& beats() {
  static const norms::Beats b = norms::load_beats();
  return b;
}

norms::Batch batch(std::uint64_t seed = 1) {
  eg::Generator g(seed);
  return norms::choose(beats(), g);
}

}  // namespace

TEST_CASE("norms: the batch is real beats, narrow and wide") {
  CHECK(beats().x.shape() == eg::Shape{498, 4, 256});
  CHECK(beats().narrow.size() == 378);
  CHECK(beats().wide.size() == 96);
  const norms::Batch b = batch();
  CHECK(b.x.shape() == eg::Shape{6, 4, 256});
  CHECK(norms::largest(b.x.select(0, 0) - b.others.select(0, 0)) == 0);
  CHECK(norms::largest(b.x.select(0, 1) - b.others.select(0, 1)) > 0);
}

TEST_CASE("norms: the layers tell which cells share statistics") {
  const auto all = norms::sharing_of_layers(batch().x);
  REQUIRE(all.size() == 6);
  const int groups[] = {4, 12, 3, 6, 18, 0}, cells[] = {18, 6, 24, 12, 4, 1};
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].groups == groups[i]);
    CHECK(all[i].cells == cells[i]);
    // Group numbers against the definition, cell by cell.
    std::set<std::pair<int, int>> pairs;
    const auto& b = all[i].block;
    for (int n = 0, at = 0; n < b.n; ++n)
      for (int c = 0; c < b.c; ++c)
        for (int l = 0; l < b.l; ++l, ++at) {
          const int set[] = {c, n * b.c + c, n, n * 2 + c / 2, n * b.l + l, -1};
          pairs.insert({set[i], b.group[static_cast<std::size_t>(at)]});
        }
    CHECK(static_cast<int>(pairs.size()) == std::max(1, groups[i]));
  }
  const norms::Kinship k = norms::kinship(batch().x);
  CHECK(k.group1_layer <= 2e-6);
  CHECK(k.groups_instance <= 2e-6);
  CHECK(k.layer_instance <= 2e-6);
}

TEST_CASE("norms: mean 0 and standard deviation 1 over a layer's own sets") {
  for (const norms::Promise& p : norms::promises(batch().x)) {
    CHECK(p.mean <= 1e-6);
    CHECK(p.std <= 0.01);  // eps against the smallest variance
  }
}

TEST_CASE("norms: neighbours change BatchNorm's output and no bit of the others'") {
  for (std::uint64_t seed : {1, 2, 3}) {
    const auto effects = norms::change_neighbours(batch(seed));
    REQUIRE(effects.size() == 4);
    CHECK(effects[0].worst > 0.1);
    for (std::size_t i = 1; i < 4; ++i) {
      CHECK(effects[i].worst == 0);
      CHECK(effects[i].changed == 0);
    }
  }
}

TEST_CASE("norms: InstanceNorm removes gain and offset, but for eps") {
  const norms::Batch b = batch();
  eg::nn::InstanceNorm1d tiny(norms::channels, {.eps = 1e-12});
  CHECK(norms::change_by_gain(tiny, b.x, 3, 2, false) < 1e-5);
  CHECK(norms::change_by_gain(tiny, b.x, 0.1, -4, true) < 1e-4);  // 0.1 x - 4 in float32 lost 5 bits of x
  CHECK(norms::change_by_gain(*norms::make_layers()[0].module, b.x, 3, 2, false) > 1);
  for (double s : {1.0, 1e-2, 1e-3, 1e-4})
    CHECK(norms::output_std(b.x, s, 1e-5) == doctest::Approx(s / std::sqrt(s * s + 1e-5)).epsilon(1e-9));
}

TEST_CASE("norms: eval is a fixed line, and a tracked InstanceNorm lets gain and offset through") {
  eg::Generator g(1);
  const norms::Training t = norms::train(beats(), batch(), 100, g);
  CHECK(!t.eval_wrote);
  CHECK(t.map_error < 1e-5);
  CHECK(t.batch[2].var.back() == doctest::Approx(t.var).epsilon(0.1));  // the plain average of 600 beats
  CHECK(t.instance.var.back() <= t.batch[0].var.back());
  REQUIRE(t.modes.size() == 3);
  for (const auto& m : t.modes) CHECK(m.train.std == doctest::Approx(1).epsilon(0.001));
  CHECK(t.modes[2].eval.std == doctest::Approx(3 * t.modes[0].eval.std).epsilon(1e-4));
}

TEST_CASE("norms: rounding") {
  for (const auto& e : norms::offset_errors(batch().x)) CHECK(e.layer <= 1e-5);
  const norms::ConstantRow c = norms::constant_row();
  CHECK(c.layer == 0);
  CHECK(c.finite);
  for (const auto& s : norms::extreme_scales(batch().x)) CHECK(s.layer == doctest::Approx(1).epsilon(1e-4));
}

TEST_CASE("norms: gradients sum to 0 and have no part along x-hat") {
  const norms::Gradients r = norms::gradients(batch().x);
  REQUIRE(r.sums.size() == 5);
  CHECK(std::abs(r.sums[0].sum) <= 1e-5 * r.sums[0].sum_abs);
  CHECK(std::abs(r.sums[1].sum) <= 1e-12 * r.sums[1].sum_abs);
  CHECK(std::abs(r.sums[2].along) <= 1e-8 * r.sums[2].along_abs);
  CHECK(std::abs(r.sums[3].sum) > 1e-3 * r.sums[3].sum_abs);  // BatchNorm: not over one row
  CHECK(std::abs(r.sums[4].sum) <= 1e-5 * r.sums[4].sum_abs);
  CHECK(r.bias_with < 1e-5 * r.bias_without);
}

TEST_CASE("norms: the page stands alone and is the same for the same seed") {
  const norms::Lesson a = norms::make_lesson(5);
  for (const char* outside : {"http:", "https:", "src=", "<link", "@import", "url(http", "fetch("}) {
    // The name space of SVG is a name, not a place.
    std::string html = a.html;
    for (const std::string name = "http://www.w3.org/2000/svg"; html.find(name) != std::string::npos;)
      html.erase(html.find(name), name.size());
    CAPTURE(outside);
    const bool found = html.find(outside) != std::string::npos;
    CHECK(!found);
  }
  CHECK(a.pictures.size() == 18);
  const bool svg =
      std::all_of(a.pictures.begin(), a.pictures.end(), [](const auto& p) { return p.second.rfind("<svg", 0) == 0; });
  CHECK(svg);
  const auto script = [](const norms::Lesson& l) {
    return l.html.substr(l.html.find("<script>"));
  };  // charts number their ids
  const bool whole = a.html.rfind("</body></html>\n") == a.html.size() - 15,
             same = script(a) == script(norms::make_lesson(5));
  CHECK(whole);
  CHECK(same);
}
