// Groups d (MLPs, products), e, f, g (GANs) and h (style transfer).
#include "layer.h"

namespace bench {
namespace {

using namespace torch::nn;
using torch::optim::Adam;
using torch::optim::AdamOptions;

struct Training {
  Sequential net;
  std::vector<Tensor> parameters = net->parameters();
  Adam adam{parameters, AdamOptions(1e-3)};
  explicit Training(Sequential n) : net(n) {}
};

template <class Net, class Data, class Loss> void training(const std::string& name, Net make_net, Data make_data, Loss loss) {
  const auto setup = [=] {
    auto t = std::make_shared<Training>(make_net());
    auto data = make_data();
    const std::function<void()> step = [=] {
      drop(t->parameters);
      loss(t->net->forward(data.first), data.second).backward();
      t->adam.step();
    };
    step();
    return std::make_tuple(t, data.first, step);
  };
  add(name + "/step", [=]() -> Call { return std::get<2>(setup()); });
  add(name + "/fwd", [=]() -> Call {
    return [s = setup()] {
      torch::NoGradGuard guard;
      Tensor y = std::get<0>(s)->net->forward(std::get<1>(s));
      keep(&y);
    };
  });
  add(name + "/adam_only", [=]() -> Call { return [s = setup()] { std::get<0>(s)->adam.step(); }; });
}

InstanceNorm1d norm(std::int64_t c) { return InstanceNorm1d(InstanceNorm1dOptions(c).affine(true)); }
Conv1d conv(std::int64_t in, std::int64_t out, std::int64_t k, std::int64_t stride, std::int64_t padding) {
  return Conv1d(Conv1dOptions(in, out, k).stride(stride).padding(padding));
}

Sequential generator() {
  const auto up = [](std::int64_t in, std::int64_t out) {
    return ConvTranspose1d(ConvTranspose1dOptions(in, out, 4).stride(2).padding(1));
  };
  return Sequential(Linear(16, 64 * 16), Unflatten(UnflattenOptions(1, {64, 16})), up(64, 64), norm(64), ReLU(), up(64, 32),
                    norm(32), ReLU(), up(32, 16), norm(16), ReLU(), conv(16, 1, 7, 1, 3), Tanh());
}

Sequential critic(bool with_norm) {
  const auto leaky = [] { return LeakyReLU(LeakyReLUOptions().negative_slope(0.2)); };
  Sequential net(conv(1, 32, 4, 2, 1), leaky(), conv(32, 64, 4, 2, 1));
  if (with_norm) net->push_back(norm(64));
  net->push_back(leaky());
  net->push_back(conv(64, 128, 4, 2, 1));
  if (with_norm) net->push_back(norm(128));
  net->push_back(leaky());
  net->push_back(Flatten());
  net->push_back(Linear(128 * 16, 1));
  return net;
}

Sequential mlp(std::int64_t out) {
  return Sequential(Linear(2, 128), ReLU(), Linear(128, 128), ReLU(), Linear(128, 128), ReLU(), Linear(128, out));
}

AdamOptions gan_adam(double lr) { return AdamOptions(lr).betas(std::make_tuple(0.5, 0.999)); }

Tensor bce(const Tensor& y, const Tensor& t) { return torch::binary_cross_entropy_with_logits(y, t); }

struct Gan {
  Sequential g, d;
  std::vector<Tensor> of_g = g->parameters(), of_d = d->parameters();
  Adam adam_g, adam_d;
  Tensor real, ones = torch::ones({real.size(0), 1}), zeros = torch::zeros({real.size(0), 1});
  Sizes noise;
  bool frozen;

  Gan(Sequential g_, Sequential d_, Tensor real_, std::int64_t z, double lr, bool frozen_)
      : g(g_), d(d_), adam_g(of_g, gan_adam(lr)), adam_d(of_d, gan_adam(lr)), real(real_), noise{real_.size(0), z},
        frozen(frozen_) {}

  void step() {
    Tensor fake;
    {
      torch::NoGradGuard guard;
      fake = g->forward(torch::randn(noise));
    }
    drop(of_d);
    (bce(d->forward(real), ones) + bce(d->forward(fake), zeros)).backward();
    adam_d.step();
    drop(of_g);
    if (frozen) for (Tensor& p : of_d) p.set_requires_grad(false);
    bce(d->forward(g->forward(torch::randn(noise))), ones).backward();
    adam_g.step();
    if (frozen) for (Tensor& p : of_d) p.set_requires_grad(true);
  }
};

struct Critic {
  Sequential g, d;
  std::vector<Tensor> parameters = d->parameters();
  Adam adam{parameters, gan_adam(2e-4)};
  Tensor real = torch::randn({32, 1, 128});

  explicit Critic(bool with_norm) : g(generator()), d(critic(with_norm)) {}

  void step() {
    Tensor fake;
    {
      torch::NoGradGuard guard;
      fake = g->forward(torch::randn({32, 16}));
    }
    drop(parameters);
    const Tensor a = torch::rand({32, 1, 1});
    Tensor between = (a * real + (1 - a) * fake).set_requires_grad(true);
    const Tensor slope = torch::autograd::grad({d->forward(between).sum()}, {between}, {}, true, true)[0];
    const Tensor penalty = (slope.flatten(1).norm(2, 1) - 1).pow(2).mean();
    (d->forward(fake).mean() - d->forward(real).mean() + 10 * penalty).backward();
    adam.step();
  }
};

struct Transform {
  Sequential head{conv(1, 32, 9, 1, 4), norm(32), ReLU(), conv(32, 64, 4, 2, 1), norm(64), ReLU()};
  std::vector<Sequential> residual;
  Sequential tail{Upsample(UpsampleOptions().scale_factor(std::vector<double>{2.0}).mode(torch::kNearest)),
                  conv(64, 32, 3, 1, 1), norm(32), ReLU(), conv(32, 1, 9, 1, 4)};
  Transform() {
    for (int i = 0; i < 3; ++i)
      residual.push_back(Sequential(conv(64, 64, 3, 1, 1), norm(64), ReLU(), conv(64, 64, 3, 1, 1), norm(64)));
  }
  std::vector<Tensor> parameters() {
    std::vector<Tensor> all = head->parameters();
    residual.push_back(tail);
    for (Sequential& s : residual)
      for (const Tensor& p : s->parameters()) all.push_back(p);
    residual.pop_back();
    return all;
  }
  Tensor forward(const Tensor& x) {
    Tensor h = head->forward(x);
    for (Sequential& r : residual) h = h + r->forward(h);
    return tail->forward(h);
  }
};

Tensor gram(const Tensor& f) { return torch::bmm(f, f.transpose(1, 2)) / double(f.size(1) * f.size(2)); }

struct Style {
  Transform net;
  Conv1d wide = conv(1, 64, 11, 1, 5), deep = conv(64, 64, 11, 2, 5);
  std::vector<Tensor> parameters = net.parameters();
  Adam adam{parameters, AdamOptions(1e-3)};
  Tensor x = torch::randn({4, 1, 1024}), content, gram1, gram2;

  Style() {
    for (const Conv1d& c : {wide, deep})
      for (Tensor& p : c->parameters()) p.set_requires_grad(false);
    content = features(x).second;
    const auto s = features(torch::randn({1, 1, 1024}));
    gram1 = gram(s.first).expand({4, 64, 64}).contiguous();
    gram2 = gram(s.second).expand({4, 64, 64}).contiguous();
  }
  std::pair<Tensor, Tensor> features(const Tensor& in) {
    const Tensor a = torch::relu(wide(in));
    return {a, torch::relu(deep(a))};
  }
  void step() {
    drop(parameters);
    const auto f = features(net.forward(x));
    (torch::mse_loss(f.second, content) +
     1e3 * (torch::mse_loss(gram(f.first), gram1) + torch::mse_loss(gram(f.second), gram2))).backward();
    adam.step();
  }
};

template <class Make> void stepping(const std::string& name, Make make) {
  add(name, [=]() -> Call { return [m = make()] { m->step(); }; });
}

}  // namespace

void add_products() {
  training("d/mlp_2-64-64-1_b64_mse", [] { return Sequential(Linear(2, 64), ReLU(), Linear(64, 64), ReLU(), Linear(64, 1)); },
           [] { return std::make_pair(torch::randn({64, 2}), torch::randn({64, 1})); },
           [](const Tensor& y, const Tensor& t) { return torch::mse_loss(y, t); });
  training("d/mlp_784-512-256-10_b128_ce",
           [] { return Sequential(Linear(784, 512), ReLU(), Linear(512, 256), ReLU(), Linear(256, 10)); },
           [] { return std::make_pair(torch::randn({128, 784}), torch::randint(0, 10, {128}, torch::kLong)); },
           [](const Tensor& y, const Tensor& t) { return torch::cross_entropy_loss(y, t); });
  for (const auto& s : product_sizes)
    add("d/matmul/" + text(s), [&s]() -> Call {
      return [a = torch::randn({s[0], s[1]}), b = torch::randn({s[1], s[2]})] {
        torch::NoGradGuard guard;
        Tensor c = torch::mm(a, b);
        keep(&c);
      };
    });
}

void add_gans() {
  for (const bool frozen : {false, true})
    stepping(std::string("e/dcgan1d_b32_L128/step") + (frozen ? "_frozenD" : ""), [=] {
      return std::make_shared<Gan>(generator(), critic(true), torch::randn({32, 1, 128}), 16, 2e-4, frozen);
    });
  for (const std::int64_t n : {32, 1})
    add("e/dcgan1d_b" + std::to_string(n) + "_L128/generator_fwd", [n]() -> Call {
      return [g = generator(), z = torch::randn({n, 16})]() mutable {
        torch::NoGradGuard guard;
        Tensor y = g->forward(z);
        keep(&y);
      };
    });
  for (const bool with_norm : {false, true})
    stepping(std::string("f/wgan_gp_b32_L128/critic_step") + (with_norm ? "_instancenorm" : "_nonorm"),
             [=] { return std::make_shared<Critic>(with_norm); });
  for (const bool frozen : {false, true})
    stepping(std::string("g/gan_8gaussians_mlp_b256/step") + (frozen ? "_frozenD" : ""),
             [=] { return std::make_shared<Gan>(mlp(2), mlp(1), torch::randn({256, 2}), 2, 1e-3, frozen); });
}

void add_style() {
  stepping("h/style1d_b4_L1024/step", [] { return std::make_shared<Style>(); });
  for (const std::int64_t n : {4, 1})
    add("h/style1d_b" + std::to_string(n) + "_L1024/transform_fwd", [n]() -> Call {
      return [net = std::make_shared<Transform>(), x = torch::randn({n, 1, 1024})] {
        torch::NoGradGuard guard;
        Tensor y = net->forward(x);
        keep(&y);
      };
    });
}

}  // namespace bench
