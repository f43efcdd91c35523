// The smallest use of the library: a shape, and an error that crosses from the library into the program.
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
  const eg::Shape shape{2, 3, 4};
  if (shape.numel() != 24) return 2;
  try {
    eg::broadcast_shapes("consumer", eg::Shape{2, 3}, eg::Shape{4, 5});
  } catch (const eg::Error& e) {
    std::printf("%s\n", e.what());
    return 0;
  }
  return 3;
}
