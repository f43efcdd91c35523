#include <doctest/doctest.h>

#include <eigengrad/eigengrad.h>

#include "support/tensors.h"

using namespace eg;

namespace {

RecurrentWeights weights(std::int64_t gates, std::int64_t in, std::int64_t hidden) {
  return {rand({gates * hidden, in}) - 0.5, rand({gates * hidden, hidden}) - 0.5, rand({gates * hidden}) - 0.5, rand({gates * hidden}) - 0.5};
}

}  // namespace

TEST_CASE("recurrent functions: one sequence alone, batch_first, states in parts") {
  manual_seed(21);
  const Tensor x = randn({6, 3, 4});
  const std::vector<RecurrentWeights> w{weights(4, 4, 5), weights(4, 4, 5), weights(4, 10, 5), weights(4, 10, 5)};
  const LstmResult all = lstm(x, w, {}, {}, {.bidirectional = true});
  CHECK(all.output.shape() == Shape{6, 3, 10});
  CHECK(all.h_n.shape() == Shape{4, 3, 5});
  CHECK(all.c_n.shape() == Shape{4, 3, 5});

  const LstmResult one = lstm(x.select(1, 2), w, {}, {}, {.bidirectional = true});
  CHECK(difference(one.output, all.output.select(1, 2), 1e-6) == "");
  CHECK(difference(one.c_n, all.c_n.select(1, 2), 1e-6) == "");

  const LstmResult turned = lstm(x.transpose(0, 1), w, {}, {}, {.bidirectional = true, .batch_first = true});
  CHECK(difference(turned.output, all.output.transpose(0, 1), 0) == "");
  CHECK(difference(turned.h_n, all.h_n, 0) == "");

  // Two halves, the state handed on.
  const std::vector<RecurrentWeights> g{weights(3, 4, 5), weights(3, 5, 5)};
  const RnnResult whole = gru(x, g), first = gru(x.narrow(0, 0, 2), g), second = gru(x.narrow(0, 2, 4), g, first.h_n);
  CHECK(difference(cat({first.output, second.output}), whole.output, 0) == "");
  CHECK(difference(second.h_n, whole.h_n, 0) == "");
}

TEST_CASE("recurrent functions: dropout between layers, in training only") {
  manual_seed(22);
  const Tensor x = randn({3, 2, 4});
  const std::vector<RecurrentWeights> two{weights(1, 4, 4), weights(1, 4, 4)}, one{weights(1, 4, 4)};
  const auto output = [&](const std::vector<RecurrentWeights>& w, double p, bool training) {
    return rnn_tanh(x, w, {}, {.dropout = p, .training = training}).output.to_vector<float>();
  };
  CHECK(output(two, 0.5, true) != output(two, 0, true));
  CHECK(output(two, 0.5, false) == output(two, 0, true));
  CHECK(output(one, 0.5, true) == output(one, 0, true));
}

TEST_CASE("recurrent functions: errors") {
  const std::vector<RecurrentWeights> w{weights(4, 3, 2)};
  const Tensor x = zeros({5, 1, 3});
  CHECK_THROWS_WITH_AS(lstm(zeros({3}), w), "lstm: expected x [T, N, E] or [T, E], got [3]", ShapeError);
  CHECK_THROWS_WITH_AS(lstm(zeros({5, 1, 4}), w), "lstm: expected weight_ih of layer 0 of shape [8, 4] for an input of size 4, got [8, 3]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(lstm(zeros({0, 1, 3}), w), "lstm: expected at least one step, got x [0, 1, 3]", ShapeError);
  CHECK_THROWS_WITH_AS(lstm(x, w, zeros({1, 2, 2})), "lstm: expected h0 of shape [1, 1, 2] for x [5, 1, 3], got [1, 2, 2]", ShapeError);
  CHECK_THROWS_WITH_AS(lstm(x, {}), "lstm: expected weights for each layer and direction, got 0 of them for 1 directions", ValueError);
  CHECK_THROWS_AS(lstm(x, w, {}, {}, {.bidirectional = true}), ValueError);
  CHECK_THROWS_AS(gru(x, w), ShapeError);
  CHECK_THROWS_AS(lstm(x.to(float64), w), DTypeError);
  CHECK_THROWS_AS(lstm(x.to(int64), w), DTypeError);
  CHECK_THROWS_AS(lstm(x, std::vector<RecurrentWeights>{{Tensor(), Tensor()}}), ShapeError);
}

TEST_CASE("the gradients of many parts of one tensor are added up in one place") {
  // As sums of whole arrays would have it, recorded or not, from a leaf or from a result.
  for (const bool from_result : {false, true}) {
    const Tensor leaf = tensor({{1., 2., 3.}, {4., 5., 6.}}, {.dtype = float64, .requires_grad = true});
    const Tensor x = from_result ? leaf * 1.0 : leaf;
    const std::vector<Tensor> rows = unbind(x);
    const Tensor y = rows[0] * rows[1] * rows[1] + x.select(0, 1) * 10 + x.slice(1, 0, 3, 2).sum();
    const Tensor g = grad({y.sum()}, {leaf}, {.create_graph = true})[0];
    CHECK(g.to_vector<double>() == std::vector<double>{19, 25, 39, 21, 30, 49});
    CHECK(grad({y.sum()}, {leaf}, {.retain_graph = true})[0].to_vector<double>() == g.to_vector<double>());
    const Tensor v = tensor({{1., 0., 0.}, {0., 1., 0.}}, {.dtype = float64});
    CHECK(grad({(g * v).sum()}, {leaf})[0].to_vector<double>() == std::vector<double>{0, 10, 0, 8, 4, 0});
  }
  // One array of zeros for all steps, however many there are.
  const Tensor steps = ones({5, 2}, {.requires_grad = true});
  Tensor sum = zeros({2});
  for (const Tensor& t : unbind(steps)) sum = sum + t * t;
  const std::string dot = graph_dot(grad({sum.sum()}, {steps}, {.create_graph = true})[0]);
  const auto count = [&dot](const std::string& text) {
    int n = 0;
    for (std::size_t at = dot.find(text); at != dot.npos; at = dot.find(text, at + 1)) ++n;
    return n;
  };
  CHECK(count("slice_grad") == 1);
  CHECK(count("slice_add") == 4);
  // A gradient that somebody else holds is left as it is.
  const Tensor leaf = ones({3}, {.requires_grad = true}), x = leaf * 2;
  Tensor seen;
  const Tensor part = x.slice(0, 0, 2);
  const Tensor upstream = full({3}, 5);
  backward({x, part.sum()}, {upstream, Tensor()});
  CHECK(upstream.to_vector<float>() == std::vector<float>{5, 5, 5});
  CHECK(leaf.grad().to_vector<float>() == std::vector<float>{12, 12, 10});
}
