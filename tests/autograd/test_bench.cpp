// Every row of every rows_<family>.cpp through every check. A failure names row and check.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "bench.h"

using namespace eg;
using bench::Row;
using Tensors = std::vector<Tensor>;

namespace {

template <class Check> void each_row(const std::string& check, Check&& run) {
  const char* only = std::getenv("EIGENGRAD_BENCH_ROW");
  for (const Row& row : bench::all_rows()) {
    const std::string label = row.label();
    if (only && label.find(only) == label.npos) continue;
    INFO("row " << label << ", check: " << check);
    try {
      run(row);
    } catch (const std::exception& e) {
      FAIL_CHECK("threw: " << std::string(e.what()));
    }
  }
}

void expect_same(const std::string& what, const Tensor& a, const Tensor& b, double tolerance) {
  const std::string text = difference(a, b, tolerance);
  if (!text.empty()) FAIL_CHECK(what << ": " << text);
}

bool finite(const oracle::Value& v) {
  for (double x : v.data)
    if (!std::isfinite(x)) return false;
  return true;
}

// Upstream gradient: fixed numbers of alternating sign and no pattern.
Tensor some_upstream(const Tensor& y) {
  Array a(y.shape(), float64);
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double t = 0.6180339887498949 * static_cast<double>(i + 1);
    a.data<double>()[i] = static_cast<float>(2 * (t - std::floor(t)) - 1);
  }
  return Tensor(a).to(y.dtype());
}

Tensors wanted_of(const Tensors& in) {
  Tensors wanted;
  for (const Tensor& t : in)
    if (t.requires_grad()) wanted.push_back(t);
  return wanted;
}

// Undefined where the result does not depend on the input becomes zeros.
Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& upstream, bool create_graph = false) {
  Tensors y, u;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].requires_grad()) {
      y.push_back(outputs[i]);
      u.push_back(upstream[i]);
    }
  Tensors g(inputs.size());
  if (!y.empty() && !inputs.empty())
    g = grad(y, inputs, {.create_graph = create_graph, .allow_unused = true, .grad_outputs = u});
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (!g[i].defined()) g[i] = zeros(inputs[i].shape(), {.dtype = inputs[i].dtype()});
    if (g[i].shape() != inputs[i].shape() || g[i].dtype() != inputs[i].dtype())
      FAIL_CHECK("gradient of an input of shape " << inputs[i].shape().str() << ", " << name(inputs[i].dtype()) << " has shape "
                 << g[i].shape().str() << ", " << name(g[i].dtype()));
  }
  return g;
}

// --- oracle --------------------------------------------------------------------------------------------------------------

Tensor inner(const Tensors& a, const Tensors& b) {
  Tensor s;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Tensor t = (a[i] * b[i]).sum();
    s = s.defined() ? s + t : t;
  }
  return s;
}

void check_case(const Row& row, const oracle::Case& c, DType type) {
  INFO("case " << c.name << ", " << name(type));
  Tensors in, wanted, directions;
  std::vector<std::string> names;
  for (const std::string& n : c.order) {
    Tensor t = to_tensor(c.in.at(n), type);
    if (c.grad.has(n) && !row.values_only) {
      t.set_requires_grad();
      wanted.push_back(t);
      names.push_back(n);
      if (c.v.has(n)) directions.push_back(to_tensor(c.v.at(n), type));
    }
    in.push_back(std::move(t));
  }
  const bool exact = type == float64;
  const double tolerance = exact ? row.tolerance : row.float_tolerance;
  const bench::Outs outs = row.oracle_f ? row.oracle_f(c, in) : bench::Outs(row.f(in));
  Tensors outputs, upstream;
  for (const auto& [given, y] : outs) {
    std::string key = given;
    if (key.empty()) key = c.out.size() == 1 ? c.out.begin()->first : !c.upstream.empty() ? c.upstream.begin()->first : "out";
    expect_same("result " + key, y, to_tensor(c.out.at(key), type), tolerance);
    if (!c.upstream.has(key)) continue;
    outputs.push_back(y);
    upstream.push_back(to_tensor(c.upstream.at(key), type));
  }
  if (wanted.empty() || outputs.empty()) return;
  const oracle::Table<oracle::Value>* tables[] = {&c.grad, &c.grad2, &c.grad3, &c.grad4};
  const int last = !exact || directions.size() != wanted.size() ? 1 : 4;
  if (last > 1) {
    for (std::size_t i = 0; i < upstream.size(); ++i) {
      upstream[i].set_requires_grad();
    }
  }
  Tensors all = wanted;
  Tensor s;
  double room = tolerance;
  for (int order = 1; order <= last && !tables[order - 1]->empty(); ++order, room *= 10) {
    const bool more = order < last && !tables[order]->empty();
    if (order == 2) all.insert(all.end(), upstream.begin(), upstream.end());
    const Tensors g = order == 1 ? gradients(outputs, all, upstream, more) : gradients({s}, all, {ones({}, {.dtype = type})}, more);
    for (std::size_t i = 0; i < wanted.size(); ++i)
      expect_same("gradient of order " + std::to_string(order) + " of " + names[i], g[i],
                  to_tensor(tables[order - 1]->at(names[i]), type), room);
    std::size_t k = wanted.size();
    if (order > 1)
      for (const auto& [given, y] : outs) {
        const std::string key = "upstream." + (given.empty() ? c.upstream.begin()->first : given);
        if (given.empty() || c.upstream.has(given))
          if (tables[order - 1]->has(key))
            expect_same("gradient of order " + std::to_string(order) + " of " + key, g[k], to_tensor(tables[order - 1]->at(key), type), room);
        if (given.empty() || c.upstream.has(given)) ++k;
      }
    if (more) s = inner(Tensors(g.begin(), g.begin() + static_cast<std::ptrdiff_t>(wanted.size())), directions);
  }
}

bool all_finite(const oracle::Case& c) {
  for (const auto& [n, v] : c.in)
    if (!finite(v)) return false;
  for (const auto& [n, v] : c.out)
    if (!finite(v)) return false;
  return true;
}

}  // namespace

TEST_CASE("bench: oracle, float64") {
  each_row("oracle", [](const Row& row) {
    for (const oracle::Case* c : bench::cases_of(row)) check_case(row, *c, float64);
  });
}

TEST_CASE("bench: oracle, float32") {
  each_row("oracle in float32", [](const Row& row) {
    for (const oracle::Case* c : bench::cases_of(row))
      if (all_finite(*c)) check_case(row, *c, float32);
  });
}

// --- finite differences --------------------------------------------------------------------------------------------------

TEST_CASE("bench: gradcheck") {
  each_row("gradcheck", [](const Row& row) {
    const Tensors in = bench::make_inputs(row, float64);
    if (row.values_only || in.empty() || row.order < 1) return;
    gradcheck(row.f, in, row.check);
  });
}

TEST_CASE("bench: gradgradcheck") {
  each_row("gradgradcheck", [](const Row& row) {
    const Tensors in = bench::make_inputs(row, float64);
    if (row.values_only || in.empty() || row.order < 2) return;
    gradgradcheck(row.f, in, row.check);
  });
}

// s_1 = <f, u>, s_k = sum over inputs <grad s_(k-1), v>: order k of f is the gradient of s_k.
TEST_CASE("bench: orders above 2 against finite differences") {
  each_row("third order and above", [](const Row& row) {
    if (row.values_only || row.order < 3) return;
    for (int order = 3; order <= row.order; ++order) {
      INFO("order " << order);
      const Tensors in = bench::make_inputs(row, float64);
      auto s = [&](const Tensors& x) {
        // Finite differences come without recording, which the lower orders need.
        GradMode on(true);
        Tensors leaves = x, wanted;
        for (std::size_t i = 0; i < x.size(); ++i) {
          if (!in[i].requires_grad()) continue;
          if (!x[i].requires_grad()) leaves[i] = x[i].detach().set_requires_grad();
          wanted.push_back(leaves[i]);
        }
        const Tensor y = row.f(leaves);
        Tensor value = (y * some_upstream(y)).sum();
        for (int k = 2; k <= order; ++k) {
          const Tensors g = gradients({value}, wanted, {ones({}, {.dtype = float64})}, true);
          Tensors v;
          for (const Tensor& t : g) v.push_back(some_upstream(t));
          value = inner(g, v);
        }
        return value;
      };
      gradcheck(s, in, row.check);
    }
  });
}

// --- memory layouts ------------------------------------------------------------------------------------------------------

namespace {

// The same numbers with every dimension's neighbours far apart: dimensions stored in reverse order, last one stepped by 2.
Tensor strided(const Tensor& t, bool reverse) {
  const Array& a = t.array();
  Array copy(a.shape(), a.dtype());
  {
    Tensor c(copy);
    c.copy_(t.detach());
  }
  const int rank = a.rank();
  if (rank == 0) return t.detach();
  Strides strides = a.shape();
  std::int64_t step = 2;
  for (int k = 0; k < rank; ++k) {
    const int d = reverse ? k : rank - 1 - k;
    strides[d] = step;
    step *= std::max<std::int64_t>(a.size(d), 1);
  }
  const Array memory(Shape{step + 1}, a.dtype());
  Tensor fill(memory);
  fill.fill_(77);
  const Array view = memory.view(a.shape(), strides, 1);
  Tensor(view).copy_(Tensor(copy));
  return Tensor(view);
}

void compare_layout(const Row& row, bool reverse) {
  INFO((reverse ? "transposed" : "stepped") << " inputs and upstream gradient");
  const Tensors in = bench::make_inputs(row, float64);
  Tensors other;
  for (const Tensor& t : in) {
    Tensor s = strided(t, reverse);
    if (t.requires_grad()) s.set_requires_grad();
    other.push_back(std::move(s));
  }
  const Tensor y = row.f(in), z = row.f(other);
  expect_same("values", z, y, 1e-12);
  if (row.values_only) return;
  const Tensor u = some_upstream(y);
  const Tensors g = gradients({y}, wanted_of(in), {u}), h = gradients({z}, wanted_of(other), {strided(u, reverse)});
  for (std::size_t i = 0; i < g.size(); ++i) expect_same("gradient of input " + std::to_string(i), h[i], g[i], 1e-12);
}

}  // namespace

TEST_CASE("bench: memory layouts") {
  each_row("memory layouts", [](const Row& row) {
    if (!row.strided || bench::make_inputs(row, float64, false).empty()) return;
    compare_layout(row, true);
    compare_layout(row, false);
  });
}

TEST_CASE("bench: an upstream gradient that is one number repeated") {
  each_row("expanded upstream gradient", [](const Row& row) {
    if (row.values_only || !row.strided) return;
    const Tensors in = bench::make_inputs(row, float64);
    if (in.empty()) return;
    const Tensor y = row.f(in);
    const Tensors g = gradients({y}, wanted_of(in), {full(y.shape(), 0.75, {.dtype = y.dtype()})});
    const Tensor z = row.f(in);
    const Tensors h = gradients({z}, wanted_of(in), {full({}, 0.75, {.dtype = y.dtype()}).expand(y.shape())});
    for (std::size_t i = 0; i < g.size(); ++i) expect_same("gradient of input " + std::to_string(i), h[i], g[i], 1e-12);
  });
}

// --- one tensor for two inputs ---------------------------------------------------------------------------------------------

TEST_CASE("bench: one tensor passed for two inputs gets the sum of both gradients") {
  each_row("an input used twice", [](const Row& row) {
    if (row.values_only || !row.twice) return;
    const Tensors base = bench::make_inputs(row, float64);
    for (std::size_t a = 0; a < base.size(); ++a)
      for (std::size_t b = a + 1; b < base.size(); ++b) {
        if (!base[a].requires_grad() || !base[b].requires_grad() || base[a].shape() != base[b].shape()) continue;
        Tensors one = base, two = base;
        one[b] = one[a];
        two[b] = two[a].detach().set_requires_grad();
        const Tensor y = row.f(one), z = row.f(two);
        const Tensor u = some_upstream(y);
        const Tensor g = gradients({y}, {one[a]}, {u})[0];
        const Tensors h = gradients({z}, {two[a], two[b]}, {u});
        expect_same("gradient of inputs " + std::to_string(a) + " and " + std::to_string(b), g, h[0] + h[1], 1e-12);
      }
  });
}

// --- sizes ------------------------------------------------------------------------------------------------------------------

TEST_CASE("bench: sizes 0 and 1") {
  each_row("sizes 0 and 1", [](const Row& row) {
    if (row.inputs.empty()) return;
    for (int d : row.any_size)
      for (std::int64_t size : {std::int64_t{0}, std::int64_t{1}}) {
        INFO("dimension " << d << " of size " << size);
        std::vector<Shape> shapes;
        for (const bench::Input& i : row.inputs) {
          Shape s = i.shape;
          if (s.rank() == row.inputs[0].shape.rank() && s[d] == row.inputs[0].shape[d]) s[d] = size;
          shapes.push_back(s);
        }
        const Tensors in = bench::make_inputs(row, float64, true, shapes);
        const Tensor y = row.f(in);
        CHECK(y.to_vector<double>().size() == static_cast<std::size_t>(y.numel()));
        if (row.values_only) continue;
        gradients({y}, wanted_of(in), {some_upstream(y)});
        if (size == 1 && row.order >= 1) gradcheck(row.f, in, row.check);
      }
  });
}

// --- types ------------------------------------------------------------------------------------------------------------------

TEST_CASE("bench: float32 against float64") {
  each_row("float32 against float64", [](const Row& row) {
    const Tensors in = bench::make_inputs(row, float32), wide = bench::make_inputs(row, float64);
    if (in.empty()) return;
    // The wide inputs hold the very same numbers.
    Tensors same;
    for (std::size_t i = 0; i < in.size(); ++i) {
      Tensor t = in[i].detach().to(wide[i].dtype());
      if (wide[i].requires_grad()) t = t.detach().set_requires_grad();
      same.push_back(std::move(t));
    }
    const Tensor y = row.f(in), z = row.f(same);
    if (row.same_type) {
      for (const Tensor& t : in)
        if (t.requires_grad()) CHECK(y.dtype() == float32);
      for (const Tensor& t : same)
        if (t.requires_grad()) CHECK(z.dtype() == float64);
    }
    expect_same("values", y, z, row.float_tolerance);
    if (row.values_only || !row.exact_gradient) return;
    const Tensor u = some_upstream(z);
    const Tensors g = gradients({y}, wanted_of(in), {u.to(y.dtype())}), h = gradients({z}, wanted_of(same), {u});
    for (std::size_t i = 0; i < g.size(); ++i)
      expect_same("gradient of input " + std::to_string(i), g[i], h[i], row.float_tolerance);
  });
}

// --- threads ----------------------------------------------------------------------------------------------------------------

namespace {

void expect_bits(const std::string& what, const Tensor& a, const Tensor& b) {
  const Tensor x = a.contiguous(), y = b.contiguous();
  if (x.shape() != y.shape() || std::memcmp(x.array().raw(), y.array().raw(), static_cast<std::size_t>(x.numel()) * itemsize(x.dtype())) != 0)
    FAIL_CHECK(what << " differs: " << difference(a, b, 0));
}

}  // namespace

TEST_CASE("bench: same bits on 1, 2 and 3 threads") {
  const int before = num_threads();
  each_row("threads", [](const Row& row) {
    if (row.large.empty()) return;
    for (DType type : {float32, float64}) {
      Tensor first;
      Tensors first_gradients;
      for (int threads : {1, 2, 3}) {
        INFO(name(type) << ", " << threads << " threads");
        set_num_threads(threads);
        const Tensors in = bench::make_inputs(row, type, true, row.large);
        const Tensor y = row.f(in);
        Tensors g;
        if (!row.values_only) g = gradients({y}, wanted_of(in), {some_upstream(y)});
        if (threads == 1) {
          first = y;
          first_gradients = g;
          continue;
        }
        expect_bits("result", y, first);
        for (std::size_t i = 0; i < g.size(); ++i) expect_bits("gradient of input " + std::to_string(i), g[i], first_gradients[i]);
      }
    }
  });
  set_num_threads(before);
}

// --- nothing forgotten --------------------------------------------------------------------------------------------------------

TEST_CASE("bench: every function has a row") {
  std::set<std::string> have;
  for (const Row& row : bench::all_rows()) have.insert(row.name);
  // A declaration at namespace level: a return type and a name at the beginning of a line.
  const std::regex declaration("^(?:inline )?[A-Z][A-Za-z]*(?:<[A-Za-z:<>]*>)?[&]? ([a-z][a-z0-9_]*)\\(.*|"
                               "^(?:inline )?(?:std::[a-z]+<[A-Za-z]*>|bool|double) ([a-z][a-z0-9_]*)\\(.*");
  std::set<std::string> functions;
  std::string missing;
  for (const auto& file : std::filesystem::directory_iterator(EIGENGRAD_SOURCE_DIR "/autograd/ops")) {
    if (file.path().extension() != ".h") continue;
    std::ifstream in(file.path());
    bool internal = false;
    for (std::string line; std::getline(in, line);) {
      if (line.rfind("namespace detail", 0) == 0) internal = true;
      if (line.rfind("}  // namespace detail", 0) == 0) internal = false;
      std::smatch found;
      if (internal || !std::regex_match(line, found, declaration)) continue;
      const std::string function = found[1].matched ? found[1] : found[2];
      if (function == "operator") continue;
      if (functions.insert(function).second && !have.count(function))
        missing += "\n  " + function + " (autograd/ops/" + file.path().filename().string() + ")";
    }
  }
  CHECK(functions.size() > 10);
  INFO("functions without a row in tests/autograd/rows_<family>.cpp:" << missing);
  CHECK(missing.empty());
}
