// instructions <workload> <rounds>: small workloads, whose cost is what the library adds to the arithmetic. check.sh counts
// the instructions of two numbers of rounds; their difference is free of start-up and of the first rounds' fresh blocks.
// Without arguments: one line a workload, "<name> <operations a round> <rounds> <more rounds>".
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <eigengrad/eigengrad.h>

namespace {

using namespace eg;

constexpr int length = 100;  // operations of a chain

// y = op(y, w) from the leaf x, 100 times, and back.
template <class Op> void chain(int rounds, const Tensor& start, Op op) {
  Tensor x = start.clone().set_requires_grad(), w = start.clone().set_requires_grad();
  for (int r = 0; r < rounds; ++r) {
    Tensor y = x;
    for (int i = 0; i < length; ++i) y = op(y, w);
    y.sum().backward();
    x.zero_grad();
    w.zero_grad();
  }
}

void add_param(int rounds) {
  chain(rounds, ones({16}), [](const Tensor& y, const Tensor& w) { return y + w; });
}
void mul_param(int rounds) {
  chain(rounds, ones({16}), [](const Tensor& y, const Tensor& w) { return y * w; });
}
void tanh_recorded(int rounds) {
  chain(rounds, ones({16}), [](const Tensor& y, const Tensor&) { return tanh(y); });
}
void matmul_param_4x4(int rounds) {
  chain(rounds, eye(4), [](const Tensor& y, const Tensor& w) { return matmul(y, w); });
}
void add_unrecorded(int rounds) {
  NoGrad guard;
  const Tensor w = ones({16});
  Tensor y = w;
  for (int i = 0; i < rounds * length; ++i) y = y + w;
}

void mlp_adam_step(int rounds) {
  manual_seed(1);
  nn::Sequential net{nn::Linear(2, 64), nn::ReLU(), nn::Linear(64, 64), nn::ReLU(), nn::Linear(64, 1)};
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  const Tensor x = randn({64, 2}), target = randn({64, 1});
  for (int r = 0; r < rounds; ++r) {
    adam.zero_grad();
    mse_loss(net(x), target).backward();
    adam.step();
  }
}

// What the kernels make of the machine's vectors: these counts multiply where vectors end up in memory or in pieces.
void product_64(int rounds) {
  NoGrad guard;
  const Tensor a = ones({64, 64}), b = ones({64, 64});
  for (int r = 0; r < rounds; ++r) matmul(a, b);
}
void conv_norm(int rounds) {
  manual_seed(1);
  nn::Sequential net{nn::Conv1d(16, 16, 4, {.stride = 2, .padding = 1}), nn::InstanceNorm1d(16, {.affine = true}), nn::LeakyReLU(0.2)};
  const Tensor x = randn({8, 16, 128}).set_requires_grad();
  for (int r = 0; r < rounds; ++r) {
    net.zero_grad();
    net(x).sum().backward();
  }
}

const struct Workload { const char* name; void (*run)(int rounds); int operations, few, many; } workloads[] = {
    {"add_param_16", add_param, length, 10, 60},
    {"mul_param_16", mul_param, length, 10, 60},
    {"tanh_16", tanh_recorded, length, 10, 60},
    {"matmul_param_4x4", matmul_param_4x4, length, 10, 60},
    {"add_unrecorded_16", add_unrecorded, length, 10, 110},
    {"mlp_2_64_64_1_adam_step", mlp_adam_step, 1, 5, 25},
    {"matmul_64x64x64", product_64, 1, 5, 25},
    {"conv_norm_8x16x128", conv_norm, 1, 5, 25},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) {
    for (const Workload& w : workloads) std::printf("%s %d %d %d\n", w.name, w.operations, w.few, w.many);
    return 0;
  }
  const int rounds = argc == 3 ? std::atoi(argv[2]) : 0;
  eg::set_num_threads(1);
  for (const Workload& w : workloads)
    if (rounds > 0 && std::strcmp(argv[1], w.name) == 0) {
      w.run(rounds);
      return 0;
    }
  std::fprintf(stderr, "usage: instructions [<workload> <rounds >= 1>]\n");
  return 2;
}
