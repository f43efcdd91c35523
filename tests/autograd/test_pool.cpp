// Pooling where values, windows or arguments are odd; its rows in the bench have the rest.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <eigengrad/eigengrad.h>

using namespace eg;

namespace {
const double inf = std::numeric_limits<double>::infinity();
Tensor line(const Tensor& x) { return x.reshape({1, x.numel()}); }
std::vector<double> values(const Tensor& t) { return t.to_vector<double>(); }
}  // namespace

TEST_CASE("max pooling: NaN wins, the first of equal ones gets the gradient, -inf and padding") {
  const Tensor x = line(tensor({1., NAN, 3., 2., 2., 2., -inf, -inf}));
  const ValuesIndices r = max_pool1d_with_indices(x, 2);
  CHECK(std::isnan(r.values.to_vector<double>()[0]));
  CHECK(r.indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 2, 4, 6});
  CHECK(values(r.values)[3] == -inf);
  const Tensor all = tensor({2., 2., 2., 2., 2., 2.}).reshape({1, 2, 3}).detach().set_requires_grad();
  CHECK(values(grad({max_pool2d(all, 2, {.stride = 1}).sum()}, {all})[0]) == std::vector<double>{1, 1, 0, 0, 0, 0});
  CHECK(values(max_pool1d(line(tensor({-3., -2., -5.})), 2, {.padding = 1})) == std::vector<double>{-3, -2});
}

TEST_CASE("average pooling: long float32 windows keep their digits, windows may stick out") {
  const Tensor x = full({1, 1, 1 << 20}, 0.1);
  CHECK(adaptive_avg_pool1d(x, 1).item<float>() == 0.1f);
  // ceil_mode: the last window holds one place of the input; its divisor counts what is inside the padded input.
  CHECK(values(avg_pool1d(line(tensor({1., 2., 3., 4., 5.})), 2, {.ceil_mode = true})) == std::vector<double>{1.5, 3.5, 5});
  CHECK(values(avg_pool1d(line(tensor({3., 6.})), 3, {.stride = 1, .padding = 1})) == std::vector<double>{3, 3});
  CHECK(values(avg_pool1d(line(tensor({3., 6.})), 3, {.stride = 1, .padding = 1, .count_include_pad = false})) == std::vector<double>{4.5, 4.5});
}

TEST_CASE("pooling: indices come from max_pool, and values of other layouts agree") {
  const Tensor x = randn({3, 2, 7}).transpose(0, 1);
  CHECK(values(max_pool1d(x, 3)) == values(max_pool1d(x.contiguous(), 3)));
  const ValuesIndices r = max_pool2d_with_indices(randn({2, 3, 4, 5}), 2);
  CHECK(r.indices.shape() == Shape{2, 3, 2, 2});
  CHECK(max_pool1d(zeros({0, 3, 8}), 2).shape() == Shape{0, 3, 4});
}

TEST_CASE("pooling: errors") {
  CHECK_THROWS_WITH_AS(max_pool1d(zeros({8}), 2), "max_pool1d: expected [N, C, L] or [C, L], got [8]", ShapeError);
  CHECK_THROWS_WITH_AS(avg_pool2d(zeros({4, 8}), 2), "avg_pool2d: expected [N, C, H, W] or [C, H, W], got [4, 8]", ShapeError);
  CHECK_THROWS_WITH_AS(max_pool1d(zeros({2, 8}), 0), "max_pool1d: expected kernel, stride and dilation from 1 to 2^30, got 0, 0 and 1",
                       ValueError);
  CHECK_THROWS_WITH_AS(max_pool1d(zeros({2, 8}), 2, {.padding = 2}),
                       "max_pool1d: expected a padding from 0 to half the kernel, got 2 for kernel 2", ValueError);
  CHECK_THROWS_WITH_AS(avg_pool1d(zeros({2, 3}), 4), "avg_pool1d: expected a larger size along dimension 1 for kernel 4, stride 4, padding "
                       "0, dilation 1, got [2, 3]", ShapeError);
  CHECK_THROWS_WITH_AS(max_pool1d(zeros({2, 8}, {.dtype = int64}), 2),
                       "max_pool1d: expected floating-point numbers, got int64; convert with to()", DTypeError);
  CHECK_THROWS_WITH_AS(adaptive_avg_pool1d(zeros({2, 8}), 0), "adaptive_avg_pool1d: expected an output size of 1 or more, got 0", ValueError);
  CHECK_THROWS_WITH_AS(adaptive_max_pool1d(zeros({2, 0}), 1),
                       "adaptive_max_pool1d: expected at least one place along dimension 1, got [2, 0]", ShapeError);
  // The first window would see padding only: places -1 and 2 of 2.
  CHECK_THROWS_AS(max_pool1d(zeros({1, 2}), 2, {.padding = 1, .dilation = 3}), ShapeError);
  CHECK_THROWS_AS(max_pool1d(zeros({2, 8}), 2, {.stride = -1}), ValueError);
  CHECK_THROWS_AS(max_pool1d(zeros({2, 8}), std::int64_t{1} << 40), ValueError);
  CHECK_THROWS_AS(max_pool1d(zeros({2, 8}), 2, {.padding = -1}), ValueError);
}
