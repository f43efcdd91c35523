// What must hold however the tape is used: flat memory, threads, wrong nodes, errors on the way.
#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <vector>

#include <eigengrad/autograd/node.h>
#include <eigengrad/eigengrad.h>

#if EIGENGRAD_THREADS
#include <thread>
#endif

using namespace eg;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#else
constexpr bool sanitized = false;
#endif

// Pages of this process in memory without those of files, such as its own code; 0 where the system does not say.
long resident_pages() {
  long size = 0, resident = 0, of_files = 0;
  if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld %ld %ld", &size, &resident, &of_files) != 3) resident = of_files = 0;
    std::fclose(f);
  }
  return resident - of_files;
}

// Counts the nodes that are alive.
struct Counted : Node {
  static inline int alive = 0;
  Saved x;
  explicit Counted(const Tensor& in) : x(in) { ++alive; }
  ~Counted() override { --alive; }
  const char* name() const noexcept override { return "counted"; }
  void release() noexcept override { x.reset(); }
  void backward(Tensor g, Grads grads) override { grads[0] = g * x.get(*this) * 2; }
};
Tensor counted_square(const Tensor& x) {
  return detail::record<Counted>((x.detach() * x.detach()).array(), {&x}, x);
}

// Returns a gradient of a wrong shape or type.
struct Wrong : Node {
  bool type;
  explicit Wrong(bool t) : type(t) {}
  const char* name() const noexcept override { return "wrong"; }
  void backward(Tensor g, Grads grads) override { grads[0] = type ? g.to(float64) : g.sum(); }
};

}  // namespace

TEST_CASE("safety: 10,000 steps of training leave memory flat and no node behind") {
  Tensor w = full({8}, 0.5, {.requires_grad = true}), b = zeros({8}, {.requires_grad = true});
  const Tensor x = full({4, 8}, 0.25);
  auto step = [&](int i) {
    Tensor h = tanh(x * w + b);
    h = checkpoint([&](const Tensor& a) { return tanh(a * w); }, h);
    Tensor loss = (counted_square(h) * h).sum();
    if (i % 3 == 0) {  // a gradient penalty
      const Tensor g = grad({loss}, {w}, {.create_graph = true})[0];
      loss = loss + (g * g).sum();
    }
    w.register_hook([](const Tensor& g) { return g * 1; }).remove();
    w.zero_grad();
    b.zero_grad();
    loss.backward();
    NoGrad guard;
    w.add_(w.grad(), -1e-3);
    b.add_(b.grad(), -1e-3);
  };
  // The first steps, and the first measurement, bring code and buffers into memory.
  for (int i = 0; i < 1000; ++i) step(i);
  resident_pages();
  for (int i = 0; i < 1000; ++i) step(i);
  const long before = resident_pages();
  for (int i = 0; i < 8000; ++i) step(i);
  CHECK(Counted::alive == 0);
  // 16 pages: what other parts of the process may touch meanwhile. A leak of 64 bytes a step would be 125.
  if (!sanitized) CHECK(resident_pages() - before <= 16);
}

TEST_CASE("safety: a graph goes when its last tensor goes, run or not, and after an error") {
  const Tensor x = ones({3}, {.requires_grad = true});
  { const Tensor y = counted_square(counted_square(x)); }
  CHECK(Counted::alive == 0);
  {
    const Tensor y = counted_square(x).sum();
    const Tensor g = grad({y}, {x}, {.create_graph = true})[0];
    const Tensor gg = grad({g.sum()}, {x}, {.create_graph = true})[0];
  }
  CHECK(Counted::alive == 0);
  {
    Tensor c = ones({3});
    const Tensor y = (counted_square(x * c)).sum();
    c.fill_(2);
    CHECK_THROWS_AS(y.backward(), GradError);
  }
  CHECK(Counted::alive == 0);
  // A recorded gradient kept by its own leaf is the one cycle there is; zero_grad (or set_grad) opens it.
  {
    Tensor leaf = ones({3}, {.requires_grad = true});
    const Tensor square = counted_square(leaf);
    (square * square).sum().backward({}, {.create_graph = true});
    CHECK(leaf.grad().requires_grad());
    leaf.zero_grad();
  }
  CHECK(Counted::alive == 0);
}

TEST_CASE("safety: a node that gives a gradient of another shape or type is named") {
  const Tensor x = ones({3}, {.requires_grad = true});
  const Tensor shape = detail::record<Wrong>(x.detach().clone().array(), {&x}, false);
  CHECK_THROWS_WITH_AS(shape.sum().backward(), "backward: expected wrong to give its input 0 a gradient of shape [3] and type "
                       "float32, got [] and float32; the backward of wrong is wrong", GradError);
  const Tensor type = detail::record<Wrong>(x.detach().clone().array(), {&x}, true);
  CHECK_THROWS_AS(type.sum().backward(), GradError);
}

TEST_CASE("safety: the tape is usable after a walk that failed") {
  Tensor x = ones({3}, {.requires_grad = true}), c = full({3}, 2);
  const Tensor a = x * c, b = (a * a).sum() + a.sum();
  c.fill_(5);  // found when the walk reaches x * c, with gradients on their way
  CHECK_THROWS_AS(b.backward(), GradError);
  CHECK_THROWS_AS(grad({b}, {x}), GradError);
  const Tensor y = (x * 3).sum();
  y.backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{3, 3, 3});
}

// Without EIGENGRAD_THREADS references are counted without atomics: a program has one thread.
#if EIGENGRAD_THREADS

TEST_CASE("safety: tapes on different threads are independent, and share parameters") {
  constexpr int threads = 2, steps = 300;
  Tensor w = full({16}, 1, {.requires_grad = true}), hooked = full({16}, 1, {.requires_grad = true});
  hooked.register_hook([](const Tensor& g) { return g * 2; });
  std::vector<std::thread> running;
  std::vector<int> right(threads);
  for (int t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      for (int i = 0; i < steps; ++i) {
        const Tensor own = full({16}, t + 1, {.requires_grad = true});
        Tensor y = checkpoint([&](const Tensor& a) { return a * w; }, own);
        y = (y + hooked * own).sum();
        y.backward();
        right[static_cast<std::size_t>(t)] += own.grad().to_vector<float>() == std::vector<float>(16, 2.f);
        // What is asked for explicitly touches nobody's .grad().
        const Tensor g = grad({(own * w * w).sum()}, {w}, {.create_graph = true})[0];
        right[static_cast<std::size_t>(t)] += g.to_vector<float>() == std::vector<float>(16, 2.f * static_cast<float>(t + 1));
      }
    });
  for (std::thread& t : running) t.join();
  CHECK(right == std::vector<int>(threads, 2 * steps));
  // Small whole numbers: the sum does not depend on the order.
  CHECK(w.grad().to_vector<float>() == std::vector<float>(16, steps * 3.f));
  CHECK(hooked.grad().to_vector<float>() == std::vector<float>(16, steps * 6.f));
}

TEST_CASE("safety: recording, anomaly mode and recomputation are the thread's own") {
  NoGrad guard;
  DetectAnomaly anomaly;
  bool recording = false, threw = true;
  std::thread([&] {
    recording = grad_enabled();
    const Tensor x = zeros({1}, {.requires_grad = true});
    try {
      (void)(1 / x);
      threw = false;
    } catch (const AnomalyError&) {
    }
  }).join();
  CHECK(recording);
  CHECK_FALSE(threw);
}

TEST_CASE("safety: a graph made on one thread runs backward on another, and goes there") {
  Tensor x = ones({3}, {.requires_grad = true});
  Tensor y;
  std::thread([&] { y = counted_square(x * 2).sum(); }).join();
  // Later nodes of this thread come after those of the other.
  const Tensor z = y * 2 + (x * 3).sum();
  z.backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{19, 19, 19});
  std::thread([&] { y = Tensor(); }).join();
}

#endif
