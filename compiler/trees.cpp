// SPDX-License-Identifier: Apache-2.0
// Builders of spanning trees. All of them are deterministic: of equals the lower edge is taken.
#include "compiler/trees.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>

#include "base/error.hpp"

namespace superlane::compiler {
namespace {

constexpr int rounds = 2;  ///< in which trees that load all cables alike grow

/// Order, depths and children from the edges down; nothing when not all of `wanted` members hang on the root.
std::optional<Tree> finish(const CableGraph& graph, int root, std::vector<int> down, int wanted) {
    const size_t members = size_t(graph.members());
    Tree tree{root,
              std::move(down),
              std::vector<int>(members, -1),
              {root},
              std::vector<int>(members + 1),
              {},
              std::vector<int>(members),
              0};
    for (const int edge : tree.down)
        if (edge >= 0) ++tree.first[size_t(graph.edge(edge).from) + 1];
    for (size_t m = 0; m < members; ++m) tree.first[m + 1] += tree.first[m];
    tree.children.resize(size_t(tree.first[members]));
    std::vector<int> next(tree.first.begin(), tree.first.end() - 1);
    for (const int edge : tree.down)
        if (edge >= 0) tree.children[size_t(next[size_t(graph.edge(edge).from)]++)] = edge;
    tree.depth[size_t(root)] = 0;
    for (size_t i = 0; i < tree.order.size(); ++i) {
        const int member = tree.order[i];
        for (int c = 0; c < tree.children_of(member); ++c) {
            const int child = graph.edge(tree.child(member, c)).to;
            tree.depth[size_t(child)] = tree.depth[size_t(member)] + 1;
            tree.height = std::max(tree.height, tree.depth[size_t(child)]);
            tree.order.push_back(child);
        }
    }
    if (int(tree.order.size()) != wanted) return {};
    for (size_t i = tree.order.size(); --i > 0;) {
        const int member = tree.order[i];
        int& parent = tree.below[size_t(graph.edge(tree.down[size_t(member)]).from)];
        parent = std::max(parent, tree.below[size_t(member)] + 1);
    }
    return tree;
}

/// Fewest hops from `from`, not through `without`, into `down`.
void grow(const CableGraph& graph, int from, int without, Loads& loads, int64_t weight, std::vector<int>& down) {
    std::vector<int> distance(size_t(graph.members()), -1), queue{from};
    distance[size_t(from)] = 0;
    for (size_t i = 0; i < queue.size(); ++i) {
        const int member = queue[i];
        if (i > 0) {
            int best = -1;
            for (const int id : graph.out(member)) {
                const Edge& edge = graph.edge(id);
                if (edge.to == without || distance[size_t(edge.to)] != distance[size_t(member)] - 1) continue;
                if (best < 0 || loads.of(edge.back) < loads.of(best)) best = edge.back;
            }
            down[size_t(member)] = best;
            loads.add(best, weight);
        }
        for (const int id : graph.out(member)) {
            const int to = graph.edge(id).to;
            if (to == without || distance[size_t(to)] >= 0) continue;
            distance[size_t(to)] = distance[size_t(member)] + 1;
            queue.push_back(to);
        }
    }
}

/// A packaged tree: units of one level inside a unit of the next, entered one after the other.
class Packaged {
public:
    Packaged(const CableGraph& graph, bool racks, Loads& loads, int64_t weight)
        : graph_(graph), racks_(racks), loads_(loads), weight_(weight), down_(size_t(graph.members()), -1) {}

    void connect(int level, int entry) {
        if (level == 0) return;
        const int inside = graph_.unit(level, entry), below = racks_ || level < 3 ? level - 1 : 1;
        std::map<int, int> entries{{graph_.unit(below, entry), entry}};  // by unit of the level below
        std::vector<int> front{entry};
        while (!front.empty()) {
            // Of each unit not yet entered, the best cable from a unit of the front.
            std::map<int, int> best;
            for (const int member : reachable(below, front))
                for (const int id : graph_.out(member)) consider(level, below, inside, id, entries, best);
            front.clear();
            for (const auto& [unit, id] : best) {
                down_[size_t(graph_.edge(id).to)] = id;
                loads_.add(id, weight_);
                entries[unit] = graph_.edge(id).to;
                front.push_back(graph_.edge(id).to);
            }
        }
        for (const auto& [unit, first] : entries) connect(below, first);
    }
    std::vector<int> down() { return std::move(down_); }

private:
    void consider(int level, int below, int inside, int id, const std::map<int, int>& entries,
                  std::map<int, int>& best) {
        const int to = graph_.edge(id).to, unit = graph_.unit(below, to);
        if (graph_.unit(level, to) != inside || entries.contains(unit)) return;
        const auto [known, fresh] = best.try_emplace(unit, id);
        if (!fresh && loads_.of(id) < loads_.of(known->second)) known->second = id;
    }
    /// Members of the units that these members stand for. Members of a unit follow each other.
    std::vector<int> reachable(int level, const std::vector<int>& entries) const {
        std::vector<int> members;
        for (const int entry : entries) {
            const int unit = graph_.unit(level, entry);
            int first = entry;
            while (first > 0 && graph_.unit(level, first - 1) == unit) --first;
            for (int m = first; m < graph_.members() && graph_.unit(level, m) == unit; ++m) members.push_back(m);
        }
        return members;
    }

    const CableGraph& graph_;
    bool racks_;
    Loads& loads_;
    int64_t weight_;
    std::vector<int> down_;
};

std::optional<Tree> spread_tree(const CableGraph& graph, int root, int detour, Loads& loads) {
    struct Way {
        int64_t load;
        int depth, edge;
        bool operator<(const Way& other) const {  // for a heap with the least on top
            return std::tie(load, depth, edge) > std::tie(other.load, other.depth, other.edge);
        }
    };
    const std::vector<int> least = graph.distances(root);
    std::vector<int> down(size_t(graph.members()), -1);
    std::priority_queue<Way> ways;
    const auto reach = [&](int member, int depth) {
        for (const int id : graph.out(member))
            if (const int to = graph.edge(id).to;
                to != root && down[size_t(to)] < 0 && depth < least[size_t(to)] + detour)
                ways.push({loads.of(id), depth + 1, id});
    };
    reach(root, 0);
    while (!ways.empty()) {
        Way way = ways.top();
        ways.pop();
        const int to = graph.edge(way.edge).to;
        if (down[size_t(to)] >= 0) continue;
        if (loads.of(way.edge) > way.load) {  // the tree itself has used a like edge
            way.load = loads.of(way.edge);
            ways.push(way);
            continue;
        }
        down[size_t(to)] = way.edge;
        loads.add(way.edge, 1);
        reach(to, way.depth);
    }
    return finish(graph, root, std::move(down), graph.members());
}

}  // namespace

Tree tree_of(const CableGraph& graph, int root, std::vector<int> down) {
    std::optional<Tree> tree = finish(graph, root, std::move(down), graph.members());
    SUPERLANE_CHECK(tree, "a tree that does not span");
    return std::move(*tree);
}

std::optional<Tree> star_tree(const CableGraph& graph, int root, Loads& loads, int64_t weight) {
    std::vector<int> down(size_t(graph.members()), -1);
    for (const int id : graph.out(root)) {
        int& best = down[size_t(graph.edge(id).to)];
        if (best < 0 || loads.of(id) < loads.of(best)) best = id;
    }
    for (const int id : down)
        if (id >= 0) loads.add(id, weight);
    return finish(graph, root, std::move(down), graph.members());
}

std::optional<Tree> shortest_tree(const CableGraph& graph, int root, Loads& loads, int64_t weight) {
    std::vector<int> down(size_t(graph.members()), -1);
    grow(graph, root, -1, loads, weight, down);
    return finish(graph, root, std::move(down), graph.members());
}

std::optional<Tree> packaged_tree(const CableGraph& graph, int root, bool racks, Loads& loads, int64_t weight) {
    Packaged packaged(graph, racks, loads, weight);
    packaged.connect(CableGraph::levels - 1, root);
    return finish(graph, root, packaged.down(), graph.members());
}

std::vector<Tree> spread_trees(const CableGraph& graph, const Parts& parts, const std::vector<int>& roots, int detour,
                               bool both_ways) {
    Loads loads(graph, parts, both_ways);
    std::vector<Tree> trees(roots.size());
    // The first have grown before others load the cables: so all grow again, each beside all others.
    for (int round = 0; round < rounds; ++round)
        for (size_t t = 0; t < roots.size(); ++t) {
            for (const int edge : trees[t].down)
                if (edge >= 0) loads.add(edge, -1);
            std::optional<Tree> tree = spread_tree(graph, roots[t], detour, loads);
            if (!tree) return {};
            trees[t] = std::move(*tree);
        }
    return trees;
}

std::optional<Tree> detour_tree(const CableGraph& graph, int first_edge, Loads& loads, int64_t weight) {
    const Edge& edge = graph.edge(first_edge);
    std::vector<int> down(size_t(graph.members()), -1);
    down[size_t(edge.to)] = first_edge;
    loads.add(first_edge, weight);
    grow(graph, edge.to, edge.from, loads, weight, down);
    return finish(graph, edge.from, std::move(down), graph.members());
}

Tree ring_tree(const CableGraph& graph, const std::vector<int>& ring, size_t root_place) {
    const size_t members = ring.size();
    const auto at = [&](size_t place) { return ring[(root_place + place) % members]; };
    std::vector<int> down(members, -1);
    const size_t half = members / 2;  // places 1..half forwards, the others backwards
    for (size_t i = 1; i < members; ++i) {
        const int parent = i <= half ? at(i - 1) : at(i + 1);
        down[size_t(at(i))] = graph.between(parent, at(i));
    }
    std::optional<Tree> tree = finish(graph, at(0), std::move(down), graph.members());
    SUPERLANE_CHECK(tree, "ring without a cable");
    return std::move(*tree);
}

std::vector<int> find_ring(const CableGraph& graph) {
    std::vector<int> ring;
    for (int m = 0; m < graph.members(); ++m) ring.push_back(m);
    const auto joined = [&](int a, int b) { return graph.between(a, b) >= 0; };
    // Where a member has no cable to the one before it, another that has comes forward, from near by first.
    for (size_t i = 1; i < ring.size(); ++i) {
        size_t next = i;
        while (next < ring.size() && !joined(ring[i - 1], ring[next])) ++next;
        if (next == ring.size()) return {};
        std::rotate(ring.begin() + long(i), ring.begin() + long(next), ring.begin() + long(next) + 1);
    }
    if (ring.size() > 2 && !joined(ring.back(), ring.front())) return {};
    return ring;
}

std::vector<Tree> disjoint_paths(const CableGraph& graph, int from, int to, int most) {
    std::vector<bool> used(graph.edges().size());
    std::vector<Tree> paths;
    while (int(paths.size()) < most) {
        std::vector<int> by(size_t(graph.members()), -1), queue{from};
        for (size_t i = 0; i < queue.size() && by[size_t(to)] < 0; ++i)
            for (const int id : graph.out(queue[i])) {
                const int next = graph.edge(id).to;
                if (used[size_t(id)] || next == from || by[size_t(next)] >= 0) continue;
                by[size_t(next)] = id;
                queue.push_back(next);
            }
        if (by[size_t(to)] < 0) break;
        std::vector<int> down(size_t(graph.members()), -1);
        int length = 1;
        for (int m = to; m != from; m = graph.edge(down[size_t(m)]).from, ++length) {
            down[size_t(m)] = by[size_t(m)];
            used[size_t(down[size_t(m)])] = true;
        }
        paths.push_back(std::move(*finish(graph, from, std::move(down), length)));
    }
    return paths;
}

}  // namespace superlane::compiler
