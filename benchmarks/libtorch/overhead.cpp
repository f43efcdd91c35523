// Group a: what one operation on 16 elements costs, forward + backward or forward alone.
#include "layer.h"

namespace bench {
namespace {

constexpr int length = 1000, products = 200;

template <class Op> void chain(const std::string& name, int count, bool matrix, bool param, Op op) {
  add("a/" + name, [=]() -> Call {
    Tensor x = matrix ? torch::eye(4) : torch::randn({16}).mul_(0.1), w = matrix ? torch::eye(4) : torch::ones({16});
    x.set_requires_grad(true);
    w.set_requires_grad(param);
    return [=]() mutable {
      drop({x, w});
      Tensor y = x;
      for (int i = 0; i < count; ++i) y = op(y, w);
      y.sum().backward();
    };
  }, count);
}

template <class Op> void forward(const std::string& name, int count, bool matrix, bool record, Op op) {
  add("a/" + name, [=]() -> Call {
    Tensor x = matrix ? torch::eye(4) : torch::randn({16}).mul_(0.1), w = matrix ? torch::eye(4) : torch::ones({16});
    x.set_requires_grad(record);
    return [=] {
      torch::AutoGradMode mode(record);
      Tensor y = x;
      for (int i = 0; i < count; ++i) y = op(y, w);
      keep(&y);
    };
  }, count);
}

}  // namespace

void add_overhead() {
  const auto plus = [](const Tensor& y, const Tensor& w) { return y + w; };
  const auto times = [](const Tensor& y, const Tensor& w) { return y * w; };
  const auto tanh = [](const Tensor& y, const Tensor&) { return torch::tanh(y); };
  const auto product = [](const Tensor& y, const Tensor& w) { return torch::matmul(y, w); };
  chain("add_const_fwdbwd/16", length, false, false, plus);
  chain("add_param_fwdbwd/16", length, false, true, plus);
  chain("mul_const_fwdbwd/16", length, false, false, times);
  chain("mul_param_fwdbwd/16", length, false, true, times);
  chain("tanh_fwdbwd/16", length, false, false, tanh);
  chain("matmul_param_fwdbwd/4x4", products, true, true, product);
  forward("add_const_fwd_recorded/16", length, false, true, plus);
  forward("add_const_fwd_nograd/16", length, false, false, plus);
  forward("tanh_fwd_nograd/16", length, false, false, tanh);
  forward("matmul_fwd_nograd/4x4", products, true, false, product);
  add("a/empty_tensor/16", []() -> Call {
    return [] {
      for (int i = 0; i < length; ++i) {
        Tensor y = torch::empty({16});
        keep(&y);
      }
    };
  }, length);
}

}  // namespace bench
