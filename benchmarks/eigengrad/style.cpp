// Group h: a training step of 1-D style transfer, a trained net before a fixed one that judges.
#include <eigengrad/eigengrad.h>

#include "work.h"
#include "workload.h"

namespace bench {
namespace {

using namespace eg::nn;
using eg::Tensor;

InstanceNorm1d norm(std::int64_t c) { return InstanceNorm1d(c, {.affine = true}); }
Conv1d same(std::int64_t in, std::int64_t out, std::int64_t k) { return Conv1d(in, out, k, {.padding = k / 2}); }

struct Transform : Module {
  Sequential head{same(1, 32, 9), norm(32), ReLU(),                                            // [N, 32, L]
                  Conv1d(32, 64, 4, {.stride = 2, .padding = 1}), norm(64), ReLU()};           // [N, 64, L / 2]
  Sequential residual[3];
  Sequential tail{Upsample(2), same(64, 32, 3), norm(32), ReLU(), same(32, 1, 9)};             // [N, 1, L]
  Transform() {
    for (Sequential& r : residual) r = Sequential(same(64, 64, 3), norm(64), ReLU(), same(64, 64, 3), norm(64));
  }
  void visit(Visitor& v) override {
    v("head", head)("residual0", residual[0])("residual1", residual[1])("residual2", residual[2])("tail", tail);
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = head(x);
    for (Sequential& r : residual) h = h + r(h);
    return tail(h);
  }
};

Tensor gram(const Tensor& f) { return eg::bmm(f, f.transpose(1, 2)) / double(f.size(1) * f.size(2)); }

struct Style {
  Transform net;
  Conv1d wide = same(1, 64, 11), deep{64, 64, 11, {.stride = 2, .padding = 5}};
  eg::optim::Adam adam{net.parameters(), {.lr = 1e-3}};
  Tensor x = eg::randn({4, 1, 1024}), content, gram1, gram2;

  Style() {
    wide.set_requires_grad(false);
    deep.set_requires_grad(false);
    content = features(x).second;
    const auto [s1, s2] = features(eg::randn({1, 1, 1024}));
    gram1 = gram(s1).expand({4, 64, 64}).contiguous();
    gram2 = gram(s2).expand({4, 64, 64}).contiguous();
  }
  std::pair<Tensor, Tensor> features(const Tensor& in) {
    const Tensor a = eg::relu(wide(in));
    return {a, eg::relu(deep(a))};
  }
  /// Products of a step: of the net, of the fixed layers, which need no gradient of their weights, and of the Gram
  /// matrices [4, 64, 64], each a product of f with f, so forward and backward three.
  double work() {
    const auto [f1, f2] = features(x);
    const Gflop of_net = gflop(net, x);
    return 3 * of_net.all - of_net.first + 2 * (gflop(wide, x).all + gflop(deep, f1).all) +
           3 * 2e-9 * 64 * double(f1.numel() + f2.numel());
  }
  void step() {
    adam.zero_grad();
    const auto [f1, f2] = features(net(x));
    (mse_loss(f2, content) + (mse_loss(gram(f1), gram1) + mse_loss(gram(f2), gram2)) * 1e3).backward();
    adam.step();
  }
};

}  // namespace

void add_style() {
  add("h/style1d_b4_L1024/step", []() -> Workload {
    const auto s = std::make_shared<Style>();
    return {[s] { s->step(); }, "fma", s->work()};
  });
  for (const std::int64_t n : {4, 1})
    add("h/style1d_b" + std::to_string(n) + "_L1024/transform_fwd", [n]() -> Workload {
      const auto net = std::make_shared<Transform>();
      const Tensor x = eg::randn({n, 1, 1024});
      const Call call = [net, x] {
        eg::NoGrad guard;
        Tensor y = (*net)(x);
        keep(&y);
      };
      return {call, "fma", gflop(*net, x).all};
    });
}

}  // namespace bench
