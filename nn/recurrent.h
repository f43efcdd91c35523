#pragma once
#include <eigengrad/autograd/ops/recurrent.h>
#include <eigengrad/nn/module.h>

#include <span>
#include <vector>

namespace eg::nn {

enum class Nonlinearity : std::uint8_t { tanh, relu };

struct RecurrentOptions {
  std::int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;    ///< x and output are [N, T, ...]
  double dropout = 0;          ///< of the output of every layer but the last, in training
  bool bidirectional = false;
};
struct RNNOptions {
  std::int64_t num_layers = 1;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
};

/// Base of the recurrent layers. Called as a Module, in Sequential for instance, it gives the output of all steps.
class Recurrent : public Module {
 public:
  void visit(Visitor& v) override;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

  struct Weights {
    Parameter weight_ih, weight_hh, bias_ih, bias_hh;  ///< as eg::RecurrentWeights
  };
  std::vector<Weights> weights;  ///< layer by layer, the forward direction first

 protected:
  using Results = LstmResult;  // c_n for lstm only
  Recurrent(const char* name, std::int64_t gates, std::int64_t in, std::int64_t hidden, const RecurrentOptions& o);
  virtual Results compute(const Tensor& x, std::span<const RecurrentWeights> w, const Tensor& h0, const Tensor& c0,
                          const RecurrentArgs& o) = 0;
  /// Runs the module on x from these states, hooks included.
  Results call(const Tensor& x, const Tensor& h0, const Tensor& c0);
  virtual std::string extra() const { return ""; }

 private:
  const char* name_;
  std::int64_t in_, hidden_;
  RecurrentOptions options_;
};

// Layers over the functions of <eigengrad/autograd/ops/recurrent.h>, which give formulas, shapes and costs.
// Called with a tensor, and states where there are some, they give {output, h_n} or {output, h_n, c_n}.
// Errors    ValueError for sizes or layers < 1 or a dropout outside [0, 1]; ShapeError as the functions
// Starts    all uniform in +-1 / sqrt(hidden), as PyTorch
// State     weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then weight_ih_l0_reverse ... where bidirectional, then l1

class RNN : public Recurrent {
 public:
  RNN(std::int64_t in, std::int64_t hidden, RNNOptions options = {});
  RnnResult operator()(const Tensor& x, const Tensor& h0 = {});

 private:
  Results compute(const Tensor& x, std::span<const RecurrentWeights> w, const Tensor& h0, const Tensor& c0,
                  const RecurrentArgs& o) override;
  std::string extra() const override;
  Nonlinearity nonlinearity_;
};

class LSTM : public Recurrent {
 public:
  LSTM(std::int64_t in, std::int64_t hidden, RecurrentOptions options = {}) : Recurrent("LSTM", 4, in, hidden, options) {}
  LstmResult operator()(const Tensor& x, const Tensor& h0 = {}, const Tensor& c0 = {}) { return call(x, h0, c0); }

 private:
  Results compute(const Tensor& x, std::span<const RecurrentWeights> w, const Tensor& h0, const Tensor& c0,
                  const RecurrentArgs& o) override;
};

class GRU : public Recurrent {
 public:
  GRU(std::int64_t in, std::int64_t hidden, RecurrentOptions options = {}) : Recurrent("GRU", 3, in, hidden, options) {}
  RnnResult operator()(const Tensor& x, const Tensor& h0 = {});

 private:
  Results compute(const Tensor& x, std::span<const RecurrentWeights> w, const Tensor& h0, const Tensor& c0,
                  const RecurrentArgs& o) override;
};

}  // namespace eg::nn
