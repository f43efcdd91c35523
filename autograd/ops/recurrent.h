#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

/// What one layer computes with in one direction. The gates' rows stand one after another: G = 1 for rnn; 4 for lstm, i f g o;
/// 3 for gru, r z n. Biases may be undefined.
struct RecurrentWeights {
  Tensor weight_ih;      ///< [G H, E], of a later layer [G H, directions H]
  Tensor weight_hh;      ///< [G H, H]
  Tensor bias_ih = {};   ///< [G H]
  Tensor bias_hh = {};   ///< [G H]
};

struct RecurrentArgs {
  bool bidirectional = false;  ///< every layer reads the sequence both ways, with weights for each
  bool batch_first = false;    ///< x and output are [N, T, ...]
  double dropout = 0;          ///< of the output of every layer but the last, in training
  bool training = true;
};

struct RnnResult {
  Tensor output;  ///< of the last layer, all steps
  Tensor h_n;     ///< after the last step, of all layers
};
struct LstmResult {
  Tensor output;  ///< of the last layer, all steps
  Tensor h_n;     ///< after the last step, of all layers
  Tensor c_n;     ///< the cells, likewise
};

// Functions of sequences, step by step: a state h (and c) goes from one to the next.
// Weights   layer by layer, of a bidirectional layer those of the forward direction first
// Shapes    x [T, N, E], with batch_first [N, T, E], or [T, E] as a batch of one; output as x with directions H for E, the
//           forward direction first; h0, c0, h_n, c_n [layers directions, N, H] or, for [T, E], [layers directions, H].
//           States that are not given are zeros
// Errors    ShapeError, also for T = 0; ValueError for no weights or an odd number of them for two directions; DTypeError
// Gradient  x, states and weights, at every order
// Cost      2 G H (E + H) operations a step and sample forward, twice that backward; the input's products are one for all
//           steps. Time and memory grow with T, not faster

/// h' = tanh(W_ih x + b_ih + W_hh h + b_hh)                                Source  Elman 1990, "Finding structure in time"
RnnResult rnn_tanh(const Tensor& x, std::span<const RecurrentWeights> weights, const Tensor& h0 = {}, const RecurrentArgs& args = {});
/// The same with max(0, .) for tanh.
RnnResult rnn_relu(const Tensor& x, std::span<const RecurrentWeights> weights, const Tensor& h0 = {}, const RecurrentArgs& args = {});

/// i f g o = W_ih x + b_ih + W_hh h + b_hh;  c' = sigmoid(f) c + sigmoid(i) tanh(g);  h' = sigmoid(o) tanh(c')
/// Source    Hochreiter, Schmidhuber 1997, "Long short-term memory"; Gers, Schmidhuber, Cummins 2000 (forget gate)
LstmResult lstm(const Tensor& x, std::span<const RecurrentWeights> weights, const Tensor& h0 = {}, const Tensor& c0 = {},
                const RecurrentArgs& args = {});

/// With a = W_ih x + b_ih and b = W_hh h + b_hh in parts r z n:
///   r = sigmoid(a_r + b_r);  z = sigmoid(a_z + b_z);  n = tanh(a_n + r b_n);  h' = (1 - z) n + z h
/// Source    Cho et al. 2014, arXiv:1406.1078; with r behind the product, as the field's libraries have it
RnnResult gru(const Tensor& x, std::span<const RecurrentWeights> weights, const Tensor& h0 = {}, const RecurrentArgs& args = {});

}  // namespace eg
