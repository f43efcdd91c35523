// Groups e (DCGAN-1D), f (WGAN-GP critic step: a gradient of a gradient) and g (GAN of two MLPs).
#include <eigengrad/eigengrad.h>

#include "work.h"
#include "workload.h"

namespace bench {
namespace {

using namespace eg::nn;
using eg::Tensor;

// z [N, 16] -> [N, 1, 128]
Sequential generator() {
  const ConvTranspose1dOptions twice{.stride = 2, .padding = 1};
  const InstanceNormOptions affine{.affine = true};
  return {Linear(16, 64 * 16),           Unflatten(1, {64, 16}),                          // [N, 64, 16]
          ConvTranspose1d(64, 64, 4, twice), InstanceNorm1d(64, affine), ReLU(),         // [N, 64, 32]
          ConvTranspose1d(64, 32, 4, twice), InstanceNorm1d(32, affine), ReLU(),         // [N, 32, 64]
          ConvTranspose1d(32, 16, 4, twice), InstanceNorm1d(16, affine), ReLU(),         // [N, 16, 128]
          Conv1d(16, 1, 7, {.padding = 3}), Tanh()};
}

// x [N, 1, 128] -> [N, 1]
Sequential critic(bool norm) {
  const Conv1dOptions half{.stride = 2, .padding = 1};
  Sequential net(Conv1d(1, 32, 4, half), LeakyReLU(0.2), Conv1d(32, 64, 4, half));
  if (norm) net.push_back(InstanceNorm1d(64, {.affine = true}));
  net.push_back(LeakyReLU(0.2));
  net.push_back(Conv1d(64, 128, 4, half));
  if (norm) net.push_back(InstanceNorm1d(128, {.affine = true}));
  net.push_back(LeakyReLU(0.2));
  net.push_back(Flatten());
  net.push_back(Linear(128 * 16, 1));
  return net;
}

Sequential mlp(std::int64_t out) {
  return {Linear(2, 128), ReLU(), Linear(128, 128), ReLU(), Linear(128, 128), ReLU(), Linear(128, out)};
}

// One update of d, one of g. frozen: d's parameters collect no gradient during g's update.
struct Gan {
  Sequential g, d;
  eg::optim::Adam adam_g, adam_d;
  Tensor real, ones, zeros;
  eg::Shape noise;
  bool frozen;

  Gan(Sequential g_, Sequential d_, Tensor real_, std::int64_t z, double lr, bool frozen_)
      : g(std::move(g_)), d(std::move(d_)),
        adam_g(g.parameters(), {.lr = lr, .betas = {0.5, 0.999}}), adam_d(d.parameters(), {.lr = lr, .betas = {0.5, 0.999}}),
        real(real_), ones(eg::ones({real.size(0), 1})), zeros(eg::zeros({real.size(0), 1})), noise{real.size(0), z},
        frozen(frozen_) {}

  /// Products of a step. Neither real, fake nor noise needs a gradient.
  double work() const {
    const Gflop of_g = gflop(g, eg::randn(noise)), of_d = gflop(d, real);
    return of_g.all                                                  // fake
         + 2 * (3 * of_d.all - of_d.first)                           // d at real and at fake
         + 3 * of_g.all - of_g.first + (frozen ? 2 : 3) * of_d.all;  // d of g
  }
  void step() {
    Tensor fake;
    {
      eg::NoGrad guard;
      fake = g(eg::randn(noise));
    }
    adam_d.zero_grad();
    (bce_with_logits(d(real), ones) + bce_with_logits(d(fake), zeros)).backward();
    adam_d.step();
    adam_g.zero_grad();
    if (frozen) d.set_requires_grad(false);
    bce_with_logits(d(g(eg::randn(noise))), ones).backward();
    adam_g.step();
    if (frozen) d.set_requires_grad(true);
  }
};

struct Critic {
  Sequential g, d;
  eg::optim::Adam adam;
  Tensor real = eg::randn({32, 1, 128});
  bool norm;

  explicit Critic(bool norm_)
      : g(generator()), d(critic(norm_)), adam(d.parameters(), {.lr = 2e-4, .betas = {0.5, 0.999}}), norm(norm_) {}

  /// Products of a step.
  double work() const {
    const Gflop of_g = gflop(g, eg::randn({32, 16})), of_d = gflop(d, real);
    return of_g.all                                    // fake
         + 2 * of_d.all                                // d at `between`, and the slope: back to the input, not the weights
         + 2 * (3 * of_d.all - of_d.first)             // d at real and at fake
         + 2 * of_d.all - of_d.last                    // back through the slope; what it starts from is constant
         + (norm ? 2 * (of_d.all - of_d.last) : 0);    // and through d at `between`, on which a norm's slope depends
  }
  void step() {
    Tensor fake;
    {
      eg::NoGrad guard;
      fake = g(eg::randn({32, 16}));
    }
    adam.zero_grad();
    const Tensor a = eg::rand({32, 1, 1});
    Tensor between = a * real + (1 - a) * fake;
    between.set_requires_grad();
    const Tensor slope = eg::grad({d(between).sum()}, {between}, {.create_graph = true})[0];
    const Tensor penalty = (slope.flatten(1).norm(2, {1}) - 1).square().mean();
    (d(fake).mean() - d(real).mean() + penalty * 10).backward();
    adam.step();
  }
};

template <class Make> void stepping(const std::string& name, Make make) {
  add(name, [=]() -> Workload {
    const auto m = std::shared_ptr(make());
    return {[m] { m->step(); }, "fma", m->work()};
  });
}

}  // namespace

void add_gans() {
  for (const bool frozen : {false, true})
    stepping(std::string("e/dcgan1d_b32_L128/step") + (frozen ? "_frozenD" : ""), [=] {
      return std::make_unique<Gan>(generator(), critic(true), eg::randn({32, 1, 128}), 16, 2e-4, frozen);
    });
  for (const std::int64_t n : {32, 1})
    add("e/dcgan1d_b" + std::to_string(n) + "_L128/generator_fwd", [n]() -> Workload {
      const auto g = std::make_shared<Sequential>(generator());
      const Tensor z = eg::randn({n, 16});
      const Call call = [g, z] {
        eg::NoGrad guard;
        Tensor y = (*g)(z);
        keep(&y);
      };
      return {call, "fma", gflop(*g, z).all};
    });
  for (const bool norm : {false, true})
    stepping(std::string("f/wgan_gp_b32_L128/critic_step") + (norm ? "_instancenorm" : "_nonorm"),
             [=] { return std::make_unique<Critic>(norm); });
  for (const bool frozen : {false, true})
    stepping(std::string("g/gan_8gaussians_mlp_b256/step") + (frozen ? "_frozenD" : ""),
             [=] { return std::make_unique<Gan>(mlp(2), mlp(1), eg::randn({256, 2}), 2, 1e-3, frozen); });
}

}  // namespace bench
