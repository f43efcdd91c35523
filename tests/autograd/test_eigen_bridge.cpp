#include <doctest/doctest.h>

#include <eigengrad/core/eigen.h>
#include <eigengrad/eigengrad.h>

using namespace eg;

TEST_CASE("eigen: a tensor as a matrix without a copy, transposed views included") {
  Tensor t = tensor({{1., 2., 3.}, {4., 5., 6.}});
  const auto m = eigen::map<float>(t);
  CHECK(m.rows() == 2);
  CHECK(m.cols() == 3);
  CHECK(m(1, 0) == 4);
  CHECK(m.data() == t.data<float>().data());
  const auto mt = eigen::map<float>(t.transpose(0, 1));
  CHECK(mt(0, 1) == 4);
  CHECK(eigen::map<float>(t.array()).sum() == 21);
  CHECK(eigen::map<float>(t.select(1, 2))(1, 0) == 6);

  eigen::mutable_map<float>(t).setConstant(7);
  CHECK(t.to_vector<float>() == std::vector<float>(6, 7));
}

TEST_CASE("eigen: matrices, vectors and expressions as tensors") {
  Eigen::MatrixXd m(2, 3);
  m << 1, 2, 3, 4, 5, 6;
  CHECK(eigen::tensor(m).shape() == Shape{2, 3});
  CHECK(eigen::tensor(m).to_vector<double>() == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(eigen::tensor(m.transpose() * 2).to_vector<double>() == std::vector<double>{2, 8, 4, 10, 6, 12});
  CHECK(eigen::tensor(Eigen::VectorXf::Ones(4)).shape() == Shape{4});
  CHECK(eigen::tensor(Eigen::ArrayXXi::Constant(2, 2, 3)).dtype() == int64);
}

TEST_CASE("eigen: errors") {
  CHECK_THROWS_WITH_AS(eigen::map<double>(ones({2, 2})), "eigen::map: expected map<T> with T of the elements, float32, got float64", DTypeError);
  CHECK_THROWS_WITH_AS(eigen::map<float>(ones({2, 2, 2})), "eigen::map: expected a vector or a matrix, got shape [2, 2, 2]; reshape it first", ShapeError);
  Tensor leaf = ones({2}, {.requires_grad = true});
  CHECK_THROWS_AS(eigen::mutable_map<float>(leaf), GradError);
}
