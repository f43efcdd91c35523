// Recurrent functions, put together from differentiable ones. Each: 1 its cell, one step  2 the public function.
#include <eigengrad/autograd/ops/recurrent.h>
#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/ops/activation.h>
#include <eigengrad/autograd/ops/dropout.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/index.h>
#include <eigengrad/autograd/ops/join.h>
#include <eigengrad/autograd/ops/matmul.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/core/detail/format.h>
#include <eigengrad/core/error.h>

namespace eg {
namespace {

using Weights = std::span<const RecurrentWeights>;

struct State {
  Tensor h, c;  // [N, H]; c of lstm only
};

// Where both biases are only ever added, they enter once, with the input.
Tensor sum_of(const Tensor& a, const Tensor& b) { return !a.defined() ? b : !b.defined() ? a : a + b; }

// A cell: the input's products of all steps (GRU keeps b_hh out of them), and one step from one of them, a [N, G H].

template <bool rectified> struct RnnCell {
  static constexpr int gates = 1;
  static Tensor input(const Tensor& x, const RecurrentWeights& w) { return linear(x, w.weight_ih, sum_of(w.bias_ih, w.bias_hh)); }
  static void step(const Tensor& a, const RecurrentWeights& w, State& s) {
    const Tensor u = a + linear(s.h, w.weight_hh);
    s.h = rectified ? relu(u) : tanh(u);
  }
};

struct LstmCell {
  static constexpr int gates = 4;
  static Tensor input(const Tensor& x, const RecurrentWeights& w) { return linear(x, w.weight_ih, sum_of(w.bias_ih, w.bias_hh)); }
  static void step(const Tensor& a, const RecurrentWeights& w, State& s) {
    const std::int64_t n = s.h.size(1);
    const Tensor u = a + linear(s.h, w.weight_hh);
    const Tensor i = sigmoid(narrow(u, 1, 0, n)), f = sigmoid(narrow(u, 1, n, n)), g = tanh(narrow(u, 1, 2 * n, n)),
                 o = sigmoid(narrow(u, 1, 3 * n, n));
    s.c = f * s.c + i * g;
    s.h = o * tanh(s.c);
  }
};

struct GruCell {
  static constexpr int gates = 3;
  static Tensor input(const Tensor& x, const RecurrentWeights& w) { return linear(x, w.weight_ih, w.bias_ih); }
  static void step(const Tensor& a, const RecurrentWeights& w, State& s) {
    const std::int64_t n = s.h.size(1);
    const Tensor b = linear(s.h, w.weight_hh, w.bias_hh);
    const Tensor rz = sigmoid(narrow(a, 1, 0, 2 * n) + narrow(b, 1, 0, 2 * n));
    const Tensor r = narrow(rz, 1, 0, n), z = narrow(rz, 1, n, n);
    const Tensor m = tanh(narrow(a, 1, 2 * n, n) + r * narrow(b, 1, 2 * n, n));
    s.h = m + z * (s.h - m);
  }
};

// One layer in one direction: x [T, N, E] to [T, N, H].
template <class Cell> Tensor run(const Tensor& x, const RecurrentWeights& w, bool backwards, State& s) {
  const std::vector<Tensor> inputs = unbind(Cell::input(x, w));
  std::vector<Tensor> out(inputs.size());
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const std::size_t t = backwards ? inputs.size() - 1 - k : k;
    Cell::step(inputs[t], w, s);
    out[t] = s.h;
  }
  return stack(out);
}

void check_weights(const char* op, const Tensor& x, Weights weights, int gates, std::size_t directions) {
  if (weights.empty() || weights.size() % directions != 0)
    fail<ValueError>(op, "expected weights for each layer and direction, got {} of them for {} directions", weights.size(), directions);
  if (!is_floating(x.dtype())) fail<DTypeError>(op, "expected floating-point numbers, got {}; convert with to()", x.dtype());
  const Tensor& first = weights[0].weight_hh;
  const std::int64_t H = first.defined() && first.dim() == 2 ? first.size(1) : 0;
  std::int64_t in = x.size(-1);
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const auto check = [&](const char* name, const Tensor& t, const Shape& wanted, bool needed) {
      if (!t.defined() && !needed) return;
      if (!t.defined() || t.shape() != wanted || H == 0)
        fail<ShapeError>(op, "expected {} of layer {} of shape {} for an input of size {}, got {}", name, k / directions,
                         wanted, x.size(-1), t.defined() ? t.shape().str() : "none");
      if (t.dtype() != x.dtype())
        fail<DTypeError>(op, "expected {} of the type of x, {}, got {}; convert with to()", name, x.dtype(), t.dtype());
    };
    check("weight_hh", weights[k].weight_hh, {gates * H, H}, true);
    check("weight_ih", weights[k].weight_ih, {gates * H, in}, true);
    check("bias_ih", weights[k].bias_ih, {gates * H}, false);
    check("bias_hh", weights[k].bias_hh, {gates * H}, false);
    if (k % directions == directions - 1) in = H * static_cast<std::int64_t>(directions);
  }
}

void check_state(const char* op, const char* name, const Tensor& s, const Tensor& x, const Shape& wanted) {
  if (!s.defined()) return;
  if (s.shape() != wanted) fail<ShapeError>(op, "expected {} of shape {} for x {}, got {}", name, wanted, x.shape(), s.shape());
  if (s.dtype() != x.dtype())
    fail<DTypeError>(op, "expected {} of the type of x, {}, got {}; convert with to()", name, x.dtype(), s.dtype());
}

template <class Cell>
LstmResult recurrent(const char* op, const Tensor& in, Weights weights, const Tensor& h0, const Tensor& c0, const RecurrentArgs& o) {
  constexpr bool cells = Cell::gates == 4;
  if (in.dim() != 2 && in.dim() != 3)
    fail<ShapeError>(op, "expected x [{}, E] or [T, E], got {}", o.batch_first ? "N, T" : "T, N", in.shape());
  const std::size_t directions = o.bidirectional ? 2 : 1;
  check_weights(op, in, weights, Cell::gates, directions);
  const bool batch = in.dim() == 3, turned = batch && o.batch_first;
  Tensor x = turned ? transpose(in, 0, 1) : batch ? in : unsqueeze(in, 1);
  const std::int64_t count = static_cast<std::int64_t>(weights.size()), N = x.size(1), H = weights[0].weight_hh.size(1);
  if (x.size(0) < 1) fail<ShapeError>(op, "expected at least one step, got x {}", in.shape());
  const Shape shape = batch ? Shape{count, N, H} : Shape{count, H};
  check_state(op, "h0", h0, in, shape);
  check_state(op, "c0", c0, in, shape);

  const Tensor zero = h0.defined() && (c0.defined() || !cells) ? Tensor() : zeros({N, H}, {.dtype = in.dtype()});
  const auto start = [&](const Tensor& given, std::size_t k) {
    if (!given.defined()) return zero;
    const Tensor s = select(given, 0, static_cast<std::int64_t>(k));
    return batch ? s : unsqueeze(s, 0);
  };
  std::vector<Tensor> h(weights.size()), c(cells ? weights.size() : 0);
  for (std::size_t k = 0; k < weights.size(); k += directions) {
    if (k > 0 && o.dropout > 0) x = dropout(x, o.dropout, o.training);
    Tensor out[2];
    for (std::size_t d = 0; d < directions; ++d) {
      State s{start(h0, k + d), cells ? start(c0, k + d) : Tensor()};
      out[d] = run<Cell>(x, weights[k + d], d == 1, s);
      h[k + d] = batch ? s.h : squeeze(s.h, {0});
      if (cells) c[k + d] = batch ? s.c : squeeze(s.c, {0});
    }
    x = directions == 1 ? out[0] : cat({out[0], out[1]}, 2);
  }
  return {turned ? transpose(x, 0, 1) : batch ? x : squeeze(x, {1}), stack(h), cells ? stack(c) : Tensor()};
}

RnnResult without_cells(LstmResult r) { return {std::move(r.output), std::move(r.h_n)}; }

}  // namespace

RnnResult rnn_tanh(const Tensor& x, Weights weights, const Tensor& h0, const RecurrentArgs& o) {
  return without_cells(recurrent<RnnCell<false>>("rnn_tanh", x, weights, h0, {}, o));
}

RnnResult rnn_relu(const Tensor& x, Weights weights, const Tensor& h0, const RecurrentArgs& o) {
  return without_cells(recurrent<RnnCell<true>>("rnn_relu", x, weights, h0, {}, o));
}

LstmResult lstm(const Tensor& x, Weights weights, const Tensor& h0, const Tensor& c0, const RecurrentArgs& o) {
  return recurrent<LstmCell>("lstm", x, weights, h0, c0, o);
}

RnnResult gru(const Tensor& x, Weights weights, const Tensor& h0, const RecurrentArgs& o) {
  return without_cells(recurrent<GruCell>("gru", x, weights, h0, {}, o));
}

}  // namespace eg
