// Whole networks in float64 against PyTorch's numbers (tests/oracle/models.txt), and models whose gradients are known.
#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include <cmath>

#include "oracle_module.h"
#include "support/check_module.h"

using namespace eg;

namespace {

struct DcganGenerator : nn::Module {
  nn::Linear fc{3, 16};
  nn::ConvTranspose1d up1{4, 4, 4, {.stride = 2, .padding = 1}}, up2{4, 3, 4, {.stride = 2, .padding = 1}}, up3{3, 2, 4, {.stride = 2, .padding = 1}};
  nn::InstanceNorm1d norm1{4, {.affine = true}}, norm2{3, {.affine = true}}, norm3{2, {.affine = true}};
  nn::Conv1d out{2, 1, 7, {.padding = 3}};
  void visit(nn::Visitor& v) override {
    v("fc", fc)("up1", up1)("norm1", norm1)("up2", up2)("norm2", norm2)("up3", up3)("norm3", norm3)("out", out);
  }
  Tensor forward(const Tensor& z) override {
    Tensor h = fc(z).reshape({-1, 4, 4});
    h = relu(norm1(up1(h)));
    h = relu(norm2(up2(h)));
    h = relu(norm3(up3(h)));
    return tanh(out(h));
  }
};

struct PlainCritic : nn::Module {
  nn::Conv1d conv1{1, 3, 4, {.stride = 2, .padding = 1}}, conv2{3, 4, 4, {.stride = 2, .padding = 1}}, conv3{4, 5, 4, {.stride = 2, .padding = 1}};
  nn::Linear out{20, 1};
  void visit(nn::Visitor& v) override { v("conv1", conv1)("conv2", conv2)("conv3", conv3)("out", out); }
  Tensor forward(const Tensor& x) override {
    return out(leaky_relu(conv3(leaky_relu(conv2(leaky_relu(conv1(x), 0.2)), 0.2)), 0.2).flatten(1));
  }
};

struct Critic : PlainCritic {
  nn::InstanceNorm1d norm2{4, {.affine = true}}, norm3{5, {.affine = true}};
  void visit(nn::Visitor& v) override { v("conv1", conv1)("conv2", conv2)("norm2", norm2)("conv3", conv3)("norm3", norm3)("out", out); }
  Tensor forward(const Tensor& x) override {
    return out(leaky_relu(norm3(conv3(leaky_relu(norm2(conv2(leaky_relu(conv1(x), 0.2))), 0.2))), 0.2).flatten(1));
  }
};

struct Gan : nn::Module {
  DcganGenerator g;
  Critic d;
  void visit(nn::Visitor& v) override { v("g", g)("d", d); }
};

/// Only the critic, under the pair's name of it.
struct CriticAlone : nn::Module {
  Critic d;
  void visit(nn::Visitor& v) override { v("d", d); }
};

Tensor leaf(const oracle::Case& c, const char* name) { return to_tensor(c.in.at(name)).set_requires_grad(); }
Tensor bce(const Tensor& x, double target) { return nn::bce_with_logits(x, full_like(x, target)); }
Tensor soft_plus(const Tensor& x) { return nn::bce_with_logits(-x, ones_like(x), Reduction::none); }
void expect_out(const oracle::Case& c, const char* name, const Tensor& t, double tolerance = 1e-11) {
  CAPTURE(name);
  CHECK(difference(t, to_tensor(c.out.at(name)), tolerance) == "");
}

template <class D> void wgan_gp(const std::string& name) {
  CAPTURE(name);
  const oracle::Case& c = oracle::load("models").at("wgan_gp/" + name);
  D d;
  load_parameters(d, c);
  Tensor real = leaf(c, "real"), fake = leaf(c, "fake"), a = leaf(c, "a");
  const Tensor between = a * real + (1 - a) * fake;
  const Tensor g = grad({d(between).sum()}, {between}, {.create_graph = true})[0];
  const Tensor norms = (g * g).sum({1, 2}).sqrt();
  const Tensor penalty = (norms - 1).square().mean();
  const Tensor loss = d(fake).mean() - d(real).mean() + penalty * 10;
  expect_out(c, "input_gradient", g);
  expect_out(c, "norms", norms);
  expect_out(c, "gp", penalty);
  expect_out(c, "loss", loss);
  expect_gradients(d, c, loss, {{"real", real}, {"fake", fake}, {"a", a}}, 1e-10);
}

template <class D> void r1(const std::string& name) {
  CAPTURE(name);
  const oracle::Case& c = oracle::load("models").at("r1/" + name);
  D d;
  load_parameters(d, c);
  Tensor real = leaf(c, "real");
  const Tensor score = d(real);
  const Tensor g = grad({score.sum()}, {real}, {.create_graph = true})[0];
  const Tensor penalty = (g * g).sum({1, 2}).mean();
  const Tensor loss = soft_plus(-score).mean() + penalty * 5;
  expect_out(c, "input_gradient", g);
  expect_out(c, "penalty", penalty);
  expect_out(c, "loss", loss);
  expect_gradients(d, c, loss, {{"real", real}}, 1e-10);
}

}  // namespace

TEST_CASE("models keep the contract of modules") {
  check_module(DcganGenerator(), randn({3, 3}));
  check_module(Critic(), randn({2, 1, 32}));
  check_module(PlainCritic(), randn({2, 1, 32}));
}

TEST_CASE("DCGAN generator") {
  DcganGenerator g;
  expect_case(g, "models", "dcgan/generator", "z");
}

TEST_CASE("DCGAN discriminator, first and second order") {
  Critic d;
  expect_case(d, "models", "dcgan/discriminator", "x", 1e-11);
  // The gradient of sum <gradient, v>, v a fixed direction.
  const oracle::Case& c = oracle::load("models").at("dcgan/discriminator");
  NamedTensors all = d.named_parameters();
  all.emplace_back("x", leaf(c, "x"));
  Tensor upstream = to_tensor(c.upstream.at("out")).set_requires_grad();
  std::vector<Tensor> wanted;
  for (const auto& [name, t] : all) wanted.push_back(t);
  const std::vector<Tensor> first = grad({(d(all.back().second) * upstream).sum()}, wanted, {.create_graph = true});
  Tensor s = zeros({}, {.dtype = float64});
  for (std::size_t i = 0; i < all.size(); ++i) s = s + (first[i] * to_tensor(c.v.at(all[i].first))).sum();
  all.emplace_back("upstream.out", upstream);
  wanted.push_back(upstream);
  const std::vector<Tensor> second = grad({s}, wanted, {.allow_unused = true});
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(all[i].first);
    const Tensor expected = to_tensor(c.grad2.at(all[i].first));
    CHECK(difference(second[i].defined() ? second[i] : zeros_like(expected), expected, 1e-10) == "");
  }
  CHECK(all.size() == c.grad2.size());
}

TEST_CASE("DCGAN losses and all their gradients") {
  const oracle::Case& dc = oracle::load("models").at("dcgan/discriminator_loss");
  CriticAlone critic;
  load_parameters(critic, dc);
  Tensor real = leaf(dc, "real"), fake = leaf(dc, "fake");
  const Tensor d_loss = bce(critic.d(real), 1) + bce(critic.d(fake), 0);
  expect_out(dc, "loss", d_loss);
  expect_gradients(critic, dc, d_loss, {{"real", real}, {"fake", fake}}, 1e-11);

  const oracle::Case& gc = oracle::load("models").at("dcgan/generator_loss");
  Gan pair;
  load_parameters(pair, gc);
  Tensor z = leaf(gc, "z");
  const Tensor g_loss = bce(pair.d(pair.g(z)), 1);
  expect_out(gc, "loss", g_loss);
  expect_gradients(pair, gc, g_loss, {{"z", z}}, 1e-11);
}

TEST_CASE("DCGAN: three training steps with Adam") {
  const oracle::Case& c = oracle::load("models").at("dcgan/train_3_steps");
  Gan pair;
  pair.to(float64);
  NamedTensors start;
  for (const auto& [name, v] : c.state_before) start.emplace_back(name, to_tensor(v));
  pair.load_state_dict(start);
  const std::vector<double> betas = c.numbers("betas");
  const optim::AdamOptions o{.lr = c.number("lr"), .betas = {betas.at(0), betas.at(1)}};
  optim::Adam adam_d(pair.d.parameters(), o), adam_g(pair.g.parameters(), o);
  std::vector<double> losses;
  for (int step = 1; step <= 3; ++step) {
    auto in = [&](const char* name) { return to_tensor(c.in.at(std::to_string(step) + "." + name)); };
    const Tensor fake = pair.g(in("z_d")).detach();
    adam_d.zero_grad();
    const Tensor d_loss = bce(pair.d(in("real")), 1) + bce(pair.d(fake), 0);
    d_loss.backward();
    adam_d.step();
    adam_g.zero_grad();
    const Tensor g_loss = bce(pair.d(pair.g(in("z_g"))), 1);
    g_loss.backward();
    adam_g.step();
    losses.push_back(d_loss.item<double>());
    losses.push_back(g_loss.item<double>());
  }
  expect_out(c, "losses", tensor(losses).reshape({3, 2}), 1e-9);
  for (const auto& entry : pair.named_parameters()) {
    const std::string& name = entry.first;
    const Tensor& t = entry.second;
    CAPTURE(name);
    // A bias in front of a norm has gradient zero: what is computed is rounding, which Adam divides by little more than
    // its eps. It stays where it was but for lr times rounding / eps.
    const bool idle = name.rfind("g.up", 0) == 0 || name == "d.conv2.bias" || name == "d.conv3.bias";
    if (idle && name.ends_with(".bias")) CHECK(difference(t, to_tensor(c.state_before.at(name)), 1e-8) == "");
    else CHECK(difference(t, to_tensor(c.state_after.at(name)), 1e-9) == "");
  }
}

TEST_CASE("gradient penalties: WGAN-GP and R1, with and without instance norm") {
  wgan_gp<PlainCritic>("nonorm");
  wgan_gp<Critic>("instancenorm");
  r1<PlainCritic>("nonorm");
  r1<Critic>("instancenorm");
}

TEST_CASE("WGAN-GP of a linear critic: the gradient's norm is the weight's") {
  const oracle::Case& c = oracle::load("models").at("wgan_gp/linear_critic");
  Tensor x = leaf(c, "x"), w = leaf(c, "w");
  const Tensor g = grad({matmul(x, w).sum()}, {x}, {.create_graph = true})[0];
  const Tensor norms = (g * g).sum({1}).sqrt();
  const Tensor loss = (norms - 1).square().mean();
  expect_out(c, "norms", norms, 1e-14);
  expect_out(c, "loss", loss, 1e-14);
  loss.backward();
  CHECK(difference(w.grad(), to_tensor(c.grad.at("w")), 1e-14) == "");
  CHECK_FALSE(x.grad().defined());

  // The same through the layer: loss (|w| - 1)^2, gradient 2 (|w| - 1) w / |w|.
  nn::Linear critic(4, 1);
  critic.to(float64);
  const Tensor norm = (critic.weight.tensor() * critic.weight.tensor()).sum().sqrt().detach();
  const Tensor xs = randn({5, 4}, {.dtype = float64, .requires_grad = true});
  const Tensor h = grad({critic(xs).sum()}, {xs}, {.create_graph = true})[0];
  ((h * h).sum({1}).sqrt() - 1).square().mean().backward();
  CHECK(difference(critic.weight->grad(), critic.weight->detach() * ((norm - 1) / norm * 2), 1e-14) == "");
}

TEST_CASE("Dirac-GAN: simultaneous descent walks outwards by a known factor, R1 brings it in") {
  // Mescheder, Geiger, Nowozin 2018, arXiv:1801.04406: D(x) = psi x, real data at 0, fake at theta,
  // L = f(theta psi) + f(0), f(t) = -log(1 + exp(-t)). One step of size h multiplies theta^2 + psi^2 by 1 + h^2 f'(theta psi)^2.
  const double h = 0.1;
  auto step = [&](Tensor& theta, Tensor& psi, double gamma) {
    theta.zero_grad();
    psi.zero_grad();
    Tensor real = zeros({1}, {.dtype = float64, .requires_grad = true});
    // The critic maximizes L, the generator minimizes it.
    const Tensor value = -soft_plus(-(theta * psi)).sum();
    const Tensor slope = grad({(psi * real).sum()}, {real}, {.create_graph = true})[0];
    const Tensor d_loss = -value + (slope * slope).sum() * (gamma / 2);
    const Tensor d_psi = grad({d_loss}, {psi}, {.retain_graph = true})[0], d_theta = grad({value}, {theta})[0];
    const double t = theta.item<double>() * psi.item<double>(), f = 1 / (1 + std::exp(t));  // f'(t)
    CHECK(d_theta.item<double>() == doctest::Approx(psi.item<double>() * f).epsilon(1e-13));
    CHECK(d_psi.item<double>() == doctest::Approx(-theta.item<double>() * f + gamma * psi.item<double>()).epsilon(1e-13));
    NoGrad guard;
    theta.sub_(d_theta * h);
    psi.sub_(d_psi * h);
    return f;
  };
  auto radius = [](const Tensor& a, const Tensor& b) { return a.item<double>() * a.item<double>() + b.item<double>() * b.item<double>(); };
  Tensor theta = full({1}, 1.0, {.dtype = float64, .requires_grad = true}), psi = full({1}, 0.5, {.dtype = float64, .requires_grad = true});
  double expected = radius(theta, psi);
  for (int i = 0; i < 50; ++i) {
    const double f = step(theta, psi, 0);
    expected *= 1 + h * h * f * f;
    CHECK(radius(theta, psi) == doctest::Approx(expected).epsilon(1e-12));
  }
  CHECK(expected > 1.25);
  for (int i = 0; i < 400; ++i) step(theta, psi, 1);
  CHECK(radius(theta, psi) < 1e-6);
}

TEST_CASE("MLP: first order, cross entropy from plain operations") {
  nn::Sequential net{nn::Linear(2, 4), nn::Tanh(), nn::Linear(4, 1)};
  expect_case(net, "models", "mlp/tanh");

  const oracle::Case& c = oracle::load("models").at("mlp/cross_entropy");
  nn::Sequential classes{nn::Linear(3, 5), nn::ReLU(), nn::Linear(5, 3)};
  load_parameters(classes, c);
  Tensor x = leaf(c, "x");
  const Tensor z = classes(x), target = to_tensor(c.in.at("target"));
  const Tensor loss = (z.exp().sum({1}).log() - z.gather(1, target.reshape({4, 1})).reshape({4})).mean();
  expect_out(c, "loss", loss);
  expect_gradients(classes, c, loss, {{"x", x}}, 1e-11);
}

TEST_CASE("style: mean squares of Gram matrices") {
  struct Features : nn::Module {
    nn::Parameter w1{zeros({2, 1, 3})}, b1{zeros({2})}, w2{zeros({2, 2, 3})}, b2{zeros({2})};
    void visit(nn::Visitor& v) override { v("w1", w1)("b1", b1)("w2", w2)("b2", b2); }
    static Tensor gram(const Tensor& t) {
      return (matmul(t, t.transpose(1, 2)) / static_cast<double>(t.size(1) * t.size(2))).square().mean();
    }
    Tensor forward(const Tensor& x) override {
      const Tensor h = relu(conv1d(x, w1, b1, {.padding = 1})), k = relu(conv1d(h, w2, b2, {.stride = 2, .padding = 1}));
      return gram(h) + gram(k);
    }
  } features;
  expect_case(features, "models", "style/gram_loss");
}
