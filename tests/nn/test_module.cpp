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
