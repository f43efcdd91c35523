#pragma once
// A module against an oracle case whose inputs carry the module's parameter names.
#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include <string>
#include <vector>

#include "support/oracle.h"
#include "support/tensors.h"

/// Converts m to float64 and sets the parameters that the case gives, under `prefix`.
inline void load_parameters(eg::nn::Module& m, const oracle::Case& c, const std::string& prefix = "") {
  m.to(eg::float64);
  eg::NamedTensors dict;
  for (const auto& [name, t] : m.named_parameters()) dict.emplace_back(name, to_tensor(c.in.at(prefix + name)));
  m.load_state_dict(dict, {.strict = false});
}

/// Compares the gradients of `loss` (the sum of out and upstream) for every input the case has gradients of.
inline void expect_gradients(eg::nn::Module& m, const oracle::Case& c, const eg::Tensor& loss, const eg::NamedTensors& data,
                             double tolerance = 1e-12) {
  eg::NamedTensors all = m.named_parameters();
  all.insert(all.end(), data.begin(), data.end());
  std::vector<eg::Tensor> wanted;
  for (const auto& [name, t] : all) wanted.push_back(t);
  const std::vector<eg::Tensor> g = eg::grad({loss}, wanted, {.allow_unused = true});
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(all[i].first);
    const eg::Tensor expected = to_tensor(c.grad.at(all[i].first));
    CHECK(difference(g[i].defined() ? g[i] : eg::zeros_like(expected), expected, tolerance) == "");
  }
  CHECK(all.size() == c.grad.size());
}

/// m(x) and all gradients against a case with one result.
inline void expect_case(eg::nn::Module& m, const std::string& family, const std::string& name, const std::string& input = "x",
                        double tolerance = 1e-12) {
  CAPTURE(name);
  const oracle::Case& c = oracle::load(family).at(name);
  load_parameters(m, c);
  eg::Tensor x = to_tensor(c.in.at(input)).set_requires_grad();
  const eg::Tensor y = m(x);
  CHECK(difference(y, to_tensor(c.out.at("out")), tolerance) == "");
  expect_gradients(m, c, (y * to_tensor(c.upstream.at("out"))).sum(), {{input, x}}, 10 * tolerance);
}
