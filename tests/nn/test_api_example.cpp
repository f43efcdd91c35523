// The public interface by example: each piece of it compiles, and means what it says.
#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include <span>
#include <string>
#include <vector>

namespace nn = eg::nn;

namespace {

struct Critic : nn::Module {
  nn::Conv1d conv{1, 32, 4, {.stride = 2, .padding = 1}};
  nn::InstanceNorm1d norm{32, {.affine = true}};
  nn::Linear out{32 * 64, 1};
  void visit(nn::Visitor& v) override { v("conv", conv)("norm", norm)("out", out); }
  eg::Tensor forward(const eg::Tensor& x) override { return out(eg::leaky_relu(norm(conv(x)), 0.2).flatten(1)); }
};

std::vector<double> numbers(const eg::Tensor& t) { return t.to_vector<double>(); }

}  // namespace

TEST_CASE("api: tensors are float32 unless told otherwise") {
  auto x = eg::randn({32, 64, 100});
  CHECK(x.dtype() == eg::float32);
  CHECK_FALSE(x.requires_grad());
  auto wide = eg::randn({2, 3}, {.dtype = eg::float64, .requires_grad = true});
  CHECK(wide.dtype() == eg::float64);
  CHECK(wide.requires_grad());
}

TEST_CASE("api: three ways to make an InstanceNorm1d, two ways to call it") {
  auto x = eg::randn({32, 64, 100});
  nn::InstanceNorm1d a(64);
  CHECK(a.parameters().empty());
  CHECK(a.buffers().empty());
  nn::InstanceNorm1d b(256, 1e-5, 0.1, true);
  CHECK(b.parameters().size() == 2);
  CHECK(b.buffers().empty());
  nn::InstanceNorm1d tracked(8, 1e-5, 0.1, true, true);
  CHECK(tracked.buffers().size() == 3);
  nn::InstanceNorm1d c(64, {.affine = true, .track_running_stats = true});
  eg::Tensor y = c(x);
  CHECK(y.shape() == x.shape());
  CHECK(c.num_batches_tracked->item<std::int64_t>() == 1);
  c.eval();
  const std::vector<double> called = numbers(c(x));
  y = c.forward(x);
  CHECK(numbers(y) == called);
  CHECK(c.num_batches_tracked->item<std::int64_t>() == 1);
}

TEST_CASE("api: backward, grad, NoGrad") {
  auto w = eg::tensor({1., 2., 3.}, {.dtype = eg::float64, .requires_grad = true});
  auto loss = (w * w).sum();
  loss.backward();
  CHECK(numbers(w.grad()) == std::vector<double>{2, 4, 6});

  auto loss2 = (w * w * w).sum();
  auto g = eg::grad({loss2}, {w}, {.create_graph = true});
  CHECK(g.size() == 1);
  CHECK(numbers(g[0]) == std::vector<double>{3, 12, 27});
  CHECK(numbers(eg::grad({g[0].sum()}, {w})[0]) == std::vector<double>{6, 12, 18});
  CHECK(numbers(w.grad()) == std::vector<double>{2, 4, 6});  // grad collects nothing
  {
    eg::NoGrad guard;
    CHECK_FALSE((w * w).requires_grad());
  }
  CHECK((w * w).requires_grad());
  float v = loss.item<float>();
  CHECK(v == 14.0f);
}

TEST_CASE("api: shapes, views, elements") {
  eg::Tensor y = eg::randn({4, 6, 100});
  auto s = y.shape();
  CHECK(s == eg::Shape{4, 6, 100});
  CHECK(y.size(1) == 6);
  CHECK(y.dim() == 3);
  CHECK(y.numel() == 2400);
  CHECK(y.dtype() == eg::float32);
  auto part = y.slice(/*dim=*/2, /*start=*/0, /*end=*/50);
  CHECK(part.shape() == eg::Shape{4, 6, 50});
  CHECK(part.array().shares_storage(y.array()));
  for (const eg::Tensor& view : {y.select(0, 1), y.narrow(2, 10, 5), y.permute({2, 0, 1}), y.transpose(0, 2), y.reshape({4, -1}),
                                 y.select(1, 0).unsqueeze(1).expand({4, 3, 100})})
    CHECK(view.array().shares_storage(y.array()));
  CHECK(y.index_select(0, eg::tensor({2, 0})).shape() == eg::Shape{2, 6, 100});
  y.mutable_data<float>()[1] = 7;
  CHECK(part.to_vector<float>()[1] == 7);

  std::span<const float> raw = y.contiguous().data<float>();
  CHECK(raw.size() == 2400);
  CHECK_THROWS_AS(y.data<double>(), eg::DTypeError);
  CHECK_THROWS_AS(part.data<float>(), eg::ValueError);
}

TEST_CASE("api: a module, its names, a step of Adam") {
  eg::manual_seed(1);
  Critic critic;
  nn::Sequential seq{nn::Linear(2, 64), nn::ReLU(), nn::Linear(64, 1)};
  CHECK(seq(eg::randn({5, 2})).shape() == eg::Shape{5, 1});
  auto real = eg::randn({32, 1, 128});

  eg::optim::Adam adam(critic.parameters(), {.lr = 2e-4, .betas = {0.5, 0.999}});
  auto first = nn::bce_with_logits(critic(real), eg::ones({32, 1}));
  adam.zero_grad();
  nn::bce_with_logits(critic(real), eg::ones({32, 1})).backward();
  adam.step();
  CHECK(nn::bce_with_logits(critic(real), eg::ones({32, 1})).item<float>() < first.item<float>());

  std::vector<std::string> names;
  for (auto& [name, p] : critic.named_parameters()) {
    names.push_back(name);
    CHECK(p.requires_grad());
  }
  CHECK(names == std::vector<std::string>{"conv.weight", "conv.bias", "norm.weight", "norm.bias", "out.weight", "out.bias"});
  critic.eval();
  CHECK_FALSE(critic.is_training());
  CHECK_FALSE(critic.norm.is_training());
  critic.train();
  CHECK(critic.is_training());

  int entries = 0;
  for (auto& [name, t] : critic.state_dict()) entries += t.defined() && !name.empty();
  CHECK(entries == 6);
  Critic other;
  auto dict = critic.state_dict();
  other.load_state_dict(dict);
  CHECK(numbers(other(real)) == numbers(critic(real)));
  nn::InstanceNorm1d tracked(4, {.affine = true, .track_running_stats = true});
  CHECK(tracked.state_dict().size() == 5);  // parameters and buffers
}

TEST_CASE("api: tensors from spans, sums over dimensions, losses") {
  const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, 8};
  auto m = eg::tensor(std::span<const float>(values)).reshape({4, -1});
  auto r = m.sum({1}, /*keepdim=*/true);
  CHECK(r.shape() == eg::Shape{4, 1});
  CHECK(r.to_vector<float>() == std::vector<float>{3, 7, 11, 15});
  auto t = eg::zeros({4, 2});
  CHECK(nn::mse_loss(m, t).item<float>() == 204.0f / 8);
}

TEST_CASE("api: errors are caught as eg::Error and say what to do") {
  auto x = eg::randn({32, 64, 100});
  std::string text;
  try {
    nn::InstanceNorm1d(16)(x);
  } catch (const eg::Error& e) {
    text = e.what();
  }
  CHECK(text.find("InstanceNorm1d(16): expected 16 channels") == 0);
  CHECK(text.find("[32, 64, 100]") != text.npos);
}

TEST_CASE("api: seeds, generators, threads") {
  eg::manual_seed(7);
  const std::vector<double> a = numbers(eg::randn({4}));
  eg::manual_seed(7);
  CHECK(numbers(eg::randn({4})) == a);
  eg::Generator gen(7), same(7);
  const std::vector<double> b = numbers(eg::randn({4}, gen));
  CHECK(numbers(eg::randn({4}, same)) == b);
  CHECK(numbers(eg::randn({4}, gen)) != b);
  const int before = eg::num_threads();
  eg::set_num_threads(2);
  CHECK(eg::num_threads() == (EIGENGRAD_THREADS ? 2 : 1));
  eg::set_num_threads(before);
}
