#pragma once
// The bench: one row a function, driven through every check; see test_bench.cpp for what runs.
//
// A row, in tests/autograd/rows_<family>.cpp:
//   const bench::Rows rows{
//       {.name = "tanh",
//        .f = [](bench::In in) { return tanh(in[0]); },
//        .inputs = {{.shape = {3, 4}, .low = -2, .high = 2}},
//        .oracle = {"elementwise:tanh/*"},
//        .any_size = {0, 1},
//        .large = {{300, 1000}}},
//   };
// `name` is the function as declared in autograd/ops/*.h; a second row of the same function carries a `variant`.
// EIGENGRAD_BENCH_ROW=tanh runs only the rows whose "name/variant" holds that text.
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <eigengrad/eigengrad.h>

#include "support/tensors.h"

namespace bench {

using In = const std::vector<eg::Tensor>&;

/// What a function returns in an oracle case: one tensor, or named ones.
struct Outs : std::vector<std::pair<std::string, eg::Tensor>> {
  Outs(eg::Tensor t) { emplace_back("", std::move(t)); }  // the case's only differentiable result
  Outs(std::initializer_list<value_type> named) : vector(named) {}
  Outs(std::vector<value_type> named) : vector(std::move(named)) {}
};

/// How to draw an input: uniform numbers in [low, high], the same on every run.
struct Input {
  eg::Shape shape = {};
  double low = -2, high = 2;
  eg::DType dtype = eg::float64;     // float64 stands for the floating type under test; int64: whole numbers in [low, high]
  std::vector<double> avoid = {};    // kinks: no number closer than 0.02
  bool distinct = false;             // no two numbers closer than (high - low) / numel: for max, sort, pooling
  std::vector<double> values = {};   // these numbers instead
  bool grad = true;                  // floating inputs only
};

struct Row {
  std::string name;
  std::string variant = "";
  std::function<eg::Tensor(In)> f;
  std::vector<Input> inputs = {};         // none: those of the first oracle case that has gradients
  std::vector<std::string> oracle = {};   // "family:op/variant", "family:op/*", "family:op/prefix*"
  /// For cases that carry options: takes them from the case. Default: f.
  std::function<Outs(const oracle::Case&, In)> oracle_f = {};
  double tolerance = 1e-12;               // float64 against the oracle: |a - b| <= tolerance (1 + max |b|), tenfold an order
  double float_tolerance = 1e-5;          // float32 against float64 and against the oracle
  int order = 2;                          // highest order compared with finite differences
  eg::GradcheckOptions check = {};
  bool values_only = false;               // no gradient: comparisons, indices
  bool exact_gradient = true;             // false: gradient in float32 may differ (a kink at rounding): skips that check
  bool strided = true;                    // compare views of other memory layouts with contiguous inputs
  bool twice = true;                      // pass one tensor for two inputs of equal shape
  bool same_type = true;                  // false: the result's type is not that of the inputs
  std::vector<int> any_size = {};         // dimensions of input 0 that may have size 0 and 1; equal sizes of others follow
  std::vector<eg::Shape> large = {};      // shapes of the inputs for the comparison of 1, 2 and 3 threads

  std::string label() const { return variant.empty() ? name : name + "/" + variant; }
};

/// Rows of one file; a namespace-scope object registers them.
struct Rows {
  Rows(std::initializer_list<Row> rows);
  explicit Rows(std::vector<Row> rows);
};

const std::vector<Row>& all_rows();

/// The row's inputs in `floating`; `require` off leaves all without gradient. Shapes may be replaced.
std::vector<eg::Tensor> make_inputs(const Row& row, eg::DType floating, bool require = true,
                                    const std::vector<eg::Shape>& shapes = {});
/// The oracle cases a row names.
std::vector<const oracle::Case*> cases_of(const Row& row);

}  // namespace bench
