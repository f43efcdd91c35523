#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include "oracle_module.h"
#include "support/check_module.h"

using namespace eg;

namespace {

/// A layer against every case of `op`: both results, and the gradients of x, the states and all weights.
template <class Make> void follow(const std::string& op, Make make) {
  for (const oracle::Case* found : oracle::load("sequence").of(op)) {
    const oracle::Case& c = *found;
    CAPTURE(c.name);
    auto m = make(c, nn::RecurrentOptions{.num_layers = c.integer("num_layers"), .bias = c.flag("bias"), .bidirectional = c.flag("bidirectional")});
    load_parameters(m, c);
    NamedTensors data;
    for (const char* name : {"x", "h0", "c0"})
      if (c.in.has(name)) data.emplace_back(name, to_tensor(c.in.at(name)).set_requires_grad());
    Tensor loss;
    const auto add = [&](const char* name, const Tensor& y) {
      CHECK(difference(y, to_tensor(c.out.at(name)), 1e-12) == "");
      const Tensor part = (y * to_tensor(c.upstream.at(name))).sum();
      loss = loss.defined() ? loss + part : part;
    };
    if constexpr (std::is_same_v<decltype(m), nn::LSTM>) {
      const auto [output, h_n, c_n] = m(data[0].second, data[1].second, data[2].second);
      add("out", output);
      add("h", h_n);
      add("c", c_n);
    } else {
      const auto [output, h_n] = m(data[0].second, data[1].second);
      add("out", output);
      add("h", h_n);
    }
    expect_gradients(m, c, loss, data, 1e-11);
  }
}

}  // namespace

TEST_CASE("recurrent layers: PyTorch's numbers") {
  const auto sizes = [](const oracle::Case& c) { return std::pair(c.in.at("x").shape[2], c.integer("hidden_size")); };
  for (const nn::Nonlinearity f : {nn::Nonlinearity::tanh, nn::Nonlinearity::relu})
    follow(f == nn::Nonlinearity::tanh ? "rnn_tanh" : "rnn_relu", [&](const oracle::Case& c, const nn::RecurrentOptions& o) {
      return nn::RNN(sizes(c).first, sizes(c).second,
                     {.num_layers = o.num_layers, .nonlinearity = f, .bias = o.bias, .bidirectional = o.bidirectional});
    });
  follow("lstm", [&](const oracle::Case& c, const nn::RecurrentOptions& o) { return nn::LSTM(sizes(c).first, sizes(c).second, o); });
  follow("gru", [&](const oracle::Case& c, const nn::RecurrentOptions& o) { return nn::GRU(sizes(c).first, sizes(c).second, o); });
}

TEST_CASE("recurrent layers keep the contract of modules") {
  manual_seed(14);
  const Tensor x = randn({5, 3, 4});
  check_module(nn::RNN(4, 6), x);
  check_module(nn::RNN(4, 6, {.num_layers = 2, .nonlinearity = nn::Nonlinearity::relu, .bias = false}), x);
  check_module(nn::LSTM(4, 6, {.num_layers = 2, .dropout = 0.3, .bidirectional = true}), x);
  check_module(nn::GRU(4, 6, {.batch_first = true}), x);
  check_module(nn::Sequential{nn::LSTM(4, 6), nn::Dropout(0.2), nn::GRU(6, 3), nn::Linear(3, 1)}, x);
}

TEST_CASE("recurrent layers: names, start, descriptions, errors") {
  nn::LSTM m(4, 25, {.num_layers = 2, .bidirectional = true});
  std::vector<std::string> names;
  for (const auto& [name, t] : m.state_dict()) names.push_back(name);
  CHECK(names.size() == 16);
  CHECK(names[0] == "weight_ih_l0");
  CHECK(names[3] == "bias_hh_l0");
  CHECK(names[5] == "weight_hh_l0_reverse");
  CHECK(names[8] == "weight_ih_l1");
  CHECK(m.weights[2].weight_ih->shape() == Shape{100, 50});
  for (const Tensor& p : m.parameters()) CHECK(p.detach().abs().max().item<float>() <= 0.2f);
  CHECK(m.describe() == "LSTM(4, 25, num_layers=2, bidirectional=true)");
  CHECK(nn::RNN(2, 3, {.nonlinearity = nn::Nonlinearity::relu}).describe() == "RNN(2, 3, nonlinearity=relu)");
  CHECK(nn::GRU(2, 3, {.bias = false, .batch_first = true, .dropout = 0.1}).describe() == "GRU(2, 3, bias=false, batch_first=true, dropout=0.1)");
  CHECK_THROWS_WITH_AS(nn::GRU(0, 3), "GRU: expected input and hidden sizes and layers >= 1, got 0, 3 and 1", ValueError);
  CHECK_THROWS_WITH_AS(nn::LSTM(1, 3, {.dropout = 2}), "LSTM: expected a dropout from 0 to 1, got 2", ValueError);
  CHECK_THROWS_WITH_AS(nn::GRU(2, 3)(zeros({4})), "GRU(2, 3): expected x [T, N, E] or [T, E], got [4]", ShapeError);
  nn::Sequential net{nn::Linear(3, 2), nn::GRU(2, 3)};
  CHECK_THROWS_WITH_AS(net(zeros({0, 4, 3})), "Sequential.1 (GRU(2, 3)): expected at least one step, got x [0, 4, 2]", ShapeError);
}

TEST_CASE("recurrent layers: hooks run, and states stay with the call they belong to") {
  manual_seed(15);
  nn::GRU m(2, 3), other(2, 3);
  const Tensor x = randn({4, 1, 2}), h0 = randn({1, 1, 3});
  const RnnResult plain = m(x, h0);
  nn::ModuleHook pre = m.register_forward_pre_hook([&](nn::Module&, const Tensor& in) { other(in); });
  nn::ModuleHook hook = m.register_forward_hook([&](nn::Module&, const Tensor& in, const Tensor& out) {
    static_cast<nn::Module&>(other)(in);
    return out * 2;
  });
  const RnnResult hooked = m(x, h0);
  CHECK(difference(hooked.output, plain.output * 2, 0) == "");
  CHECK(difference(hooked.h_n, plain.h_n, 0) == "");
  pre.remove();
  hook.remove();
  CHECK(difference(static_cast<nn::Module&>(m)(x), m(x).output, 0) == "");
  CHECK_THROWS_AS(m(x, zeros({2})), ShapeError);
  CHECK(difference(m(x, h0).output, plain.output, 0) == "");
}
