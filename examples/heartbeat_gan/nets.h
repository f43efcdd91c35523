#pragma once
// The two networks, and one step of their game.
#include <eigengrad/eigengrad.h>

namespace nn = eg::nn;
using eg::Tensor;

/// Noise [N, 16] to heartbeats [N, 1, 256]: a small picture of 64 channels x 16 samples, doubled in length four times.
/// InstanceNorm1d keeps every channel of every beat at mean 0 and variance 1 before it is bent by ReLU, whatever the
/// other beats of the batch are: a batch statistic would let the beats of a batch lean on each other.
struct Generator : nn::Module {
  static constexpr std::int64_t noise = 16;
  nn::Linear project{noise, 64 * 16};
  nn::Sequential body{up(64, 64), norm(64), nn::ReLU(), up(64, 48), norm(48), nn::ReLU(),
                      up(48, 32), norm(32), nn::ReLU(), up(32, 16), norm(16), nn::ReLU()};
  nn::Conv1d out{16, 1, 9, {.padding = 4}};

  void visit(nn::Visitor& v) override { v("project", project)("body", body)("out", out); }
  Tensor forward(const Tensor& z) override { return out(body(project(z).reshape({-1, 64, 16}))); }

 private:
  static nn::ConvTranspose1d up(std::int64_t in, std::int64_t out) { return {in, out, 4, {.stride = 2, .padding = 1}}; }
  static nn::InstanceNorm1d norm(std::int64_t channels) { return nn::InstanceNorm1d(channels, {.affine = true}); }
};

/// A heartbeat [N, 1, 256] to one number [N, 1]: large for "real". No norm here: how large a beat is must count.
struct Critic : nn::Module {
  nn::Sequential body{down(1, 32), nn::LeakyReLU(0.2), down(32, 64), nn::LeakyReLU(0.2),
                      down(64, 64), nn::LeakyReLU(0.2), down(64, 128), nn::LeakyReLU(0.2), nn::Flatten()};
  nn::Linear out{128 * 16, 1};

  void visit(nn::Visitor& v) override { v("body", body)("out", out); }
  Tensor forward(const Tensor& x) override { return out(body(x)); }

 private:
  static nn::Conv1d down(std::int64_t in, std::int64_t out) { return {in, out, 4, {.stride = 2, .padding = 1}}; }
};

/// What a step reports.
struct Losses { double critic, generator, penalty; };

/// Both networks, their optimizers, and a slow average of the generator, which is what is used in the end: the game
/// makes the generator circle around the answer, and the average is nearer to it than any point of the circle.
struct Game {
  Generator generator, average = generator;
  Critic critic;
  eg::optim::Adam generator_step{generator.parameters(), {.lr = 5e-4, .betas = {0.5, 0.99}}};
  eg::optim::Adam critic_step{critic.parameters(), {.lr = 5e-4, .betas = {0.5, 0.99}}};

  /// One update of the critic and one of the generator on real beats [N, 1, 256].
  Losses step(Tensor real) {
    const std::int64_t batch = real.size(0);
    const Tensor yes = eg::ones({batch, 1}), no = eg::zeros({batch, 1});

    // The critic learns to tell real beats from generated ones ...
    Tensor fake;
    {
      eg::NoGrad guard;
      fake = generator(eg::randn({batch, Generator::noise}));
    }
    critic_step.zero_grad();
    real.set_requires_grad();
    const Tensor on_real = critic(real);
    const Tensor loss_c = nn::bce_with_logits(on_real, yes) + nn::bce_with_logits(critic(fake), no);
    // ... but must be flat around real beats (R1: Mescheder et al. 2018, arXiv:1801.04406): the squared slope of its
    // answer is part of its loss, so backward runs through a gradient.
    const Tensor slope = eg::grad({on_real.sum()}, {real}, {.create_graph = true})[0];
    const Tensor penalty = (slope * slope).sum() * (1.0 / static_cast<double>(batch));
    (loss_c + penalty * 0.5).backward();
    critic_step.step();

    // The generator learns to make beats that the critic takes for real. The critic's own gradients are not needed.
    critic.set_requires_grad(false);
    generator_step.zero_grad();
    const Tensor loss_g = nn::bce_with_logits(critic(generator(eg::randn({batch, Generator::noise}))), yes);
    loss_g.backward();
    generator_step.step();
    critic.set_requires_grad(true);

    follow(0.995);
    return {loss_c.item<double>(), loss_g.item<double>(), penalty.item<double>()};
  }

  /// average = decay average + (1 - decay) generator
  void follow(double decay) {
    eg::NoGrad guard;
    std::vector<Tensor> slow = average.parameters(), fast = generator.parameters();
    for (std::size_t i = 0; i < slow.size(); ++i) slow[i].mul_(decay).add_(fast[i], 1 - decay);
  }
};
