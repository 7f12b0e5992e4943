// SPDX-License-Identifier: Apache-2.0
// Chips that take part in a collective and the cables among them, each cable as two directed edges.
#pragma once
#include <cstdint>
#include <vector>

#include "models/system.hpp"

namespace superlane::compiler {

/// One direction of a cable. Chips are members of the graph, numbered from 0; links are those of the chips.
struct Edge {
    int from = 0, to = 0;
    int link = 0, to_link = 0;
    int back = 0;  ///< the other direction
};

class CableGraph {
public:
    /// All chips of the system, or these (sorted, each once).
    explicit CableGraph(const models::System& system, std::vector<int> chips = {});

    int members() const { return int(chips_.size()); }
    int chip(int member) const { return chips_[size_t(member)]; }
    const std::vector<int>& chips() const { return chips_; }
    const std::vector<Edge>& edges() const { return edges_; }
    const Edge& edge(int id) const { return edges_[size_t(id)]; }
    /// Edges that leave a member, by its link.
    const std::vector<int>& out(int member) const { return out_[size_t(member)]; }
    /// The first edge from a to b; -1 when there is none.
    int between(int a, int b) const;
    /// Packaging: 0 the member itself, 1 its node, 2 its rack, 3 the system.
    int unit(int level, int member) const;
    static constexpr int levels = 4;

    /// Hops from a member to every other; -1 where no cable leads.
    std::vector<int> distances(int from) const;
    /// Whether there is a cable between each two members.
    bool complete() const;
    /// Cables between those neighbours that have fewest.
    int parallel() const;

private:
    std::vector<int> chips_;
    std::vector<Edge> edges_;
    std::vector<std::vector<int>> out_;
    int chips_per_node_, chips_per_rack_;
};

}  // namespace superlane::compiler
