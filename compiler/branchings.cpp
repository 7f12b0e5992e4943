// SPDX-License-Identifier: Apache-2.0
// Trees grow edge by edge. An edge may be taken if the rest can still be completed: by Edmonds' theorem on branchings
// with root sets that holds if every set of members is entered by as many free edges as there are trees outside it,
// which a flow tells (Lovasz 1976; Schrijver, Combinatorial Optimization, theorem 53.1).
#include "compiler/branchings.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace superlane::compiler {
namespace {

/// Flows to one member over edges not yet taken, from trees that have not yet reached it: one unit from each, which
/// begins at any member that the tree has reached.
class MaxFlow {
public:
    MaxFlow(const CableGraph& graph, int trees)
        : graph_(graph),
          trees_(trees),
          taken_(graph.edges().size()),
          reached_(size_t(graph.members()) * size_t(trees)),
          carries_(graph.edges().size()),
          begins_(size_t(trees)) {
        by_.resize(size_t(graph.members() + trees));
    }
    bool taken(int edge) const { return taken_[size_t(edge)]; }
    bool reached(int tree, int member) const { return reached_[place(tree, member)]; }
    void take(int tree, int edge) { set(tree, edge, true); }
    void reach(int tree, int member) { reached_[place(tree, member)] = true; }

    /// Whether the tree may take the edge.
    bool allows(int tree, int edge) {
        const int to = graph_.edge(edge).to;
        set(tree, edge, true);
        int wanted = 0;
        for (int t = 0; t < trees_; ++t) wanted += int(!reached(t, to));
        const bool enough = flow(to, wanted) == wanted;
        set(tree, edge, false);
        return enough;
    }
    /// At most `wanted`.
    int flow(int to, int wanted) {
        for (const int edge : carrying_) carries_[size_t(edge)] = false;
        carrying_.clear();
        std::fill(begins_.begin(), begins_.end(), -1);
        int units = 0;
        while (units < wanted && augment(to)) ++units;
        return units;
    }

private:
    size_t place(int tree, int member) const { return size_t(member) * size_t(trees_) + size_t(tree); }
    void set(int tree, int edge, bool on) {
        taken_[size_t(edge)] = on;
        reached_[place(tree, graph_.edge(edge).to)] = on;
    }

    /// A search back from `to` to a tree that gives nothing yet; from there the way is turned into flow. Nodes are
    /// members, then trees.
    bool augment(int to) {
        const int members = graph_.members();
        std::fill(by_.begin(), by_.end(), unseen);
        queue_.assign(1, to);
        by_[size_t(to)] = end;
        for (size_t i = 0; i < queue_.size(); ++i) {
            const int node = queue_[i];
            if (node >= members) {
                const int begin = begins_[size_t(node - members)];
                if (begin < 0) {
                    turn(node);
                    return true;
                }
                see(begin, -1 - node);
                continue;
            }
            for (int t = 0; t < trees_; ++t)
                if (reached(t, node) && !reached(t, to)) see(members + t, -1 - node);
            for (const int id : graph_.out(node)) {
                const Edge& edge = graph_.edge(id);
                if (!taken_[size_t(edge.back)] && !carries_[size_t(edge.back)]) see(edge.to, edge.back);
                if (carries_[size_t(id)]) see(edge.to, id);
            }
        }
        return false;
    }
    void see(int node, int by) {
        if (by_[size_t(node)] != unseen) return;
        by_[size_t(node)] = by;
        queue_.push_back(node);
    }
    /// From a tree along the way found: an edge that carries is given back, another one carries.
    void turn(int node) {
        const int members = graph_.members();
        while (by_[size_t(node)] != end) {
            const int by = by_[size_t(node)];
            if (by < 0) {  // tree to member, or member to the tree that begins there
                const int next = -1 - by;
                if (node >= members) begins_[size_t(node - members)] = next;
                node = next;
                continue;
            }
            carries_[size_t(by)] = !carries_[size_t(by)];
            if (carries_[size_t(by)]) carrying_.push_back(by);
            node = graph_.edge(by).from == node ? graph_.edge(by).to : graph_.edge(by).from;
        }
    }

    static constexpr int unseen = INT_MIN, end = INT_MAX;
    const CableGraph& graph_;
    int trees_;
    std::vector<bool> taken_, reached_, carries_;
    std::vector<int> carrying_, begins_;  ///< edges; by tree, the member where its unit begins
    std::vector<int> by_, queue_;         ///< how a node was seen: an edge, or -1 - the node at its other side
};

/// Trees made shallower: members change the edges by which two trees enter them, or one for a free edge, as long as
/// that takes more from deep members than it adds to others.
class Flattened {
public:
    Flattened(const CableGraph& graph, int root, std::vector<std::vector<int>> down)
        : graph_(graph), root_(root), down_(std::move(down)), free_(graph.edges().size(), true) {
        for (const std::vector<int>& edges : down_) {
            for (const int edge : edges)
                if (edge >= 0) free_[size_t(edge)] = false;
            trees_.push_back(tree_of(graph, root, edges));
        }
    }
    std::vector<Tree> run() {
        for (bool better = true; better;) {
            better = false;
            for (int member = 0; member < graph_.members(); ++member)
                if (member != root_) better |= improve(member);
        }
        return std::move(trees_);
    }

private:
    static constexpr int much = 2;  ///< a member one hop deeper counts as 2 to this many others

    bool improve(int member) {
        bool better = false;
        for (size_t a = 0; a < trees_.size(); ++a) {
            for (const int out : graph_.out(member)) {
                const int edge = graph_.edge(out).back, old = down_[a][size_t(member)];
                if (!free_[size_t(edge)] || !lifts(a, member, edge) || gain(a, member, edge) <= 0) continue;
                free_[size_t(old)] = true;
                free_[size_t(edge)] = false;
                enter(a, member, edge);
                better = true;
            }
            for (size_t b = a + 1; b < trees_.size(); ++b) {
                const int of_a = down_[a][size_t(member)], of_b = down_[b][size_t(member)];
                if (!lifts(a, member, of_b) && !lifts(b, member, of_a)) continue;
                if (gain(a, member, of_b) + gain(b, member, of_a) <= 0) continue;
                enter(a, member, of_b);
                enter(b, member, of_a);
                better = true;
            }
        }
        return better;
    }
    void enter(size_t tree, int member, int edge) {
        down_[tree][size_t(member)] = edge;
        trees_[tree] = tree_of(graph_, root_, down_[tree]);
    }
    bool lifts(size_t tree, int member, int edge) const {
        const std::vector<int>& depth = trees_[tree].depth;
        return depth[size_t(graph_.edge(edge).from)] + 1 < depth[size_t(member)];
    }
    /// Of what the member and those below it cost.
    double gain(size_t t, int member, int edge) const {
        const Tree& tree = trees_[t];
        const int from = graph_.edge(edge).from, depth = tree.depth[size_t(member)];
        double cost = 0;
        std::vector<int> below{member};
        for (size_t i = 0; i < below.size(); ++i) {
            if (below[i] == from) return -std::numeric_limits<double>::infinity();  // a circle
            cost += std::ldexp(1.0, much * (tree.depth[size_t(below[i])] - depth));
            for (int c = 0; c < tree.children_of(below[i]); ++c)
                below.push_back(graph_.edge(tree.child(below[i], c)).to);
        }
        return cost * (std::ldexp(1.0, much * depth) - std::ldexp(1.0, much * (tree.depth[size_t(from)] + 1)));
    }

    const CableGraph& graph_;
    int root_;
    std::vector<std::vector<int>> down_;
    std::vector<bool> free_;
    std::vector<Tree> trees_;
};

}  // namespace

int smallest_cut(const CableGraph& graph, int root) {
    int cut = int(graph.out(root).size());
    MaxFlow flow(graph, cut);
    for (int tree = 0; tree < cut; ++tree) flow.reach(tree, root);
    for (int m = 0; m < graph.members(); ++m)
        if (m != root) cut = std::min(cut, flow.flow(m, cut));
    return cut;
}

std::vector<Tree> disjoint_branchings(const CableGraph& graph, int root, int count) {
    MaxFlow flow(graph, count);
    std::vector<std::vector<int>> down(size_t(count), std::vector<int>(size_t(graph.members()), -1));
    std::vector<std::vector<int>> front(size_t(count), {root});  // members that each tree has reached last
    for (int tree = 0; tree < count; ++tree) flow.reach(tree, root);
    for (bool grown = true; grown;) {
        grown = false;
        std::vector<std::vector<int>> ways(front.size());  // in reverse
        for (size_t tree = 0; tree < ways.size(); ++tree) {
            for (const int member : front[tree])
                ways[tree].insert(ways[tree].begin(), graph.out(member).rbegin(), graph.out(member).rend());
            front[tree].clear();
        }
        // In turn, so that no tree takes what all others need. An edge once refused is refused forever.
        for (bool more = true; more;) {
            more = false;
            for (int tree = 0; tree < count; ++tree) {
                std::vector<int>& left = ways[size_t(tree)];
                while (!left.empty()) {
                    const int edge = left.back(), to = graph.edge(edge).to;
                    left.pop_back();
                    if (flow.taken(edge) || flow.reached(tree, to) || !flow.allows(tree, edge)) continue;
                    flow.take(tree, edge);
                    down[size_t(tree)][size_t(to)] = edge;
                    front[size_t(tree)].push_back(to);
                    more = grown = true;
                    break;
                }
            }
        }
    }
    return Flattened(graph, root, std::move(down)).run();
}

}  // namespace superlane::compiler
