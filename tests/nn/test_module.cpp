#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

using namespace eg;

namespace {

struct Scale : nn::Module {
  nn::Parameter weight{ones({3})};
  nn::Buffer count{zeros({}, {.dtype = int64})};
  void visit(nn::Visitor& v) override { v("weight", weight)("count", count); }
  Tensor forward(const Tensor& x) override { return mul(x, weight); }
};

struct Net : nn::Module {
  Scale a;
  nn::Sequential body{Scale(), Scale()};
  void visit(nn::Visitor& v) override { v("a", a)("body", body); }
  Tensor forward(const Tensor& x) override { return body(a(x)); }
};

}  // namespace

TEST_CASE("module: names, copies and modes follow from visit") {
  Net net;
  std::vector<std::string> names;
  for (auto& [name, p] : net.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"a.weight", "body.0.weight", "body.1.weight"});
  CHECK(net.state_dict().size() == 6);

  Net copy = net;
  {
    NoGrad guard;
    net.a.weight->mul_(2);
  }
  CHECK(copy.a.weight->to_vector<float>() == std::vector<float>{1, 1, 1});
  CHECK(net(ones({3})).to_vector<float>() == std::vector<float>{2, 2, 2});
  copy.load_state_dict(net.state_dict());
  CHECK(copy(ones({3})).to_vector<float>() == std::vector<float>{2, 2, 2});
  net.eval();
  CHECK_FALSE(net.a.is_training());
}

TEST_CASE("module: an error names the path of the layer it came from") {
  Net net;
  CHECK_THROWS_WITH_AS(net(ones({4})), "Net.a (Scale): expected shapes that broadcast (sizes equal or 1, aligned at the end), "
                       "got [4] and [3]", ShapeError);
}

TEST_CASE("module: load_state_dict lists every wrong key and changes nothing") {
  Net net;
  nn::NamedTensors dict = net.state_dict();
  dict.erase(dict.begin());
  dict.emplace_back("extra", ones({1}));
  CHECK_THROWS_WITH_AS(net.load_state_dict(dict),
                       "load_state_dict: expected the keys and shapes of Net, got others; missing a.weight; unexpected extra", ValueError);
  const nn::LoadReport r = net.load_state_dict(dict, {.strict = false});
  CHECK(r.missing == std::vector<std::string>{"a.weight"});
  CHECK(r.unexpected == std::vector<std::string>{"extra"});
}

TEST_CASE("module: hooks see and replace, and can be taken away") {
  Scale s;
  int calls = 0;
  auto pre = s.register_forward_pre_hook([&](nn::Module&, const Tensor& x) { ++calls; return x * 2; });
  auto post = s.register_forward_hook([&](nn::Module&, const Tensor&, const Tensor& y) { ++calls; return y + 1; });
  CHECK(s(ones({3})).to_vector<float>() == std::vector<float>{3, 3, 3});
  pre.remove();
  post.remove();
  CHECK(s(ones({3})).to_vector<float>() == std::vector<float>{1, 1, 1});
  CHECK(calls == 2);
}

TEST_CASE("module: backward hooks see the gradient of the output and may replace it") {
  Scale s;
  int calls = 0;
  std::vector<float> seen;
  Tensor x = tensor({1, 2, 3}, {.dtype = float32, .requires_grad = true});
  auto look = s.register_backward_hook([&](nn::Module& m, const Tensor& g) {
    ++calls;
    CHECK(&m == &s);
    seen = g.to_vector<float>();
  });
  auto twice = s.register_backward_hook([](nn::Module&, const Tensor& g) { return g * 2; });
  (s(x) * 5).sum().backward();
  CHECK(calls == 1);
  CHECK(seen == std::vector<float>{5, 5, 5});
  CHECK(x.grad().to_vector<float>() == std::vector<float>{10, 10, 10});
  CHECK(s.weight->grad().to_vector<float>() == std::vector<float>{10, 20, 30});

  const Tensor y = s(x).sum();
  twice.remove();
  x.zero_grad();
  y.backward();
  CHECK(calls == 2);
  CHECK(x.grad().to_vector<float>() == std::vector<float>{1, 1, 1});
  {
    NoGrad guard;
    CHECK_FALSE(s(x).requires_grad());
  }
}

TEST_CASE("module: backward hooks of a module that hands its input through, that moved, that is gone") {
  struct Same : nn::Module {
    Tensor forward(const Tensor& x) override { return x; }
  };
  Tensor x = tensor({1, 2}, {.dtype = float64, .requires_grad = true});
  Tensor y;
  nn::Module* seen = nullptr;
  {
    Same a;
    a.register_backward_hook([&](nn::Module& m, const Tensor& g) {
      seen = &m;
      return g * 10;
    });
    (a(x) + x * x).sum().backward();  // 10 of the output, 2 x by the other way
    CHECK(x.grad().to_vector<double>() == std::vector<double>{12, 14});
    x.zero_grad();
    const Tensor z = a(x);
    Same b = std::move(a);
    z.sum().backward();
    CHECK(seen == &b);
    CHECK(x.grad().to_vector<double>() == std::vector<double>{10, 10});
    const std::vector<Tensor> g = grad({(b(x) * x).sum()}, {x}, {.create_graph = true});  // d(x') = x 10, d(x) = x
    CHECK(g[0].to_vector<double>() == std::vector<double>{11, 22});
    y = b(x).sum();
    seen = nullptr;
  }
  x.zero_grad();
  y.backward();
  CHECK(seen == nullptr);
  CHECK(x.grad().to_vector<double>() == std::vector<double>{1, 1});
}

TEST_CASE("module: anomaly reports name the module that ran the operation") {
  struct Root : nn::Module {
    Tensor forward(const Tensor& x) override { return sqrt(x); }
  };
  struct Model : nn::Module {
    Root root;
    void visit(nn::Visitor& v) override { v("root", root); }
    Tensor forward(const Tensor& x) override { return root(x * 1); }
  } model;
  const Tensor x = tensor({0, 1}, {.dtype = float64, .requires_grad = true});
  DetectAnomaly guard;
  const Tensor y = model(x).sum();
  CHECK_THROWS_WITH_AS(y.backward(), doctest::Contains("Model.root (Root): sqrt: expected finite numbers from the backward pass of sqrt"),
                       AnomalyError);
  CHECK_THROWS_WITH_AS(model(tensor({-1}, {.dtype = float64, .requires_grad = true})), doctest::Contains("Model.root (Root): "),
                       AnomalyError);
}

TEST_CASE("module: a checkpoint counts a batch once in running statistics") {
  nn::InstanceNorm1d norm(2, {.affine = true, .track_running_stats = true}), plain = norm;
  nn::BatchNorm1d batch(2);
  const Tensor x = randn({3, 2, 5}).set_requires_grad();
  plain(x).sum().backward();
  checkpoint([&](const Tensor& t) { return batch(norm(t)); }, x).sum().backward();
  CHECK(norm.num_batches_tracked->item<std::int64_t>() == 1);
  CHECK(batch.num_batches_tracked->item<std::int64_t>() == 1);
  CHECK(norm.running_mean->to_vector<float>() == plain.running_mean->to_vector<float>());
  CHECK(norm.running_var->to_vector<float>() == plain.running_var->to_vector<float>());
}
