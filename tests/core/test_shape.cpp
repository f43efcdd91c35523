#include <doctest/doctest.h>
#include <eigengrad/eigengrad.h>

using namespace eg;

TEST_CASE("shape: sizes, text, strides") {
  const Shape s{2, 3, 4};
  CHECK(s.rank() == 3);
  CHECK(s.numel() == 24);
  CHECK(s.str() == "[2, 3, 4]");
  CHECK(contiguous_strides(s) == Strides{12, 4, 1});
  CHECK(Shape{}.numel() == 1);
}

TEST_CASE("shape: broadcasting follows NumPy and names both shapes where it cannot") {
  CHECK(broadcast_shapes("add", {3, 1}, {2, 1, 4}) == Shape{2, 3, 4});
  CHECK_THROWS_WITH_AS(broadcast_shapes("add", {2, 3}, {4}),
                       "add: expected shapes that broadcast (sizes equal or 1, aligned at the end), got [2, 3] and [4]",
                       ShapeError);
}
