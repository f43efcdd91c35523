#include <stdexcept>

#include "bench.h"

using namespace eg;
using bench::In;

namespace {

/// dropout with the numbers that follow `seed`; the default generator stands where it stood.
Tensor seeded(const Tensor& x, double p, std::uint64_t seed) {
  const GeneratorState before = default_generator().state();
  manual_seed(seed);
  Tensor y = dropout(x, p);
  default_generator().set_state(before);
  return y;
}

/// A seed whose first numbers are this mask.
std::uint64_t seed_of(const Tensor& mask, double p) {
  for (std::uint64_t seed = 0; seed < 100000; ++seed) {
    Generator g(seed);
    if (bernoulli(mask.shape(), 1 - p, g).to_vector<double>() == mask.to_vector<double>()) return seed;
  }
  throw std::runtime_error("no seed gives the mask");
}

const bench::Rows rows{
    {.name = "dropout", .f = [](In in) { return seeded(in[0], 0.5, 3); }, .inputs = {{.shape = {3, 4}}}, .oracle = {"losses:dropout/mask"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs { return seeded(in[0], c.number("p"), seed_of(in[1], c.number("p"))); },
     .any_size = {0, 1}, .large = {{300, 1000}}},
    {.name = "dropout", .variant = "square", .f = [](In in) { return square(seeded(in[0], 0.25, 5)); }, .inputs = {{.shape = {2, 3, 3}}}, .order = 3},
    {.name = "dropout", .variant = "eval", .f = [](In in) { return dropout(in[0], 0.5, false); }, .inputs = {{.shape = {3, 4}}}},
};

}  // namespace
