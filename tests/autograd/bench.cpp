#include "bench.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

namespace bench {
namespace {

std::vector<Row>& registry() {
  static std::vector<Row> rows;
  return rows;
}

// splitmix64 (Steele, Lea, Flood 2014), seeded by the row's name: a new row leaves the others as they are.
struct Random {
  std::uint64_t state = 1469598103934665603u;
  explicit Random(const std::string& text) {
    for (char c : text) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  std::uint64_t bits() {
    std::uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
};

std::vector<double> draw(const Input& in, std::int64_t n, Random& random) {
  if (!in.values.empty()) {
    if (static_cast<std::int64_t>(in.values.size()) != n) throw std::runtime_error("bench: values do not fill the shape");
    return in.values;
  }
  std::vector<double> v(static_cast<std::size_t>(n));
  if (in.distinct) {
    for (std::size_t i = 0; i < v.size(); ++i)
      v[i] = in.low + (in.high - in.low) * (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    for (std::size_t i = v.size(); i > 1; --i) std::swap(v[i - 1], v[random.bits() % i]);
    return v;
  }
  const bool whole = !eg::is_floating(in.dtype);
  auto bad = [&](double x) {
    return std::any_of(in.avoid.begin(), in.avoid.end(), [&](double k) { return std::abs(x - k) < 0.02; });
  };
  for (double& x : v) {
    int tries = 0;
    do {
      x = whole ? std::floor(in.low + (in.high - in.low + 1) * random.unit()) : in.low + (in.high - in.low) * random.unit();
      // Exact in float32 as well.
      if (!whole) x = static_cast<float>(x);
      if (++tries > 1000) throw std::runtime_error("bench: no number keeps away from the kinks");
    } while (bad(x));
  }
  return v;
}

const char* type_name(eg::DType t) { return eg::is_floating(t) ? "float64" : eg::name(t); }

}  // namespace

Rows::Rows(std::initializer_list<Row> rows) { registry().insert(registry().end(), rows.begin(), rows.end()); }
Rows::Rows(std::vector<Row> rows) { registry().insert(registry().end(), rows.begin(), rows.end()); }

const std::vector<Row>& all_rows() { return registry(); }

std::vector<const oracle::Case*> cases_of(const Row& row) {
  std::vector<const oracle::Case*> cases;
  for (const std::string& name : row.oracle) {
    const std::size_t colon = name.find(':');
    if (colon == name.npos) throw std::runtime_error("bench: an oracle case is named family:op/variant, got " + name);
    const oracle::Family& family = oracle::load(name.substr(0, colon));
    const std::string path = name.substr(colon + 1);
    if (path.empty() || path.back() != '*') {
      cases.push_back(&family.at(path));
      continue;
    }
    const std::string prefix = path.substr(0, path.size() - 1);
    const std::size_t before = cases.size();
    for (const oracle::Case& c : family.cases)
      if (c.name.compare(0, prefix.size(), prefix) == 0) cases.push_back(&c);
    if (cases.size() == before) throw std::runtime_error("bench: no oracle case is named " + name);
  }
  return cases;
}

std::vector<eg::Tensor> make_inputs(const Row& row, eg::DType floating, bool require, const std::vector<eg::Shape>& shapes) {
  std::vector<eg::Tensor> result;
  if (row.inputs.empty()) {
    for (const oracle::Case* c : cases_of(row)) {
      if (c->grad.empty() && !row.values_only) continue;
      for (const std::string& name : c->order) {
        eg::Tensor t = to_tensor(c->in.at(name), floating);
        if (require && !row.values_only && c->grad.has(name)) t.set_requires_grad();
        result.push_back(std::move(t));
      }
      return result;
    }
    return result;
  }
  Random random(row.label());
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    const Input& in = row.inputs[i];
    const eg::Shape shape = shapes.empty() ? in.shape : shapes.at(i);
    Input source = in;
    // Other sizes than the row's: its list of values is repeated.
    if (!in.values.empty() && !(shape == in.shape)) {
      source.values.clear();
      for (std::int64_t k = 0; k < shape.numel(); ++k) source.values.push_back(in.values[static_cast<std::size_t>(k) % in.values.size()]);
      if (shape.numel() == 0) source.low = source.high = 0;
    }
    oracle::Value v{type_name(in.dtype), std::vector<std::int64_t>(shape.begin(), shape.end()), draw(source, shape.numel(), random)};
    eg::Tensor t = to_tensor(v, floating);
    if (require && in.grad && !row.values_only && eg::is_floating(t.dtype())) t.set_requires_grad();
    result.push_back(std::move(t));
  }
  return result;
}

}  // namespace bench
