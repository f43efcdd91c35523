#include <type_traits>

#include "bench.h"

using namespace eg;
using bench::In;

namespace {

/// Weights from inputs `first` on: by twos without biases, by fours with them.
std::vector<RecurrentWeights> weights_of(In in, std::size_t first, bool bias = true) {
  std::vector<RecurrentWeights> w;
  for (std::size_t i = first; i + 1 < in.size(); i += bias ? 4 : 2)
    w.push_back(bias ? RecurrentWeights{in[i], in[i + 1], in[i + 2], in[i + 3]} : RecurrentWeights{in[i], in[i + 1]});
  return w;
}

Tensor joined(const RnnResult& r) { return cat({r.output.flatten(), r.h_n.flatten()}); }
Tensor joined(const LstmResult& r) { return cat({r.output.flatten(), r.h_n.flatten(), r.c_n.flatten()}); }

bench::Outs named(const RnnResult& r) { return {{"out", r.output}, {"h", r.h_n}}; }
bench::Outs named(const LstmResult& r) { return {{"out", r.output}, {"h", r.h_n}, {"c", r.c_n}}; }

template <auto F> auto row(RecurrentArgs o = {}, bool bias = true) {
  return [o, bias](In in) {
    if constexpr (std::is_same_v<decltype(F), decltype(&lstm)>) return joined(lstm(in[0], weights_of(in, 3, bias), in[1], in[2], o));
    else return joined(F(in[0], weights_of(in, 2, bias), in[1], o));
  };
}

template <auto F> bench::Outs oracle_case(const oracle::Case& c, In in) {
  const RecurrentArgs o{.bidirectional = c.flag("bidirectional")};
  if constexpr (std::is_same_v<decltype(F), decltype(&lstm)>) return named(lstm(in[0], weights_of(in, 3, c.flag("bias")), in[1], in[2], o));
  else return named(F(in[0], weights_of(in, 2, c.flag("bias")), in[1], o));
}

/// x, the states, and the weights of `layers` times `directions` with `gates` gates.
std::vector<Shape> shapes(std::int64_t gates, std::int64_t T, std::int64_t N, std::int64_t E, std::int64_t H, int layers = 1, int directions = 1) {
  const Shape state{layers * directions, N, H};
  std::vector<Shape> s{{T, N, E}, state};
  if (gates == 4) s.push_back(state);
  for (int k = 0; k < layers * directions; ++k) {
    s.push_back({gates * H, k < directions ? E : directions * H});
    s.push_back({gates * H, H});
    s.push_back({gates * H});
    s.push_back({gates * H});
  }
  return s;
}

std::vector<bench::Input> inputs(const std::vector<Shape>& shapes) {
  std::vector<bench::Input> in;
  for (const Shape& s : shapes) in.push_back({.shape = s, .low = -1, .high = 1});
  return in;
}

const bench::Rows rows{
    {.name = "rnn_tanh", .f = row<rnn_tanh>(), .inputs = inputs(shapes(1, 3, 3, 2, 2)), .oracle = {"sequence:rnn_tanh/*"},
     .oracle_f = oracle_case<rnn_tanh>, .order = 3, .any_size = {1}, .large = shapes(1, 9, 20, 70, 90)},
    {.name = "rnn_tanh", .variant = "options",
     .f = row<rnn_tanh>({.bidirectional = true, .batch_first = true}),
     .inputs = inputs({{2, 3, 1}, {2, 2, 2}, {2, 1}, {2, 2}, {2}, {2}, {2, 1}, {2, 2}, {2}, {2}})},
    {.name = "rnn_tanh", .variant = "unbatched", .f = row<rnn_tanh>({}, false), .inputs = inputs({{4, 2}, {1, 3}, {3, 2}, {3, 3}})},
    {.name = "rnn_tanh", .variant = "no_state", .f = [](In in) { return joined(rnn_tanh(in[0], weights_of(in, 1, false))); },
     .inputs = inputs({{3, 2, 2}, {2, 2}, {2, 2}})},
    {.name = "rnn_relu", .f = row<rnn_relu>(), .inputs = inputs(shapes(1, 3, 2, 2, 2)), .oracle = {"sequence:rnn_relu/*"},
     .oracle_f = oracle_case<rnn_relu>, .large = shapes(1, 9, 20, 70, 90)},
    {.name = "lstm", .f = row<lstm>(), .inputs = inputs(shapes(4, 2, 3, 2, 2)), .oracle = {"sequence:lstm/*"}, .oracle_f = oracle_case<lstm>,
     .any_size = {1}, .large = shapes(4, 7, 20, 40, 50)},
    {.name = "lstm", .variant = "third_order", .f = row<lstm>(), .inputs = inputs(shapes(4, 2, 1, 1, 1)), .order = 3},
    {.name = "lstm", .variant = "two_layers_both_ways", .f = row<lstm>({.bidirectional = true}), .inputs = inputs(shapes(4, 2, 1, 1, 1, 2, 2))},
    {.name = "gru", .f = row<gru>(), .inputs = inputs(shapes(3, 2, 3, 2, 2)), .oracle = {"sequence:gru/*"}, .oracle_f = oracle_case<gru>,
     .any_size = {1}, .large = shapes(3, 7, 20, 40, 50)},
    {.name = "gru", .variant = "third_order", .f = row<gru>(), .inputs = inputs(shapes(3, 2, 1, 1, 1)), .order = 3},
    {.name = "gru", .variant = "two_layers_both_ways", .f = row<gru>({.bidirectional = true}), .inputs = inputs(shapes(3, 2, 1, 1, 1, 2, 2))},
};

}  // namespace
