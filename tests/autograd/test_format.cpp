#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include <eigengrad/eigengrad.h>

using namespace eg;

TEST_CASE("str: numbers of one tensor line up") {
  CHECK(tensor({1., 2., 3.}).str() == "[1. 2. 3.] float32 [3]");
  CHECK(tensor({1., 2.5, -3.25}).str() == "[ 1.00  2.50 -3.25] float32 [3]");
  CHECK(tensor({1. / 3, 0.1}).str() == "[0.3333 0.1000] float32 [2]");
  CHECK(tensor({{1, 20}, {-300, 4}}).str() == "[[   1   20]\n [-300    4]]\nint64 [2, 2]");
  CHECK(tensor({true, false}).str() == "[ true false] bool [2]");
  CHECK(tensor({{{1}, {2}}, {{3}, {4}}}).str() == "[[[1]\n  [2]]\n\n [[3]\n  [4]]]\nint64 [2, 2, 1]");
  CHECK(tensor({{1., 2.}, {3., 4.}}, {.dtype = float64}).transpose(0, 1).str() == "[[1. 3.]\n [2. 4.]]\nfloat64 [2, 2]");
}

TEST_CASE("str: scientific where numbers are large, small or far apart; nan and inf") {
  CHECK(tensor({1e9, 2.5e8}).str() == "[1.0e+09 2.5e+08] float32 [2]");
  CHECK(tensor({1e-5, 0.}).str() == "[1.e-05 0.e+00] float32 [2]");
  CHECK(tensor({1., 2000.5}).str() == "[1.0000e+00 2.0005e+03] float32 [2]");
  CHECK(tensor({1., double(NAN), double(-INFINITY), double(INFINITY)}).str() == "[  1.  nan -inf  inf] float32 [4]");
}

TEST_CASE("str: scalars, empty and undefined tensors, requires grad") {
  CHECK(tensor(3.5).str() == "3.5 float32 []");
  CHECK(zeros({0, 3}).str() == "[] float32 [0, 3]");
  CHECK(Tensor().str() == "undefined tensor");
  CHECK(tensor({0.}, {.requires_grad = true}).str() == "[0.] float32 [1], requires grad");
}

TEST_CASE("str: more than 1000 elements are summarized, long lines are wrapped") {
  CHECK(arange(1001).str() == "[   0    1    2 ...  998  999 1000] int64 [1001]");
  CHECK(arange(2000).reshape({2, 1000}).str() == "[[   0    1    2 ...  997  998  999]\n [1000 1001 1002 ... 1997 1998 1999]]\nint64 [2, 1000]");
  CHECK(arange(1400).reshape({700, 2}).str() ==
        "[[   0    1]\n [   2    3]\n [   4    5]\n ...\n [1394 1395]\n [1396 1397]\n [1398 1399]]\nint64 [700, 2]");
  const std::string text = arange(100).str();
  CHECK(text.substr(0, 12) == "[ 0  1  2  3");
  CHECK(text.find("\n 33 34") != text.npos);
}

TEST_CASE("a tensor goes into every stream") {
  std::ostringstream s;
  s << tensor({1, 2}) << "; " << tensor(true);
  CHECK(s.str() == "[1 2] int64 [2]; true bool []");
}
