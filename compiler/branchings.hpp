// SPDX-License-Identifier: Apache-2.0
// Spanning trees from one root that share no direction of a cable: as many as the smallest cut between the root and any
// other member has edges (Edmonds 1973). What goes down all of them at once fills that cut.
#pragma once
#include <vector>

#include "compiler/trees.hpp"

namespace superlane::compiler {

/// Edges of the smallest cut between the root and another member: more trees without a common edge there are not.
int smallest_cut(const CableGraph& graph, int root);
/// So many trees, `count` at most the smallest cut; all grow at once, level by level, so that none gets deep.
std::vector<Tree> disjoint_branchings(const CableGraph& graph, int root, int count);

}  // namespace superlane::compiler
