// SPDX-License-Identifier: Apache-2.0
// Algorithms: each a set of trees with a share of the rows.
#include <algorithm>
#include <climits>

#include "base/error.hpp"
#include "base/integers.hpp"
#include "compiler/branchings.hpp"
#include "compiler/collective.hpp"

namespace superlane::compiler {
namespace {

constexpr int64_t most_tree_edges = 4'000'000;  ///< of all trees of one plan; fewer trees beyond
constexpr int64_t most_searched = 10'000'000;   ///< members times edges, where trees without a common edge are sought
constexpr int enough_trees = 256;               ///< that load cables alike, of the same or a central root
constexpr int grown_members = 200'000;          ///< by all of these trees; fewer trees in larger systems
constexpr int detours[] = {1, 3, 8};            ///< hops more than the fewest
constexpr int64_t most_added = 6;               ///< a sixth of the rows, so that parts have equal shares

using Kind = CollectiveKind;
using Jobs = std::vector<TreeJob>;

class Planner {
public:
    Planner(const CollectiveOptions& options, const CableGraph& graph, const Parts& parts, int rows,
            const ChipDelays& delays)
        : options_(options), graph_(graph), parts_(parts), rows_(rows), delays_(delays) {}

    CollectivePlan plan(const std::string& algorithm, Jobs jobs) const {
        // In an exchange all parts have all rows.
        CollectivePlan plan{algorithm, std::move(jobs), parts_, rows_, algorithm == "exchange" ? 0 : share_of_part(), 0,
                            0};
        plan.estimate = estimate_collective(graph_, plan, delays_);
        return plan;
    }

    /// Nothing when the algorithm does not fit the cables.
    std::optional<Jobs> jobs(const std::string& algorithm) const {
        if (algorithm == "exchange") return exchange();
        if (algorithm == "tree") return broadcast_tree();
        if (algorithm == "scatter") return scatter();
        if (algorithm == "branchings") return branchings();
        if (algorithm == "paths") return paths();
        if (algorithm == "spread") return spread();
        std::optional<Jobs> jobs = shared(algorithm);
        if (algorithm != "hierarchical" || graph_.unit(2, graph_.members() - 1) == graph_.unit(2, 0)) return jobs;
        // Racks may be more than packaging: whichever is faster.
        std::optional<Jobs> racks = shared("racks");
        if (!jobs || !racks) return jobs ? jobs : racks;
        return plan(algorithm, *racks).estimate < plan(algorithm, *jobs).estimate ? racks : jobs;
    }
    int member(int chip) const {
        return int(std::lower_bound(graph_.chips().begin(), graph_.chips().end(), chip) - graph_.chips().begin());
    }

private:
    bool up() const { return options_.kind == Kind::AllReduce || options_.kind == Kind::ReduceScatter; }
    bool down() const { return options_.kind != Kind::ReduceScatter; }
    int share_of_part() const { return rows_ / parts_.count; }
    /// Chip by chip of part 0 a tree, each root with its share of the part's rows.
    std::optional<Jobs> shared(const std::string& algorithm) const {
        if (algorithm == "direct" && !graph_.complete()) return {};
        std::vector<int> ring;
        if (algorithm == "ring" && (ring = find_ring(graph_)).empty()) return {};
        const int roots = options_.kind == Kind::Broadcast ? 1 : most_trees(parts_.members);
        // A star uses one cable to each neighbour: as many stars as there are cables.
        const int pieces = algorithm == "direct" ? graph_.parallel() : 1;
        return deal(roots * pieces, [&](int t, Loads& loads, int64_t rows) {
            const int root = options_.kind == Kind::Broadcast ? member(options_.from)
                                                              : int(int64_t(t / pieces) * parts_.members / roots);
            return grow(algorithm, root, ring, loads, rows);
        });
    }
    /// Trees that load all cables alike, better so the more of them there are and the deeper they may be; of some
    /// depths the fastest. Roots of an all-reduce: near the middle, or everywhere, so that both directions of a cable
    /// carry sums as soon as values.
    std::optional<Jobs> spread() const {
        std::vector<std::vector<int>> choices{{}};
        for (int m = 0; m < parts_.members; ++m) choices[0].push_back(m);
        if (options_.kind == Kind::Broadcast) choices[0] = {member(options_.from)};
        if (options_.kind == Kind::AllReduce)
            if (std::vector<int> roots = central(); roots != choices[0]) choices.push_back(std::move(roots));
        std::optional<Jobs> best;
        int64_t least = 0;
        for (const std::vector<int>& roots : choices)
            for (const int detour : detours) {
                std::optional<Jobs> jobs = spread_from(roots, detour);
                if (!jobs) return {};
                const int64_t cycles = plan("spread", *jobs).estimate;
                if (best && cycles >= least) continue;
                least = cycles;
                best = std::move(jobs);
            }
        return best;
    }
    std::optional<Jobs> spread_from(const std::vector<int>& roots, int detour) const {
        const bool by_chip = options_.kind == Kind::AllGather || options_.kind == Kind::ReduceScatter;
        const int wanted = std::min(enough_trees, grown_members / graph_.members());
        const int pieces = std::clamp(wanted / parts_.members, 1, std::max(1, share_of_part() / parts_.members));
        int trees = by_chip ? parts_.members * pieces : most_trees(std::max(parts_.members, wanted));
        if (!by_chip) trees = share_of_part() / ceil_div(share_of_part(), trees);  // of as many rows each
        std::vector<int> root_of;
        for (int t = 0; t < trees; ++t) root_of.push_back(roots[size_t(by_chip ? t / pieces : t) % roots.size()]);
        std::vector<Tree> grown = spread_trees(graph_, parts_, root_of, detour, up() && down());
        if (grown.empty()) return {};
        return deal(trees, [&](int t, Loads&, int64_t) { return std::optional(std::move(grown[size_t(t)])); });
    }
    /// Members of part 0 from which the farthest member is nearest.
    std::vector<int> central() const {
        std::vector<int> nearest;
        int least = INT_MAX;
        for (int m = 0; m < parts_.members; ++m) {
            const std::vector<int> distances = graph_.distances(m);
            const int farthest = *std::max_element(distances.begin(), distances.end());
            if (farthest < least) nearest.clear();
            least = std::min(least, farthest);
            if (farthest == least) nearest.push_back(m);
        }
        return nearest;
    }
    /// Trees with a row each at least, where roots may be chosen: so many if the plan allows.
    int most_trees(int wanted) const {
        if (options_.kind == Kind::AllGather || options_.kind == Kind::ReduceScatter) return wanted;
        return std::min({wanted, share_of_part(), int(std::max<int64_t>(1, most_tree_edges / graph_.members()))});
    }
    /// A job for each tree with its share of the part's rows.
    template <class Grow>
    std::optional<Jobs> deal(int trees, Grow grow) const {
        Loads loads(graph_, parts_, up() && down());
        Jobs jobs;
        for (int t = 0; t < trees; ++t) {
            const int first = share(t, trees), last = share(t + 1, trees);
            if (first == last) continue;
            std::optional<Tree> tree = grow(t, loads, last - first);
            if (!tree) return {};
            jobs.push_back({std::make_shared<const Tree>(std::move(*tree)), first, last - first, up(), down()});
        }
        return jobs;
    }
    /// The first row of piece t of a part's share.
    int share(int t, int pieces) const { return int(int64_t(t) * share_of_part() / pieces); }

    std::optional<Tree> grow(const std::string& algorithm, int root, const std::vector<int>& ring, Loads& loads,
                             int64_t rows) const {
        if (algorithm == "ring")
            return ring_tree(graph_, ring, size_t(std::find(ring.begin(), ring.end(), root) - ring.begin()));
        if (algorithm == "direct") return star_tree(graph_, root, loads, rows);
        if (algorithm == "hierarchical" || algorithm == "racks")
            return packaged_tree(graph_, root, algorithm == "racks", loads, rows);
        return shortest_tree(graph_, root, loads, rows);
    }

    /// Every chip sends all it has to every other, and adds.
    std::optional<Jobs> exchange() const {
        if (!graph_.complete()) return {};
        const int pieces = graph_.parallel();
        Loads loads(graph_, parts_, false);
        Jobs jobs;
        for (int root = 0; root < parts_.members; ++root)
            for (int piece = 0; piece < pieces; ++piece) {
                const int first = int(int64_t(piece) * rows_ / pieces), last = int(int64_t(piece + 1) * rows_ / pieces);
                if (first < last)
                    jobs.push_back({std::make_shared<const Tree>(*star_tree(graph_, root, loads, last - first)), first,
                                    last - first, true, false});
            }
        return jobs;
    }

    std::optional<Jobs> broadcast_tree() const {
        Loads loads(graph_, parts_, false);
        std::optional<Tree> tree = shortest_tree(graph_, member(options_.from), loads, 1);
        if (!tree) return {};
        return Jobs{{std::make_shared<const Tree>(std::move(*tree)), 0, rows_, false, true}};
    }

    /// A share over each of some of the root's links, from there to all: as many as make it fastest.
    std::optional<Jobs> scatter() const {
        const std::vector<int>& links = graph_.out(member(options_.from));
        std::optional<Jobs> best;
        int64_t least = 0;
        for (size_t ways = 1; ways <= std::min<size_t>(links.size(), size_t(rows_)); ++ways) {
            Loads loads(graph_, parts_, false);
            Jobs jobs;
            for (size_t way = 0; way < ways; ++way) {
                const int first = int(int64_t(way) * rows_ / int64_t(ways)),
                          last = int(int64_t(way + 1) * rows_ / int64_t(ways));
                std::optional<Tree> tree = detour_tree(graph_, links[way], loads, last - first);
                if (!tree) return best;
                jobs.push_back({std::make_shared<const Tree>(std::move(*tree)), first, last - first, false, true});
            }
            const int64_t cycles = plan("scatter", jobs).estimate;
            if (best && cycles >= least) continue;
            least = cycles;
            best = std::move(jobs);
        }
        return best;
    }

    /// Paths without a common cable; only as many as are worth it.
    std::optional<Jobs> paths() const {
        const int from = member(options_.from);
        return end_together(disjoint_paths(graph_, from, member(options_.to), int(graph_.out(from).size())));
    }

    /// As many trees without a common cable direction as there can be.
    std::optional<Jobs> branchings() const {
        if (int64_t(graph_.members()) * int64_t(graph_.edges().size()) > most_searched) return {};
        const int from = member(options_.from);
        return end_together(disjoint_branchings(graph_, from, smallest_cut(graph_, from)));
    }

    /// Trees without a common edge, each with so many rows that all end together.
    std::optional<Jobs> end_together(const std::vector<Tree>& trees) const {
        if (trees.empty()) return {};
        const int64_t hop = delays_.sent_to_receive + delays_.forward;
        std::vector<int64_t> ends;  // of each tree, were it given one more vector
        for (const Tree& tree : trees) ends.push_back(tree.height * hop);
        std::vector<int> share(trees.size());
        for (int row = 0; row < rows_; ++row) {
            const size_t soonest = size_t(std::min_element(ends.begin(), ends.end()) - ends.begin());
            ++share[soonest];
            ends[soonest] += delays_.interval;
        }
        Jobs jobs;
        int first = 0;
        for (size_t tree = 0; tree < trees.size(); first += share[tree++])
            if (share[tree] > 0)
                jobs.push_back({std::make_shared<const Tree>(trees[tree]), first, share[tree], false, true});
        return jobs;
    }

    const CollectiveOptions& options_;
    const CableGraph& graph_;
    const Parts& parts_;
    int rows_;
    const ChipDelays& delays_;
};

const char* what_it_needs(const std::string& algorithm) {
    if (algorithm == "exchange" || algorithm == "direct") return "a cable between each two chips";
    if (algorithm == "ring") return "cables that lead around through all chips in their order";
    if (algorithm == "hierarchical") return "nodes and racks each connected in themselves";
    return "chips that are connected";
}

}  // namespace

std::vector<std::string> collective_algorithms(CollectiveKind kind) {
    switch (kind) {
        case Kind::AllReduce:
            return {"exchange", "direct", "hierarchical", "shortest", "spread", "ring"};
        case Kind::Broadcast:
            return {"tree", "scatter", "branchings", "hierarchical", "spread"};
        case Kind::Send:
            return {"paths"};
        default:
            return {"direct", "hierarchical", "shortest", "spread", "ring"};
    }
}

Parts deal_rows(const CollectiveOptions& options, const CableGraph& graph, int64_t& rows) {
    if (options.kind == Kind::Broadcast || options.kind == Kind::Send) return graph.parts(1);
    for (int count = graph.most_parts();; --count) {
        const int64_t dealt = (rows + count - 1) / count * count;
        if (graph.most_parts() % count != 0 || (dealt - rows) * most_added > rows) continue;
        rows = dealt;
        return graph.parts(count);
    }
}

CollectivePlan plan_collective(const models::System& system, const CollectiveOptions& options, const CableGraph& graph,
                               const Parts& parts, int rows, const ChipDelays& delays) {
    const std::vector<std::string> names = collective_algorithms(options.kind);
    const std::string& wanted = options.algorithm;
    if (wanted != "auto" && std::find(names.begin(), names.end(), wanted) == names.end()) {
        std::vector<std::string> known = names;
        known.push_back("auto");
        std::string list;
        for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
        throw user_error("unknown algorithm '", wanted, "' for ", collective_names()[size_t(options.kind)], ": ", list,
                         nearest_hint(wanted, known));
    }
    const Planner planner(options, graph, parts, rows, delays);
    std::optional<CollectivePlan> best;
    for (const std::string& name : names) {
        if (wanted != "auto" && name != wanted) continue;
        std::optional<Jobs> jobs = planner.jobs(name);
        if (!jobs) continue;
        CollectivePlan plan = planner.plan(name, std::move(*jobs));
        if (!best || plan.estimate < best->estimate) best = std::move(plan);
    }
    if (!best)
        throw user_error("algorithm '", wanted, "' does not fit system '", system.name, "': it needs ",
                         what_it_needs(wanted));
    best->bound = bound_collective(system, options, graph, int64_t(rows) * delays.width);
    return std::move(*best);
}

}  // namespace superlane::compiler
