// A small training program: MLP 2-64-64-1, 100 steps of Adam.
#include <torch/torch.h>

#include <cstdio>

using namespace torch::nn;

struct NetImpl : Module {
  Linear a{2, 64}, b{64, 64}, c{64, 1};
  NetImpl() {
    register_module("a", a);
    register_module("b", b);
    register_module("c", c);
  }
  torch::Tensor forward(const torch::Tensor& x) { return c(torch::relu(b(torch::relu(a(x))))); }
};
TORCH_MODULE(Net);

int main() {
  torch::manual_seed(0);
  Net net;
  torch::optim::Adam adam(net->parameters(), torch::optim::AdamOptions(1e-3));
  const torch::Tensor x = torch::randn({64, 2}), target = x.sum(1, true);
  for (int i = 0; i < 100; ++i) {
    adam.zero_grad();
    const torch::Tensor loss = torch::mse_loss(net(x), target);
    loss.backward();
    adam.step();
    if (i % 50 == 49) std::printf("%d %.4f\n", i, loss.item<float>());
  }
}
