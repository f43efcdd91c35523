// The program on dlib: the training steps of group d.
// Apart from libtorch's and ours, dlib's step also computes the gradient of the input, and half the gradient of the mean
// square; it cannot leave out the one, and the other costs no time. Its layers have no threads; its BLAS has.
#include <dlib/dnn.h>

#include <memory>
#include <vector>

#include "workload.h"

namespace bench {
namespace {

using Sample = dlib::matrix<float>;
template <int hidden1, int hidden2, int out>
using Mlp = dlib::fc<out, dlib::relu<dlib::fc<hidden2, dlib::relu<dlib::fc<hidden1, dlib::input<Sample>>>>>>;
using Regression = dlib::loss_mean_squared<Mlp<64, 64, 1>>;
using Classification = dlib::loss_multiclass_log<Mlp<512, 256, 10>>;

dlib::rand generator;

template <class Net> struct Training {
  Net net;
  std::vector<dlib::adam> adams;  // one a layer; no weight decay
  dlib::resizable_tensor x;
  std::vector<typename Net::training_label_type> targets;

  template <class Target> Training(long samples, long features, Target target)
      : adams(Net::num_computational_layers, dlib::adam(0, 0.9f, 0.999f)) {
    std::vector<Sample> rows;
    for (long i = 0; i < samples; ++i) {
      Sample row(features, 1);
      for (float& value : row) value = static_cast<float>(generator.get_random_gaussian());
      rows.push_back(row);
      targets.push_back(target());
    }
    net.to_tensor(rows.begin(), rows.end(), x);
  }
  void step() {
    net.compute_parameter_gradients(x, targets.begin());
    net.update_parameters(adams, 1e-3);
  }
};

template <class Net, class Target> void training(const std::string& name, long samples, long features, Target target) {
  add(name + "/step", [=]() -> Call {
    const auto t = std::make_shared<Training<Net>>(samples, features, target);
    return [t] { t->step(); };
  });
}

}  // namespace

void start(int) {
  dlib::resizable_tensor w(4, 4), product(4, 4);
  w = 1;
  dlib::tt::gemm(0, product, 1, w, false, w, false);
}

void add_workloads() {
  training<Regression>("d/mlp_2-64-64-1_b64_mse", 64, 2, [] { return static_cast<float>(generator.get_random_gaussian()); });
  training<Classification>("d/mlp_784-512-256-10_b128_ce", 128, 784, [] { return generator.get_random_32bit_number() % 10UL; });
}

}  // namespace bench
