// Texts of errors, and which functions share elements.
#include <doctest/doctest.h>

#include <eigengrad/eigengrad.h>

using namespace eg;

namespace {
Tensor whole(std::initializer_list<double> v) { return tensor(v, {.dtype = int64}); }
}  // namespace

TEST_CASE("errors of shape functions say what was expected, what came, and what to do") {
  const Tensor x = zeros({2, 3, 4});
  CHECK_THROWS_WITH_AS(permute(x, {0, 1}), "permute: expected 3 dimensions for shape [2, 3, 4], got [0, 1]", ShapeError);
  CHECK_THROWS_WITH_AS(permute(x, {0, 1, -2}), "permute: expected each dimension once, got -2 twice in [0, 1, -2]", ValueError);
  CHECK_THROWS_WITH_AS(transpose(x, 0, 3), "transpose: expected a dimension in [-3, 2], got 3", IndexError);
  CHECK_THROWS_WITH_AS(t(x), "t: expected at most 2 dimensions, got shape [2, 3, 4]; name two dimensions to transpose", ShapeError);
  CHECK_THROWS_WITH_AS(flatten(x, 2, 0), "flatten: expected start before end, got 2 and 0 for shape [2, 3, 4]", ValueError);
  CHECK_THROWS_WITH_AS(unflatten(x, 2, {3, -1}), "unflatten: expected sizes whose product is 4, the size of dimension 2, got [3, -1]",
                       ShapeError);
  CHECK_THROWS_AS(unflatten(x, 2, {0, -1}), ShapeError);
  CHECK_THROWS_AS(unflatten(x, 2, {1, 1, 1, 1, 1, 1, 4}), ShapeError);
  CHECK_THROWS_WITH_AS(broadcast_to(x, {2, -1, 4}), "broadcast_to: expected a shape that [2, 3, 4] broadcasts to (sizes equal or 1 in "
                       "the input), got [2, -1, 4]", ShapeError);
  CHECK_THROWS_WITH_AS(slice(x, 0, 0, 2, 0), "slice: expected a step of 1 or more, got 0; use flip to go backwards", ValueError);
  CHECK_THROWS_WITH_AS(select(x, 1, 3), "select: expected an index in [-3, 2] for dimension 1 of shape [2, 3, 4], got 3", IndexError);
  CHECK_THROWS_WITH_AS(narrow(x, 2, 3, 2), "narrow: expected places within [0, 4], the size of dimension 2, got start 3 and length 2",
                       IndexError);
  CHECK_THROWS_WITH_AS(select(zeros({}), 0, 0), "select: expected a tensor with dimensions, got a scalar; reshape it to [1] first",
                       ShapeError);
  CHECK_THROWS_WITH_AS(cat({x, zeros({2, 2, 5})}, 1), "cat: expected shapes that differ in dimension 1 only, got [2, 3, 4] first and "
                       "[2, 2, 5] at place 1", ShapeError);
  CHECK_THROWS_AS(cat({x, zeros({2})}), ShapeError);
  CHECK_THROWS_AS(cat(std::span<const Tensor>()), ValueError);
  CHECK_THROWS_WITH_AS(stack({x, zeros({2})}), "stack: expected tensors of one shape, got [2, 3, 4] first and [2] at place 1", ShapeError);
  CHECK_THROWS_AS(stack({zeros({1, 1, 1, 1, 1, 1, 1, 1})}), ShapeError);
  CHECK_THROWS_AS(unsqueeze(zeros({1, 1, 1, 1, 1, 1, 1, 1}), 0), ShapeError);
  CHECK_THROWS_AS(split(x, {1, 3}, 1), ValueError);
  CHECK_THROWS_AS(split(x, {-1, 4}, 1), ValueError);
  CHECK_THROWS_AS(roll(x, {1, 2}, {0}), ValueError);
  CHECK_THROWS_AS(unfold(x, 2, 5, 1), ValueError);
  CHECK_THROWS_AS(repeat(x, {2, 2}), ShapeError);
  const std::int64_t huge = std::int64_t{1} << 40;
  CHECK_THROWS_AS(repeat(x, {huge, huge, huge}), ShapeError);
  CHECK_THROWS_AS(upsample_nearest(x, {huge, huge}), ShapeError);
  CHECK_THROWS_WITH_AS(permute(Tensor(), {}), "shape: expected a tensor, got an undefined one", ValueError);
}

TEST_CASE("errors of pad name the mode's limit") {
  const Tensor x = zeros({2, 4});
  CHECK_THROWS_WITH_AS(pad(x, {1}), "pad: expected two numbers for each of at most 2 dimensions, last one first, got 1 numbers", ValueError);
  CHECK_THROWS_AS(pad(x, {1, 1, 1, 1, 1, 1}), ValueError);
  CHECK_THROWS_WITH_AS(pad(x, {-3, -2}), "pad: expected a size >= 0 after padding, got -3 and -2 for dimension 1 of shape [2, 4]", ShapeError);
  CHECK_THROWS_WITH_AS(pad(x, {4, 0}, {.mode = PadMode::reflect}), "pad: expected less than 4 places to reflect into dimension 1 of shape "
                       "[2, 4], got 4 and 0", ShapeError);
  CHECK_THROWS_AS(pad(x, {5, 0}, {.mode = PadMode::circular}), ShapeError);
  CHECK_THROWS_AS(pad(x, {-1, 0}, {.mode = PadMode::replicate}), ValueError);
  CHECK_THROWS_AS(pad(zeros({2, 0}), {1, 0}, {.mode = PadMode::replicate}), ShapeError);
  CHECK(pad(x, {-4, 1}).to_vector<float>() == std::vector<float>{0, 0});
  CHECK(pad(whole({1, 2, 3}), {-2, 1}, {.value = 7}).to_vector<std::int64_t>() == std::vector<std::int64_t>{3, 7});
}

TEST_CASE("an index outside names function, value, place and range") {
  const Tensor x = zeros({3, 4});
  CHECK_THROWS_WITH_AS(index_select(x, 1, whole({0, 3, 4, -1})), "index_select: expected indices in [0, 3], got 4 at [2]", IndexError);
  CHECK_THROWS_WITH_AS(gather(x, 0, whole({0, 1, 2, -3}).reshape({2, 2})), "gather: expected indices in [0, 2], got -3 at [1, 1]", IndexError);
  CHECK_THROWS_WITH_AS(index_select(zeros({0, 2}), 0, whole({0})), "index_select: expected no indices into a dimension of size 0, got 0 "
                       "at [0]", IndexError);
  CHECK_THROWS_WITH_AS(gather(x, 0, zeros({2, 2})), "gather: expected int64 indices, got float32; convert with to(int64)", DTypeError);
  CHECK_THROWS_AS(gather(x, 0, whole({0, 1})), ShapeError);
  CHECK_THROWS_AS(gather(x, 0, whole({0, 1, 2, 0, 1}).reshape({1, 5})), ShapeError);
  CHECK_THROWS_AS(index_select(x, 0, whole({0, 1}).reshape({1, 2})), ShapeError);
  CHECK_THROWS_AS(scatter_add(x, 0, whole({0, 1}).reshape({1, 2}), zeros({1, 1})), ShapeError);
  CHECK_THROWS_AS(scatter_add(x, 0, whole({0, 1}).reshape({1, 2}), zeros({1, 2}, {.dtype = float64})), DTypeError);
  CHECK_THROWS_AS(index_add(x, 0, whole({0, 1}), zeros({1, 4})), ShapeError);
  CHECK_THROWS_AS(index_add(x, 0, whole({0, 5}), zeros({2, 4})), IndexError);
  CHECK_THROWS_WITH_AS(topk(x, 5), "topk: expected k in [0, 4] for dimension 1 of shape [3, 4], got 5", ValueError);
  CHECK_THROWS_WITH_AS(masked_fill(x, x, 1), "masked_fill: expected a mask of bool, got float32; compare with 0 first", DTypeError);
  CHECK_THROWS_AS(masked_select(x, zeros({2}, {.dtype = boolean})), ShapeError);
}

TEST_CASE("views share elements with their base; copies do not") {
  const Tensor x = zeros({2, 3, 4});
  const auto shares = [&](const Tensor& y) { return y.array().shares_storage(x.array()); };
  for (const Tensor& y : {x.permute({2, 0, 1}), x.transpose(0, 1), x.slice(1, 0, 3, 2), x.narrow(2, 1, 2), x.select(0, 1), x.unsqueeze(0),
                          x.unsqueeze(0).squeeze(), x.flatten(), unflatten(x, 2, {2, 2}), movedim(x, {0}, {2}), unfold(x, 2, 2, 1),
                          split(x, 2, 1)[1], unbind(x, 2)[3], pad(x, {-1, -1})})
    CHECK(shares(y));
  for (const Tensor& y : {flip(x), roll(x, {1}, {0}), x.repeat({1, 1, 1}), tril(x), cat({x}), pad(x, {1, 0}), x.permute({2, 0, 1}).flatten()})
    CHECK_FALSE(shares(y));
}

TEST_CASE("an index tensor changed after the forward pass is found at backward") {
  auto x = ones({3}, {.requires_grad = true});
  auto index = whole({0, 2});
  auto y = index_select(x, 0, index).sum();
  index.fill_(1);
  CHECK_THROWS_AS(y.backward(), GradError);
}

TEST_CASE("sort orders whole numbers and bool, long lines too") {
  CHECK(sort(whole({3, -5, 9, 0})).values.to_vector<std::int64_t>() == std::vector<std::int64_t>{-5, 0, 3, 9});
  CHECK(argsort(whole({1, 0, 1, 0}).to(boolean), 0, true).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 2, 1, 3});
  Tensor x = empty({2, 100003});
  {
    auto v = x.mutable_data<float>();
    std::uint32_t s = 1;
    for (float& f : v) f = static_cast<float>((s = s * 1664525u + 1013904223u) >> 20) - 2048;  // with many equal ones
  }
  for (bool descending : {false, true}) {
    const auto [values, indices] = sort(x, 1, descending);
    const auto v = values.data<float>();
    const auto i = indices.data<std::int64_t>();
    bool ordered = true;
    for (std::size_t k = 1; k < 100003; ++k)
      ordered &= v[k - 1] == v[k] ? i[k - 1] < i[k] : (v[k - 1] < v[k]) != descending;
    CHECK(ordered);
    CHECK(gather(x, 1, indices).to_vector<float>() == values.to_vector<float>());
  }
}

TEST_CASE("contiguous copies of transposed views have every element in place") {
  for (const Shape& shape : {Shape{33, 50}, Shape{3, 17, 16}, Shape{16, 2, 40}, Shape{9, 8}, Shape{5, 100}})
    for (DType type : {float32, float64, int64}) {
      Tensor x = empty(shape, {.dtype = int64});
      std::int64_t k = 0;
      for (auto& v : x.mutable_data<std::int64_t>()) v = k++;
      const Tensor y = x.to(type).transpose(0, -1), z = y.contiguous(), w = x.transpose(0, -1).to(type);
      bool right = z.is_contiguous();
      const std::int64_t rows = y.size(0), columns = y.size(-1), middle = x.numel() / rows / columns;
      const auto v = z.to_vector<std::int64_t>();
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t m = 0; m < middle; ++m)
          for (std::int64_t c = 0; c < columns; ++c)
            right &= v[static_cast<std::size_t>((r * middle + m) * columns + c)] == (c * middle + m) * rows + r;
      CHECK(right);
      CHECK(w.to_vector<std::int64_t>() == v);
    }
}
