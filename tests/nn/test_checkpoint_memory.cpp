// What checkpoint saves, counted in bytes that the allocator has handed out, on a net of 64 layers.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <eigengrad/eigengrad.h>

using namespace eg;

namespace {

constexpr std::int64_t layers = 64, width = 256, batch = 64, block = 8;

/// h [64, 256] -> Linear 256, tanh, InstanceNorm over 16 channels of 16.
struct Layer : nn::Module {
  nn::Linear linear{width, width};
  nn::InstanceNorm1d norm{16, {.affine = true}};
  void visit(nn::Visitor& v) override { v("linear", linear)("norm", norm); }
  Tensor forward(const Tensor& h) override { return norm(tanh(linear(h)).reshape({batch, 16, 16})).reshape({batch, width}); }
};

struct Deep : nn::Module {
  std::vector<Layer> all = std::vector<Layer>(layers);
  bool save_memory = false;
  void visit(nn::Visitor& v) override {
    for (std::size_t i = 0; i < all.size(); ++i) v(std::to_string(i), all[i]);
  }
  Tensor run(Tensor h, std::int64_t first) {
    for (std::int64_t i = first; i < first + block; ++i) h = all[static_cast<std::size_t>(i)](h);
    return h;
  }
  Tensor forward(const Tensor& x) override {
    Tensor h = x;
    for (std::int64_t i = 0; i < layers; i += block)
      h = save_memory ? checkpoint([this, i](const Tensor& t) { return run(t, i); }, h) : run(h, i);
    return h;
  }
};

}  // namespace

TEST_CASE("memory_stats: counts what this thread holds, and the most it held") {
  const std::int64_t before = memory_stats().current;
  {
    const Tensor a = zeros({1000});
    const std::int64_t one = memory_stats().current - before;
    CHECK(one >= 4000);
    CHECK(one < 4000 * 5 / 4 + 1024);
    reset_peak_memory_stats();
    CHECK(memory_stats().peak == memory_stats().current);
    { const Tensor large = zeros({1 << 20}); }
    CHECK(memory_stats().current == before + one);
    CHECK(memory_stats().peak >= before + one + (4 << 20));
  }
  CHECK(memory_stats().current == before);
  CHECK(memory_stats().peak > before);
  reset_peak_memory_stats();
  CHECK(memory_stats().peak == before);
}

TEST_CASE("checkpoint: a net of 64 layers needs less than a third of the memory for the same gradients") {
  const std::int64_t start = memory_stats().current;
  {
    manual_seed(1);
    Deep net;
    const Tensor x = randn({batch, width});
    auto step = [&] { net(x).square().mean().backward(); };
    auto gradients = [&] {
      std::vector<float> all;
      for (const Tensor& p : net.parameters())
        for (float g : p.grad().to_vector<float>()) all.push_back(g);
      return all;
    };
    // What a step needs beside weights and gradients, which are there from the step before.
    auto bytes = [&](bool save_memory) {
      net.save_memory = save_memory;
      net.zero_grad();
      step();
      const std::vector<float> first = gradients();
      reset_peak_memory_stats();
      const std::int64_t before = memory_stats().current;
      step();
      CHECK(memory_stats().current == before);
      return std::pair(memory_stats().peak - before, first);
    };
    const auto [plain, expected] = bytes(false);
    const auto [saved, got] = bytes(true);
    MESSAGE("peak of a step beside weights and gradients: " << plain / 1024 << " KiB, with checkpoints of 8 layers " << saved / 1024
                                                            << " KiB; weights and gradients " << (memory_stats().current - start) / 1024 << " KiB");
    CHECK(got == expected);
    CHECK(plain > 3 * saved);
    CHECK(saved > 0);
  }
  CHECK(memory_stats().current == start);
}
