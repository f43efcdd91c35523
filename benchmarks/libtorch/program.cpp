// The program on libtorch: all groups.
#include <torch/torch.h>

#include "workload.h"

namespace bench {

void start(int n) {
  at::set_num_threads(n);
  torch::manual_seed(1);
  torch::Tensor w = torch::randn({4, 4}, torch::requires_grad());
  torch::matmul(w, w).sum().backward();
}

void add_workloads() {
  add_overhead();
  add_norms();
  add_convolutions();
  add_products();
  add_gans();
  add_style();
}

}  // namespace bench
