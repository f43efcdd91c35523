#include <eigengrad/nn/activation.h>

#include <eigengrad/core/detail/format.h>

namespace eg::nn {

std::string LeakyReLU::describe() const { return fmt::format("LeakyReLU({:g})", slope); }

}  // namespace eg::nn
