#include <eigengrad/core/error.h>
#include <eigengrad/nn/init.h>
#include <eigengrad/nn/recurrent.h>

#include <eigengrad/core/detail/format.h>
#include <eigengrad/nn/detail/open_call.h>

namespace eg::nn {
namespace {

struct States {
  Tensor h0, c0;
  LstmResult results;
};
using Call = detail::OpenCall<States>;

}  // namespace

Recurrent::Recurrent(const char* name, std::int64_t gates, std::int64_t in, std::int64_t hidden, const RecurrentOptions& o)
    : name_(name), in_(in), hidden_(hidden), options_(o) {
  if (in < 1 || hidden < 1 || o.num_layers < 1)
    fail<ValueError>(name, "expected input and hidden sizes and layers >= 1, got {}, {} and {}", in, hidden, o.num_layers);
  if (!(o.dropout >= 0 && o.dropout <= 1)) fail<ValueError>(name, "expected a dropout from 0 to 1, got {}", o.dropout);
  const std::int64_t directions = o.bidirectional ? 2 : 1;
  for (std::int64_t k = 0; k < o.num_layers * directions; ++k) {
    Weights w;
    w.weight_ih = Parameter(init::default_uniform({gates * hidden, k < directions ? in : directions * hidden}, hidden));
    w.weight_hh = Parameter(init::default_uniform({gates * hidden, hidden}, hidden));
    if (o.bias) {
      w.bias_ih = Parameter(init::default_uniform({gates * hidden}, hidden));
      w.bias_hh = Parameter(init::default_uniform({gates * hidden}, hidden));
    }
    weights.push_back(std::move(w));
  }
}

void Recurrent::visit(Visitor& v) {
  const std::size_t directions = options_.bidirectional ? 2 : 1;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const std::string end = fmt::format("_l{}{}", k / directions, k % directions ? "_reverse" : "");
    Weights& w = weights[k];
    v("weight_ih" + end, w.weight_ih)("weight_hh" + end, w.weight_hh)("bias_ih" + end, w.bias_ih)("bias_hh" + end, w.bias_hh);
  }
}

Tensor Recurrent::forward(const Tensor& x) {
  States* call = Call::take(*this);
  std::vector<RecurrentWeights> w;
  for (const Weights& own : weights) w.push_back({own.weight_ih, own.weight_hh, own.bias_ih, own.bias_hh});
  Results r = compute(x, w, call ? call->h0 : Tensor(), call ? call->c0 : Tensor(),
                      {.bidirectional = options_.bidirectional, .batch_first = options_.batch_first, .dropout = options_.dropout,
                       .training = is_training()});
  Tensor output = r.output;
  if (call) call->results = std::move(r);
  return output;
}

Recurrent::Results Recurrent::call(const Tensor& x, const Tensor& h0, const Tensor& c0) {
  States s{h0, c0, {}};
  const Call open(*this, s);
  s.results.output = Module::operator()(x);
  return std::move(s.results);
}

std::string Recurrent::describe() const {
  std::string s = fmt::format("{}({}, {}", name_, in_, hidden_);
  if (options_.num_layers != 1) s += fmt::format(", num_layers={}", options_.num_layers);
  s += extra();
  if (!options_.bias) s += ", bias=false";
  if (options_.batch_first) s += ", batch_first=true";
  if (options_.dropout != 0) s += fmt::format(", dropout={:g}", options_.dropout);
  if (options_.bidirectional) s += ", bidirectional=true";
  return s + ")";
}

RNN::RNN(std::int64_t in, std::int64_t hidden, RNNOptions o)
    : Recurrent("RNN", 1, in, hidden, {o.num_layers, o.bias, o.batch_first, o.dropout, o.bidirectional}), nonlinearity_(o.nonlinearity) {}

RnnResult RNN::operator()(const Tensor& x, const Tensor& h0) {
  Results r = call(x, h0, {});
  return {std::move(r.output), std::move(r.h_n)};
}

Recurrent::Results RNN::compute(const Tensor& x, std::span<const RecurrentWeights> w, const Tensor& h0, const Tensor&,
                                const RecurrentArgs& o) {
  RnnResult r = nonlinearity_ == Nonlinearity::tanh ? rnn_tanh(x, w, h0, o) : rnn_relu(x, w, h0, o);
  return {std::move(r.output), std::move(r.h_n), {}};
}

std::string RNN::extra() const { return nonlinearity_ == Nonlinearity::tanh ? "" : ", nonlinearity=relu"; }

Recurrent::Results LSTM::compute(const Tensor& x, std::span<const RecurrentWeights> w, const Tensor& h0, const Tensor& c0,
                                 const RecurrentArgs& o) {
  return lstm(x, w, h0, c0, o);
}

RnnResult GRU::operator()(const Tensor& x, const Tensor& h0) {
  Results r = call(x, h0, {});
  return {std::move(r.output), std::move(r.h_n)};
}

Recurrent::Results GRU::compute(const Tensor& x, std::span<const RecurrentWeights> w, const Tensor& h0, const Tensor&,
                                const RecurrentArgs& o) {
  RnnResult r = gru(x, w, h0, o);
  return {std::move(r.output), std::move(r.h_n), {}};
}

}  // namespace eg::nn
