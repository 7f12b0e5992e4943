// SPDX-License-Identifier: Apache-2.0
// Spanning trees of the cables: down a tree a vector reaches every chip, up a tree the sum of all reaches its root.
// Every collective is a set of them, each for its share of the rows.
#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "compiler/cable_graph.hpp"

namespace superlane::compiler {

struct Tree {
    int root = 0;
    std::vector<int> down;   ///< by member: the edge from its parent; -1 at the root and at members not in the tree
    std::vector<int> depth;  ///< by member, in hops from the root; -1 at members not in the tree
    std::vector<int> order;  ///< members of the tree, each after its parent
    std::vector<int> first, children;  ///< children[first[m]] to children[first[m + 1] - 1]: edges down from member m
    std::vector<int> below;            ///< by member: hops to the farthest of those that hang on it
    int height = 0;

    int children_of(int member) const { return first[size_t(member) + 1] - first[size_t(member)]; }
    int child(int member, int i) const { return children[size_t(first[size_t(member)] + i)]; }
};

/// How much each edge has to carry so far: builders spread trees over what carries least. Where every part of the graph
/// gets the same trees, edges that differ by parts only are one.
class Loads {
public:
    /// `both_ways`: what goes down an edge also comes up it.
    Loads(const CableGraph& graph, const Parts& parts, bool both_ways)
        : graph_(graph), both_ways_(both_ways), loads_(size_t(parts.edges)) {}
    int64_t of(int edge) const { return loads_[size_t(edge) % loads_.size()]; }
    void add(int edge, int64_t weight) {
        loads_[size_t(edge) % loads_.size()] += weight;
        if (both_ways_) loads_[size_t(graph_.edge(edge).back) % loads_.size()] += weight;
    }
    int64_t most() const { return *std::max_element(loads_.begin(), loads_.end()); }

private:
    const CableGraph& graph_;
    bool both_ways_;
    std::vector<int64_t> loads_;
};

/// From the edges down, by member: order, depths and children.
Tree tree_of(const CableGraph& graph, int root, std::vector<int> down);
/// Every other chip is a neighbour of the root; nothing when one is not. Of several cables those that carry least are
/// taken, here and below, and `weight` is added to their loads.
std::optional<Tree> star_tree(const CableGraph& graph, int root, Loads& loads, int64_t weight);
/// Fewest hops to every chip.
std::optional<Tree> shortest_tree(const CableGraph& graph, int root, Loads& loads, int64_t weight);
/// Into every rack (when asked for) by one cable, in it into every node by one cable, in it to every chip: sums are
/// made before they leave. Nothing when a node or rack does not hang together.
std::optional<Tree> packaged_tree(const CableGraph& graph, int root, bool racks, Loads& loads, int64_t weight);
/// A tree from each of these roots to every chip, by `detour` hops more than the fewest at most, over the edges that
/// carry least: enough of such trees load all cables alike. Nothing when chips are not connected.
std::vector<Tree> spread_trees(const CableGraph& graph, const Parts& parts, const std::vector<int>& roots, int detour,
                               bool both_ways);
/// Over the first edge, and from there by fewest hops to all but the root: one way of many around a root's busy links.
std::optional<Tree> detour_tree(const CableGraph& graph, int first_edge, Loads& loads, int64_t weight);
/// Both ways around a ring of members, from the root to the far side.
Tree ring_tree(const CableGraph& graph, const std::vector<int>& ring, size_t root_place);
/// A ring through all members, each followed by the next in order that it has a cable to; empty when that leads
/// nowhere.
std::vector<int> find_ring(const CableGraph& graph);
/// Paths that share no cable direction, shortest first, at most `most`.
std::vector<Tree> disjoint_paths(const CableGraph& graph, int from, int to, int most);

}  // namespace superlane::compiler
