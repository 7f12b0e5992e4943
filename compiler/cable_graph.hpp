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

/// Members in equal parts, one after the other, that the cables treat alike: each cable has one of the same links
/// between the chips one part further on. Edges follow their members, so they fall into parts as well.
struct Parts {
    int count = 1;
    int members = 0, edges = 0;  ///< of one part
    int of(int member) const { return member / members; }
    int turned_member(int member, int parts) const { return (member + parts * members) % (members * count); }
    int turned_edge(int edge, int parts) const {
        return int((edge + int64_t(parts) * edges) % (int64_t(edges) * count));
    }
    /// By how many parts to turn so that part `part` becomes part 0.
    int back(int part) const { return (count - part) % count; }
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
    /// Edges that leave a member, by its link: they have successive numbers.
    const std::vector<int>& out(int member) const { return out_[size_t(member)]; }
    /// The first edge from a to b; -1 when there is none.
    int between(int a, int b) const;
    /// As many parts as there are, and divisors of that.
    int most_parts() const { return most_parts_; }
    Parts parts(int count) const { return {count, members() / count, int(edges_.size()) / count}; }
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
    bool alike(const Parts& parts) const;

    std::vector<int> chips_;
    std::vector<Edge> edges_;
    std::vector<std::vector<int>> out_;
    int chips_per_node_, chips_per_rack_, most_parts_ = 1;
};

}  // namespace superlane::compiler
