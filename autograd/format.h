#pragma once
#include <eigengrad/autograd/tensor.h>

namespace eg {

/// `stream << t.str()` for every stream that takes a string.
template <class Stream>
auto operator<<(Stream& stream, const Tensor& t) -> decltype(stream << t.str(), stream) {
  stream << t.str();
  return stream;
}

}  // namespace eg
