// A small training program: MLP 2-64-64-1, 100 steps of Adam.
#include <eigengrad/eigengrad.h>

#include <cstdio>

using namespace eg::nn;

struct Net : Module {
  Linear a{2, 64}, b{64, 64}, c{64, 1};
  void visit(Visitor& v) override { v("a", a)("b", b)("c", c); }
  eg::Tensor forward(const eg::Tensor& x) override { return c(eg::relu(b(eg::relu(a(x))))); }
};

int main() {
  eg::manual_seed(0);
  Net net;
  eg::optim::Adam adam(net.parameters(), {.lr = 1e-3});
  const eg::Tensor x = eg::randn({64, 2}), target = x.sum({1}, true);
  for (int i = 0; i < 100; ++i) {
    adam.zero_grad();
    const eg::Tensor loss = mse_loss(net(x), target);
    loss.backward();
    adam.step();
    if (i % 50 == 49) std::printf("%d %.4f\n", i, loss.item<float>());
  }
}
