// The program on eigengrad: all groups, and the limits of the machine.
#include <eigengrad/eigengrad.h>

#include "workload.h"

namespace bench {

void start(int n) {
  eg::set_num_threads(n);
  eg::manual_seed(1);
  eg::Tensor w = eg::randn({4, 4}, {.requires_grad = true});
  eg::matmul(w, w).sum().backward();
}

void add_workloads() {
  add_overhead();
  add_norms();
  add_convolutions();
  add_products();
  add_gans();
  add_style();
  add_limits();
  add_row_limits();
}

}  // namespace bench
