#pragma once
#include <eigengrad/autograd/ops/pair.h>

#include <string>

#include <eigengrad/core/detail/format.h>

namespace eg::nn::detail {

/// "3" where both are 3, else "{3, 5}".
inline std::string text(Pair p) { return p.h == p.w ? std::to_string(p.h) : fmt::format("{{{}, {}}}", p.h, p.w); }

/// ", name=value" for every option that is not the default.
class Listed {
 public:
  Listed& operator()(const char* name, Pair value, Pair usual) {
    if (!(value == usual)) all += fmt::format(", {}={}", name, text(value));
    return *this;
  }
  std::string all;
};

}  // namespace eg::nn::detail
