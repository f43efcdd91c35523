#pragma once
// Section 1: which cells of an (N, C, L) block share statistics, asked of the layer itself.
#include <functional>

#include "batch.h"
#include "support/svg.h"

namespace norms {

/// What a layer told: every cell's group, the number of groups, and the cells in each (0 where the groups differ).
struct Sharing {
  ex::CellBlock block;
  int groups = 0, cells = 0;
};

/// Takes the gradient of every output by every input. Output i can only feel input j through the mean and the variance
/// they share (or where i = j), so a gradient that is not zero puts both into one group. A cell that nobody else feels
/// gets no group (-1): it is mapped alone.
Sharing find_sharing(const std::string& name, const std::function<Tensor(const Tensor&)>& layer, const Tensor& x);

/// The same for each layer of the page, on a small block cut out of the batch.
std::vector<Sharing> sharing_of_layers(const Tensor& batch);

/// Largest differences between layers that should agree: GroupNorm(1, C) with LayerNorm({C, L}), GroupNorm(C, C) with
/// InstanceNorm1d(C), and LayerNorm(L) with InstanceNorm1d(C).
struct Kinship {
  double group1_layer, groups_instance, layer_instance;
};
Kinship kinship(const Tensor& batch);

}  // namespace norms
