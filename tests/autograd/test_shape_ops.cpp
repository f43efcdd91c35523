// Values of the functions that move elements, against PyTorch's, with their gradients.
#include <doctest/doctest.h>

#include <cmath>

#include <eigengrad/eigengrad.h>

#include "support/oracle.h"

using namespace eg;

namespace {

using Make = Tensor (*)(const std::vector<Tensor>&, const oracle::Case&);

Tensor from(const oracle::Value& v) {
  return tensor(std::span<const double>(v.data)).reshape(v.shape).to(v.dtype == "int64" ? int64 : v.dtype == "bool" ? boolean : float64);
}

bool same(const Tensor& t, const oracle::Value& v) {
  if (!(t.shape() == Shape(v.shape))) return false;
  const auto got = t.to_vector<double>();
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!(got[i] == v.data[i] || (std::isnan(got[i]) && std::isnan(v.data[i])) || std::abs(got[i] - v.data[i]) <= 1e-12 * (1 + std::abs(v.data[i]))))
      return false;
  return true;
}

void check(const char* family, const char* op, Make make) {
  for (const oracle::Case* c : oracle::load(family).of(op)) {
    CAPTURE(c->name);
    std::vector<Tensor> in, wanted;
    std::vector<std::string> names;
    for (const auto& name : c->order) {
      in.push_back(from(c->in.at(name)));
      if (c->grad.has(name)) {
        in.back().set_requires_grad();
        wanted.push_back(in.back());
        names.push_back(name);
      }
    }
    const Tensor y = make(in, *c);
    CHECK(same(y, c->out.at("out")));
    if (wanted.empty()) continue;
    const auto g = grad({y}, wanted, {.grad_outputs = {from(c->upstream.at("out"))}});
    for (std::size_t i = 0; i < g.size(); ++i) CHECK(same(g[i], c->grad.at(names[i])));
  }
}

std::int64_t int_of(const oracle::Case& c, const char* key) { return c.integer(key); }

}  // namespace

TEST_CASE("shape functions agree with the oracle") {
  check("shapes", "reshape", [](const auto& x, const auto& c) { return reshape(x[0], c.integers("shape")); });
  check("shapes", "flatten", [](const auto& x, const auto& c) { return flatten(x[0], int_of(c, "start"), int_of(c, "end")); });
  check("shapes", "unflatten", [](const auto& x, const auto& c) { return unflatten(x[0], int_of(c, "dim"), c.integers("sizes")); });
  check("shapes", "squeeze", [](const auto& x, const auto& c) { return c.none("dim") ? squeeze(x[0]) : squeeze(x[0], {int_of(c, "dim")}); });
  check("shapes", "unsqueeze", [](const auto& x, const auto& c) { return unsqueeze(x[0], int_of(c, "dim")); });
  check("shapes", "permute", [](const auto& x, const auto& c) { return permute(x[0], c.integers("dims")); });
  check("shapes", "transpose", [](const auto& x, const auto& c) { return transpose(x[0], int_of(c, "dim0"), int_of(c, "dim1")); });
  check("shapes", "movedim", [](const auto& x, const auto& c) { return movedim(x[0], c.integers("source"), c.integers("destination")); });
  check("shapes", "expand", [](const auto& x, const auto& c) { return expand(x[0], c.integers("shape")); });
  check("shapes", "cat", [](const auto& x, const auto& c) { return c.name == "cat/same_twice" ? cat({x[0], x[0]}) : cat(x, int_of(c, "dim")); });
  check("shapes", "stack", [](const auto& x, const auto& c) { return stack(x, int_of(c, "dim")); });
  const Make pads = [](const auto& x, const auto& c) {
    const auto& m = c.text("mode");
    PadOptions o{.mode = m == "reflect" ? PadMode::reflect : m == "replicate" ? PadMode::replicate : m == "circular" ? PadMode::circular : PadMode::constant};
    if (o.mode == PadMode::constant) o.value = c.number("value");
    return pad(x[0], c.integers("pad"), o);
  };
  for (const char* op : {"pad_constant", "pad_reflect", "pad_replicate", "pad_circular"}) check("shapes", op, pads);
  check("indexing", "slice", [](const auto& x, const auto& c) {
    if (c.name == "slice/overlap_sum") return x[0].slice(1, 0, 4) * x[0].slice(1, 2, 6);
    return slice(x[0], int_of(c, "dim"), int_of(c, "start"), int_of(c, "end"), int_of(c, "step"));
  });
  check("indexing", "select", [](const auto& x, const auto& c) { return select(x[0], int_of(c, "dim"), int_of(c, "index")); });
  check("indexing", "narrow", [](const auto& x, const auto& c) { return narrow(x[0], int_of(c, "dim"), int_of(c, "start"), int_of(c, "length")); });
}

TEST_CASE("upsample_nearest repeats places, its gradient sums over them") {
  auto x = tensor({1., 2., 3., 4.}, {.dtype = float64, .requires_grad = true});
  auto y = upsample_nearest(x.reshape({1, 1, 2, 2}), {2, 3});
  CHECK(y.to_vector<double>() == std::vector<double>{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4});
  y.sum().backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>(4, 6.));
  CHECK(upsample_nearest(x.detach().reshape({1, 2, 2}), {2}).to_vector<double>() == std::vector<double>{1, 1, 2, 2, 3, 3, 4, 4});
}

TEST_CASE("split, chunk and unbind are views whose gradients land in place") {
  auto x = tensor({1., 2., 3., 4., 5., 6.}, {.dtype = float64, .requires_grad = true});
  auto parts = split(x, 4);
  CHECK(parts.size() == 2);
  (parts[1] * parts[0].slice(0, 0, 2)).sum().backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{5, 6, 0, 0, 1, 2});
  CHECK(chunk(x, 4).size() == 3);
  CHECK(split(x, {1, 5, 0}).back().shape() == Shape{0});
  CHECK(unbind(x.reshape({2, 3}), 1)[2].to_vector<double>() == std::vector<double>{3, 6});
}
