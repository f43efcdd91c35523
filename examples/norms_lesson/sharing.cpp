#include "sharing.h"

#include <numeric>

namespace norms {

namespace nn = eg::nn;

Sharing find_sharing(const std::string& name, const std::function<Tensor(const Tensor&)>& layer, const Tensor& x) {
  const auto cells = static_cast<std::size_t>(x.numel());
  // [n, c, l, n', c', l']: d y[n, c, l] / d x[n', c', l'], one walk back for each output
  const std::vector<double> gradient = eg::jacobian([&](const Tensor& t) { return layer(t); }, x).to_vector<double>();

  std::vector<std::size_t> parent(cells);  // a tree a group; its root stands for the group
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto root = [&](std::size_t i) {
    while (parent[i] != i) i = parent[i];
    return i;
  };
  for (std::size_t i = 0; i < cells; ++i)
    for (std::size_t j = 0; j < cells; ++j)
      if (gradient[i * cells + j] != 0) parent[root(j)] = root(i);

  Sharing s;
  s.block = {.n = static_cast<int>(x.size(0)),
             .c = static_cast<int>(x.size(1)),
             .l = static_cast<int>(x.size(2)),
             .group = std::vector<int>(cells, -1),
             .notes = {},
             .title = name};
  std::vector<int> size(cells, 0), number(cells, -1);
  for (std::size_t i = 0; i < cells; ++i) ++size[root(i)];
  s.cells = size[root(0)];
  for (std::size_t i = 0; i < cells; ++i) {
    const std::size_t r = root(i);
    if (size[r] != s.cells) s.cells = 0;
    if (size[r] == 1) continue;
    if (number[r] < 0) {
      number[r] = s.groups++;
      s.block.notes.push_back("shares its mean and variance with " + std::to_string(size[r] - 1) + " other cells");
    }
    s.block.group[i] = number[r];
  }
  return s;
}

std::vector<Sharing> sharing_of_layers(const Tensor& batch) {
  constexpr std::int64_t n = 3, c = 4, l = 6;
  // Six places around the R peak, in double so that no gradient rounds to zero.
  const Tensor x = batch.slice(0, 0, n).slice(2, 104, 152, 8).to(eg::float64).contiguous();

  nn::BatchNorm1d batch_norm(c), batch_eval(c);
  nn::InstanceNorm1d instance_norm(c);
  nn::LayerNorm layer_norm(eg::Shape{c, l}), by_position(eg::Shape{c});
  nn::GroupNorm group_norm(2, c);
  for (nn::Module* m : std::initializer_list<nn::Module*>{&batch_norm, &batch_eval, &instance_norm, &layer_norm,
                                                          &by_position, &group_norm})
    m->to(eg::float64);
  batch_eval.eval();
  return {
      find_sharing(
          "BatchNorm1d(4)", [&](const Tensor& t) { return batch_norm(t); }, x),
      find_sharing(
          "InstanceNorm1d(4)", [&](const Tensor& t) { return instance_norm(t); }, x),
      find_sharing(
          "LayerNorm({4, 6})", [&](const Tensor& t) { return layer_norm(t); }, x),
      find_sharing(
          "GroupNorm(2, 4)", [&](const Tensor& t) { return group_norm(t); }, x),
      find_sharing(
          "LayerNorm({4}), channels last",
          [&](const Tensor& t) { return by_position(t.transpose(1, 2)).transpose(1, 2); }, x),
      find_sharing(
          "BatchNorm1d(4) in eval mode", [&](const Tensor& t) { return batch_eval(t); }, x),
  };
}

Kinship kinship(const Tensor& x) {
  nn::InstanceNorm1d instance(channels);
  nn::LayerNorm sample(eg::Shape{channels, length}), line(eg::Shape{length});
  nn::GroupNorm one(1, channels), all(channels, channels);
  return {largest(one(x) - sample(x)), largest(all(x) - instance(x)), largest(line(x) - instance(x))};
}

}  // namespace norms
