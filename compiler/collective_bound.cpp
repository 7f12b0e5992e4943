// SPDX-License-Identifier: Apache-2.0
// Closed formulas: how long a plan takes, and how long any plan must take. Both are explained in docs/collectives.md.
#include <algorithm>
#include <map>
#include <tuple>

#include "base/integers.hpp"
#include "compiler/collective.hpp"

namespace superlane::compiler {
namespace {

/// By member: cycles from a leaf's Send to the member's, the longest way below it.
std::vector<int64_t> up_cycles(const CableGraph& graph, const Tree& tree, const ChipDelays& delays) {
    std::vector<int64_t> below(size_t(graph.members()));
    for (size_t i = tree.order.size(); i-- > 0;) {
        const int member = tree.order[i], children = tree.children_of(member);
        for (int c = 0; c < children; ++c) {
            const int child = graph.edge(tree.child(member, c)).to;
            below[size_t(member)] = std::max(below[size_t(member)], below[size_t(child)] + up_hop(delays, children));
        }
    }
    return below;
}

/// What a job sends over an edge: cycles before the first and after the last of it.
struct Use {
    int edge;
    int64_t before, after, vectors;
};

void add_uses(const CableGraph& graph, const TreeJob& job, const ChipDelays& delays, std::vector<Use>& uses) {
    const Tree& tree = *job.tree;
    const int64_t hop = delays.sent_to_receive + delays.forward, vectors = int64_t(job.rows) * delays.width;
    const std::vector<int64_t> below = job.up ? up_cycles(graph, tree, delays) : std::vector<int64_t>();
    const int64_t up = job.up ? below[size_t(tree.root)] : 0;
    std::vector<int64_t> above(job.up ? size_t(graph.members()) : 0);  // from a member's Send to the root's sum
    for (const int member : tree.order) {
        if (member == tree.root) continue;
        const int edge = tree.down[size_t(member)], depth = tree.depth[size_t(member)];
        if (job.up) {
            const int parent = graph.edge(edge).from;
            above[size_t(member)] = above[size_t(parent)] + up_hop(delays, tree.children_of(parent));
            const int64_t after = above[size_t(member)] + (job.down ? tree.height * hop : 0);
            uses.push_back({graph.edge(edge).back, below[size_t(member)], after, vectors});
        }
        if (job.down) uses.push_back({edge, up + (depth - 1) * hop, (tree.below[size_t(member)] + 1) * hop, vectors});
    }
}

struct Unit {
    int members = 0;
    int64_t ways_out = 0, inside = 0;  ///< edges
};

/// Vectors that one cable of the unit's edge has to carry at least, in one direction, where each chip's share goes to
/// or comes from all others.
int64_t across(const Unit& unit, int64_t members, int64_t vectors) {
    return ceil_div(vectors * (members - unit.members) / members, unit.ways_out);
}

/// An all-reduce over `parties` sends 2 (parties - 1) n vectors, over so many edges among them: chips or units of
/// chips, whose inside costs nothing then.
int64_t all_reduce(int64_t parties, int64_t edges, int64_t vectors) {
    return edges > 0 ? ceil_div(2 * (parties - 1) * vectors, edges) : 0;
}

/// All vectors that must be sent, by whatever chip.
int64_t in_all(const CollectiveOptions& options, int64_t members, int64_t vectors) {
    switch (options.kind) {
        case CollectiveKind::AllReduce:
            return 2 * (members - 1) * vectors;
        case CollectiveKind::Send:
            return vectors;
        default:
            return (members - 1) * vectors;
    }
}

/// Cycles until `vectors` have come over edges of which each can bring its first at one of these cycles.
int64_t all_arrived(const std::vector<int64_t>& firsts, int64_t vectors, int64_t interval) {
    int64_t first = *std::min_element(firsts.begin(), firsts.end()), last = first + (vectors - 1) * interval;
    while (first < last) {
        const int64_t middle = (first + last) / 2;
        int64_t come = 0;
        for (const int64_t begin : firsts) come += begin > middle ? 0 : (middle - begin) / interval + 1;
        (come >= vectors ? last : first) = come >= vectors ? middle : middle + 1;
    }
    return last;
}

/// Cycles until what one chip has can have come into every chip, node and rack without it (to < 0), or to member `to`:
/// an edge brings nothing of it before it can have reached the edge.
int64_t learn_all(const CableGraph& graph, int from, int to, int64_t vectors, int64_t hop, int64_t interval) {
    const std::vector<int> distance = graph.distances(from);
    int64_t longest = 0;
    for (int level = 0; level < CableGraph::levels - 1; ++level) {
        std::map<int, std::vector<int64_t>> firsts;  // by unit: over the edges into it, or out of the one of `from`
        const int own = graph.unit(level, from);
        for (const Edge& edge : graph.edges()) {
            const int a = graph.unit(level, edge.from), b = graph.unit(level, edge.to);
            if (a == b || b == own) continue;
            const int64_t first = (distance[size_t(edge.from)] + 1) * hop;
            firsts[b].push_back(first);
            if (a == own) firsts[own].push_back(first);
        }
        const int last = to < 0 ? -1 : graph.unit(level, to);
        for (const auto& [unit, cycles] : firsts)
            if (to < 0 || (last != own && (unit == own || unit == last)))
                longest = std::max(longest, all_arrived(cycles, vectors, interval));
    }
    return longest;
}

int farthest(const CableGraph& graph, int from) {
    const std::vector<int> distance = graph.distances(from);
    return int(std::max_element(distance.begin(), distance.end()) - distance.begin());
}

}  // namespace

int64_t up_hop(const ChipDelays& delays, int children) {
    const int most = delays.operands_per_task, last = (children - 1) % most + 1;
    const ChipDelays::Add& add = delays.add[size_t(last)];
    int64_t cycles = delays.sent_to_receive + *std::max_element(add.operand.begin() + 1, add.operand.end()) + add.sum;
    if (children > most) cycles += (children - 1) / most * int64_t(delays.add[size_t(most)].operand[0]);
    return cycles;
}

int64_t estimate_collective(const CableGraph& graph, const CollectivePlan& plan, const ChipDelays& delays) {
    std::vector<Use> uses;
    for (const TreeJob& job : plan.jobs) add_uses(graph, job, delays, uses);
    for (Use& use : uses) use.edge %= plan.parts.edges;  // what its like in part 0 does for another part's job
    std::sort(uses.begin(), uses.end(),
              [](const Use& x, const Use& y) { return std::tuple(x.edge, -x.after) < std::tuple(y.edge, -y.after); });
    int64_t longest = 0;
    for (size_t i = 0; i < uses.size();) {
        size_t end = i;
        int64_t before = uses[i].before, vectors = 0;
        for (; end < uses.size() && uses[end].edge == uses[i].edge; ++end) before = std::min(before, uses[end].before);
        // What has the longest way left goes first; then everything of at least so long a way, and that way.
        for (; i < end; ++i) {
            vectors += uses[i].vectors;
            longest =
                std::max(longest, std::max(before + (vectors - 1) * delays.interval, uses[i].before) + uses[i].after);
        }
    }
    return delays.first_send + longest;
}

int64_t bound_collective(const models::System& system, const CollectiveOptions& options, const CableGraph& graph,
                         int64_t vectors) {
    const isa::Timing& timing = system.chip.timing;
    const int64_t interval = timing.c2c_vector_interval;
    const int64_t hop = timing.c2c_send + timing.c2c_latency - timing.c2c_latency_spread + timing.c2c_receive;
    const CollectiveKind kind = options.kind;
    const auto member = [&](int chip) {
        return int(std::lower_bound(graph.chips().begin(), graph.chips().end(), chip) - graph.chips().begin());
    };
    int64_t busiest =
        ceil_div(in_all(options, graph.members(), vectors), std::max<int64_t>(1, int64_t(graph.edges().size())));
    for (int level = 0; level < CableGraph::levels - 1; ++level) {
        std::map<int, Unit> units;
        for (int m = 0; m < graph.members(); ++m) ++units[graph.unit(level, m)].members;
        for (const Edge& edge : graph.edges())
            ++(graph.unit(level, edge.from) != graph.unit(level, edge.to) ? units[graph.unit(level, edge.from)].ways_out
                                                                          : units[graph.unit(level, edge.from)].inside);
        int64_t ways = 0;
        for (const auto& [number, unit] : units) {
            ways += unit.ways_out;
            if (kind == CollectiveKind::AllReduce) {
                // Its chips, and the rest of the system, if there is any, as one.
                const int64_t parties = unit.members + int(unit.ways_out > 0);
                busiest = std::max(busiest, all_reduce(parties, unit.inside + 2 * unit.ways_out, vectors));
            } else if (unit.ways_out > 0 &&
                       (kind == CollectiveKind::AllGather || kind == CollectiveKind::ReduceScatter))
                busiest = std::max(busiest, across(unit, graph.members(), vectors));
        }
        if (kind == CollectiveKind::AllReduce)
            busiest = std::max(busiest, all_reduce(int64_t(units.size()), ways, vectors));
    }
    // The last of them needs a hop; and what is farthest apart must meet.
    const int64_t carried = (busiest - 1) * interval + hop;
    const auto learnt = [&](int from, int to) { return learn_all(graph, from, to, vectors, hop, interval); };
    if (kind == CollectiveKind::Broadcast) return std::max(carried, learnt(member(options.from), -1));
    if (kind == CollectiveKind::Send) return std::max(carried, learnt(member(options.from), member(options.to)));
    const int far = farthest(graph, 0);
    if (kind == CollectiveKind::AllReduce) return std::max({carried, learnt(0, -1), learnt(far, -1)});
    return std::max(carried, graph.distances(0)[size_t(far)] * hop);
}

}  // namespace superlane::compiler
