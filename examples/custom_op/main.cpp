// A differentiable operation of your own, and the proof that its gradients are right. Copy this folder to start from.
//
//   build/release/bin/custom_op
//   cube: gradients agree with finite differences to 6.7e-13, second order to 8.6e-13
//   ...
#include <cstdio>

#include <eigengrad/eigengrad.h>

// y = x^3        dy/dx = 3 x^2
struct Cube : eg::Function<Cube> {
  static constexpr const char* name = "cube";
  eg::Tensor forward(eg::Context& ctx, const eg::Tensor& x) {
    ctx.save_for_backward(x);
    return x * x * x;
  }
  eg::Tensor backward(eg::Context& ctx, const eg::Tensor& g) {
    const eg::Tensor x = ctx.saved(0);
    return g * x * x * 3;  // made of differentiable functions: so it is differentiable again
  }
};

// y = tanh(slope (x - center)), per element: two tensors, and an option kept as a member
struct SoftStep : eg::Function<SoftStep> {
  static constexpr const char* name = "soft_step";
  double slope = 1;

  eg::Tensor forward(eg::Context& ctx, const eg::Tensor& x, const eg::Tensor& center, double steepness) {
    slope = steepness;
    const eg::Tensor y = eg::tanh((x - center) * slope);
    ctx.save_for_backward(y);  // the output, which saves computing tanh again
    return y;
  }
  std::vector<eg::Tensor> backward(eg::Context& ctx, const eg::Tensor& g) {
    const eg::Tensor y = ctx.saved(0);
    const eg::Tensor dx = g * (1 - y * y) * slope;
    return {dx, -dx};
  }
};

int main() {
  const auto x = eg::tensor({-1.2, 0.3, 0.8}, {.dtype = eg::float64, .requires_grad = true});
  const auto center = eg::tensor({0.1, -0.2, 0.5}, {.dtype = eg::float64, .requires_grad = true});
  auto soft_step = [](const eg::Tensor& a, const eg::Tensor& b) { return SoftStep::apply(a, b, 3.0); };

  try {
    std::printf("cube: gradients agree with finite differences to %.1e, second order to %.1e\n",
                eg::gradcheck(Cube::apply<eg::Tensor>, {x}), eg::gradgradcheck(Cube::apply<eg::Tensor>, {x}));
    std::printf("soft_step: gradients agree with finite differences to %.1e, second order to %.1e\n",
                eg::gradcheck(soft_step, {x, center}), eg::gradgradcheck(soft_step, {x, center}));

    // In use it is a function like any other.
    soft_step(Cube::apply(x), center).sum().backward();
    const auto g = x.grad().to_vector<double>();
    std::printf("d sum(soft_step(cube(x), center)) / dx = [%.6f, %.6f, %.6f]\n", g[0], g[1], g[2]);
  } catch (const eg::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
