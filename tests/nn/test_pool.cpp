#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

#include "oracle_module.h"
#include "support/check_module.h"

using namespace eg;

TEST_CASE("pooling layers keep the contract of modules") {
  manual_seed(12);
  const Tensor line = randn({3, 4, 10}), plane = randn({2, 4, 6, 5});
  check_module(nn::MaxPool1d(2), line);
  check_module(nn::MaxPool1d(3, {.stride = 2, .padding = 1, .dilation = 2, .ceil_mode = true}), line);
  check_module(nn::MaxPool2d({2, 3}), plane);
  check_module(nn::AvgPool1d(3, {.padding = 1, .count_include_pad = false}), line);
  check_module(nn::AvgPool2d(2, {.stride = 1}), plane);
  check_module(nn::AdaptiveAvgPool1d(1), line);
  check_module(nn::AdaptiveAvgPool2d({3, 2}), plane);
  check_module(nn::AdaptiveMaxPool1d(4), line);
  check_module(nn::Sequential{nn::Conv1d(4, 6, 3), nn::ReLU(), nn::MaxPool1d(2), nn::AdaptiveAvgPool1d(1), nn::Flatten(), nn::Linear(6, 2)}, line);
}

TEST_CASE("pooling layers: PyTorch's numbers") {
  nn::AvgPool1d counted(3, {.stride = 2, .padding = 1}), not_counted(3, {.stride = 2, .padding = 1, .count_include_pad = false});
  expect_case(counted, "pooling", "avg_pool1d/pad_counted");
  expect_case(not_counted, "pooling", "avg_pool1d/pad_not_counted");
  nn::AvgPool2d plane({2, 3}, {.stride = {1, 2}, .padding = {1, 0}});
  expect_case(plane, "pooling", "avg_pool2d/rectangular");
  nn::AdaptiveAvgPool1d mean(3);
  expect_case(mean, "pooling", "adaptive_avg_pool1d/uneven");
  nn::AdaptiveAvgPool2d means({2, 3});
  expect_case(means, "pooling", "adaptive_avg_pool2d/uneven");
  nn::AdaptiveMaxPool1d most(3);
  expect_case(most, "pooling", "adaptive_max_pool1d/uneven");
  nn::MaxPool1d padded(2, {.padding = 1});
  expect_case(padded, "pooling", "max_pool1d/negative_padding_value");
  nn::MaxPool2d largest({2, 4}, {.stride = {2, 3}, .ceil_mode = true});
  const oracle::Case& c = oracle::load("pooling").at("max_pool2d/ceil");
  CHECK(difference(largest(to_tensor(c.in.at("x"))), to_tensor(c.out.at("values")), 0) == "");
}

TEST_CASE("pooling layers: descriptions and errors") {
  CHECK(nn::MaxPool1d(2).describe() == "MaxPool1d(2)");
  CHECK(nn::MaxPool1d(2, {.stride = 2}).describe() == "MaxPool1d(2)");
  CHECK(nn::MaxPool2d({2, 3}, {.stride = 1, .padding = {1, 0}, .ceil_mode = true}).describe() ==
        "MaxPool2d({2, 3}, stride=1, padding={1, 0}, ceil_mode=true)");
  CHECK(nn::AvgPool1d(3, {.count_include_pad = false}).describe() == "AvgPool1d(3, count_include_pad=false)");
  CHECK(nn::AdaptiveAvgPool2d({1, 2}).describe() == "AdaptiveAvgPool2d({1, 2})");
  CHECK_THROWS_WITH_AS(nn::MaxPool1d(0), "MaxPool1d: expected a kernel >= 1, got 0", ValueError);
  CHECK_THROWS_WITH_AS(nn::AvgPool1d(3, {.padding = 2}), "AvgPool1d: expected a padding from 0 to half the kernel, got 2 for kernel 3", ValueError);
  CHECK_THROWS_WITH_AS(nn::AdaptiveMaxPool1d(0), "AdaptiveMaxPool1d: expected an output size >= 1, got 0", ValueError);
  CHECK_THROWS_AS(nn::MaxPool2d(2, {.dilation = {1, 0}}), ValueError);
  CHECK_THROWS_WITH_AS(nn::MaxPool1d(2)(zeros({8})), "MaxPool1d(2): expected [N, C, L] or [C, L], got [8]", ShapeError);
  nn::Sequential net{nn::Conv1d(1, 2, 3), nn::AvgPool1d(4)};
  CHECK_THROWS_WITH_AS(net(zeros({1, 1, 5})), "Sequential.1 (AvgPool1d(4)): expected a larger size along dimension 2 for kernel 4, stride 4, "
                       "padding 0, dilation 1, got [1, 2, 3]", ShapeError);
}
