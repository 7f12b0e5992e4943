// SPDX-License-Identifier: Apache-2.0
// Where the stages of a pipeline stand in a system: which chips form a group, and by which cables groups meet.
#pragma once
#include <vector>

#include "compiler/llama.hpp"
#include "models/system.hpp"

namespace superlane::compiler {

/// The chips of one stage.
struct PlacedGroup {
    std::vector<int> chips;  ///< by rank
    Boundary in, out;
    std::vector<std::vector<int>> links;  ///< by rank: program link (LinkNumbers) -> the chip's link, -1 for none
};

/// A chain of `stages` groups of `group_chips` chips inside nodes, neighbours joined by cables; begins at the first
/// node that has one. Groups are the nodes' chips in order, cut into equal parts, without those that have a chip of
/// `taken`. UserError when the system has no such chain.
std::vector<PlacedGroup> place_groups(const models::System& system, int group_chips, int stages,
                                      const std::vector<int>& taken = {});

}  // namespace superlane::compiler
