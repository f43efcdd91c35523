#include <doctest/doctest.h>

#include <cmath>

#include <eigengrad/eigengrad.h>

#include "support/tensors.h"

using namespace eg;

TEST_CASE("attention: causal is a lower triangle, a query without keys gives NaN, sizes of 0") {
  manual_seed(4);
  const Tensor q = randn({2, 3, 4}), k = randn({2, 3, 4}), v = randn({2, 3, 5});
  const Tensor triangle = ge(tensor({0., 1., 2.}).unsqueeze(1), tensor({0., 1., 2.}));
  CHECK(difference(scaled_dot_product_attention(q, k, v, {.causal = true}), scaled_dot_product_attention(q, k, v, {.mask = triangle}), 0) == "");
  // The first query sees the first key only.
  CHECK(difference(scaled_dot_product_attention(q, k, v, {.causal = true}).select(1, 0), v.select(1, 0), 1e-6) == "");
  const Tensor blind = ne(tensor({0., 1., 2.}).unsqueeze(1), zeros({3}));
  const std::vector<float> y = scaled_dot_product_attention(q, k, v, {.mask = blind}).to_vector<float>();
  CHECK(std::isnan(y[0]));
  CHECK_FALSE(std::isnan(y[5]));
  CHECK(scaled_dot_product_attention(zeros({0, 4}), zeros({3, 4}), zeros({3, 5})).shape() == Shape{0, 5});
  CHECK(difference(scaled_dot_product_attention(q, k, v, {.scale = 0.0}), v.mean({1}, true).expand({2, 3, 5}), 1e-6) == "");
}

TEST_CASE("attention: errors") {
  const Tensor q = zeros({3, 4});
  CHECK_THROWS_WITH_AS(scaled_dot_product_attention(q, zeros({5, 3}), zeros({5, 4})),
                       "scaled_dot_product_attention: expected q [..., L, E], k [..., S, E] and v [..., S, Ev], got [3, 4], [5, 3] and [5, 4]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(scaled_dot_product_attention(q, q, q, {.mask = zeros({2, 3})}),
                       "scaled_dot_product_attention: expected a mask that broadcasts to the scores [3, 3], got [2, 3]", ShapeError);
  CHECK_THROWS_AS(scaled_dot_product_attention(q, q, q.to(float64)), DTypeError);
  CHECK_THROWS_AS(scaled_dot_product_attention(q, q, q, {.mask = zeros({3, 3}, {.dtype = int64})}), DTypeError);
  CHECK_THROWS_AS(scaled_dot_product_attention(zeros({4}), q, q), ShapeError);
}
