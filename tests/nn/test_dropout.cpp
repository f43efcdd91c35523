#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include "support/check_module.h"

using namespace eg;

TEST_CASE("Dropout: in training it drops, in eval it hands its input through") {
  manual_seed(13);
  const Tensor x = randn({4, 50});
  check_module(nn::Dropout(0.3), x);
  check_module(nn::Sequential{nn::Linear(50, 20), nn::Dropout(), nn::Linear(20, 2)}, x);
  nn::Dropout layer(0.5);
  int zeros = 0;
  for (float v : layer(x).to_vector<float>()) zeros += v == 0;
  CHECK(zeros > 60);
  CHECK(zeros < 140);
  layer.eval();
  CHECK(layer(x).to_vector<float>() == x.to_vector<float>());
  CHECK(layer.describe() == "Dropout(0.5)");
  CHECK_THROWS_WITH_AS(nn::Dropout(-0.1), "Dropout: expected a probability from 0 to 1, got -0.1", ValueError);
}
