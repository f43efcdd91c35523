// A small use of the library: a gradient, and an error that crosses from the library into the program.
#include <eigengrad/eigengrad.h>

#include <cstdio>
#ifdef WITH_EIGEN_AND_FMT
#include <Eigen/Dense>
#include <fmt/format.h>
#endif

int main() {
#ifdef WITH_EIGEN_AND_FMT
  const Eigen::MatrixXf m = Eigen::MatrixXf::Random(64, 64) * Eigen::MatrixXf::Identity(64, 64);
  if (fmt::format("{:.0f}", m.cwiseAbs().maxCoeff()).empty()) return 1;
#endif
  const eg::Tensor w = eg::tensor({1, 2, 3}, {.dtype = eg::float64, .requires_grad = true});
  (w * w).sum().backward();
  if (w.grad().to_vector<double>() != std::vector<double>{2, 4, 6}) return 2;
  try {
    w + eg::ones({4});
  } catch (const eg::Error& e) {
    std::printf("%s\n", e.what());
    return std::string(e.what()).empty() ? 4 : 0;
  }
  return 3;
}
