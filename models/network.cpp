// SPDX-License-Identifier: Apache-2.0
// Paths and loads by breadth-first searches of Boost.Graph over links in compressed rows.
#include "models/network.hpp"

#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <limits>
#include <utility>

#include "base/error.hpp"

namespace superlane::models {
namespace {

using Graph = boost::compressed_sparse_row_graph<boost::directedS>;
constexpr int unreached = std::numeric_limits<int>::max();

/// One search: chips in the order in which they were reached, and their hops.
struct Search {
    std::vector<size_t> order;
    std::vector<int> hops;
};

struct Recorder : boost::default_bfs_visitor {
    explicit Recorder(Search& found) : search(&found) {}
    void discover_vertex(size_t chip, const Graph&) { search->order.push_back(chip); }
    void tree_edge(Graph::edge_descriptor edge, const Graph& graph) {
        search->hops[target(edge, graph)] = search->hops[source(edge, graph)] + 1;
    }
    Search* search;
};

}  // namespace

struct Network::Body {
    Graph graph;
    std::vector<Port> senders, receivers;  ///< of each directed link, by sender
    std::vector<size_t> first;             ///< of each chip, its first link in `senders`
    size_t chips = 0;
    int period = 0;

    void search(size_t from, Search& found) const {
        found.order.clear();
        found.hops.assign(chips, unreached);
        found.hops[from] = 0;
        std::vector<boost::default_color_type> colors(chips, boost::white_color);
        boost::breadth_first_search(
            graph, from,
            boost::visitor(Recorder(found))
                .color_map(boost::make_iterator_property_map(colors.begin(), get(boost::vertex_index, graph))));
    }

    bool repeats(size_t shift) const {
        const auto moved = [&](Port port) { return Port{int((size_t(port.chip) + shift) % chips), port.link}; };
        for (size_t chip = 0; chip < chips; ++chip) {
            const size_t other = (chip + shift) % chips, count = first[chip + 1] - first[chip];
            if (first[other + 1] - first[other] != count) return false;
            for (size_t i = 0; i < count; ++i)
                if (senders[first[other] + i] != moved(senders[first[chip] + i]) ||
                    receivers[first[other] + i] != moved(receivers[first[chip] + i]))
                    return false;
        }
        return true;
    }

    /// Shortest paths from the source through each chip, and from there the load of the links on them, added to `load`:
    /// Brandes' accumulation for edges, with every pair of weight one.
    void add_load(const Search& found, std::vector<double>& paths, std::vector<double>& share,
                  std::vector<double>& load) const {
        paths.assign(chips, 0);
        share.assign(chips, 0);
        paths[found.order.front()] = 1;
        for (const size_t chip : found.order)
            for (size_t link = first[chip]; link < first[chip + 1]; ++link) {
                const size_t to = size_t(receivers[link].chip);
                if (found.hops[to] == found.hops[chip] + 1) paths[to] += paths[chip];
            }
        for (auto chip = found.order.rbegin(); chip != found.order.rend(); ++chip)
            for (size_t link = first[*chip]; link < first[*chip + 1]; ++link) {
                const size_t to = size_t(receivers[link].chip);
                if (found.hops[to] != found.hops[*chip] + 1) continue;
                const double part = (1 + share[to]) * paths[*chip] / paths[to];
                share[*chip] += part;
                load[link] += part;
            }
    }
};

Network::Network(const System& system) : body_(std::make_unique<Body>()) {
    Body& b = *body_;
    b.chips = size_t(system.chips);
    std::vector<std::pair<Port, Port>> links;
    for (const Cable& cable : system.cables) {
        links.emplace_back(cable.ends[0], cable.ends[1]);
        links.emplace_back(cable.ends[1], cable.ends[0]);
    }
    std::sort(links.begin(), links.end());
    std::vector<std::pair<size_t, size_t>> edges;
    b.first.assign(b.chips + 1, 0);
    for (const auto& [from, to] : links) {
        b.senders.push_back(from);
        b.receivers.push_back(to);
        edges.emplace_back(size_t(from.chip), size_t(to.chip));
        ++b.first[size_t(from.chip) + 1];
    }
    for (size_t chip = 0; chip < b.chips; ++chip) b.first[chip + 1] += b.first[chip];
    b.graph = Graph(boost::edges_are_sorted, edges.begin(), edges.end(), b.chips);
    b.period = system.chips;
    for (int p = 1; p < system.chips && b.period == system.chips; ++p)
        if (system.chips % p == 0 && b.repeats(size_t(p))) b.period = p;
}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

int Network::symmetry_period() const { return body_->period; }

std::vector<int> Network::distances(int chip) const {
    SUPERLANE_CHECK(chip >= 0 && size_t(chip) < body_->chips, chip);
    Search found;
    body_->search(size_t(chip), found);
    return found.hops;
}

std::vector<int> Network::next_links(int from, int to) const {
    const std::vector<int> hops = distances(to);
    std::vector<int> links;
    for (size_t link = body_->first[size_t(from)]; link < body_->first[size_t(from) + 1]; ++link)
        if (hops[size_t(body_->receivers[link].chip)] + 1 == hops[size_t(from)])
            links.push_back(body_->senders[link].link);
    return links;
}

double Network::shortest_paths(int from, int to) const {
    Search found;
    body_->search(size_t(from), found);
    std::vector<double> paths, share, load(body_->senders.size());
    body_->add_load(found, paths, share, load);
    return paths[size_t(to)];
}

std::vector<std::vector<Port>> Network::disjoint_paths(int from, int to, int count) const {
    const Body& b = *body_;
    SUPERLANE_CHECK(from != to && size_t(from) < b.chips && size_t(to) < b.chips, from, to);
    std::vector<bool> taken(b.senders.size(), false);
    std::vector<std::vector<Port>> paths;
    constexpr size_t none = std::numeric_limits<size_t>::max();
    while (int(paths.size()) < count) {
        std::vector<size_t> came_by(b.chips, none), queue = {size_t(from)};
        for (size_t i = 0; i < queue.size() && came_by[size_t(to)] == none; ++i)
            for (size_t link = b.first[queue[i]]; link < b.first[queue[i] + 1]; ++link) {
                const size_t next = size_t(b.receivers[link].chip);
                if (taken[link] || next == size_t(from) || came_by[next] != none) continue;
                came_by[next] = link;
                queue.push_back(next);
            }
        if (came_by[size_t(to)] == none) break;
        std::vector<Port> path;
        for (int chip = to; chip != from; chip = path.back().chip) {
            const size_t link = came_by[size_t(chip)];
            taken[link] = true;
            path.push_back(b.senders[link]);
        }
        std::reverse(path.begin(), path.end());
        paths.push_back(std::move(path));
    }
    return paths;
}

Network::Traffic Network::uniform_traffic() const {
    const Body& b = *body_;
    const size_t period = size_t(b.period), copies = b.chips / period;
    Traffic traffic;
    traffic.chips = int(b.chips);
    Search found;
    std::vector<double> paths, share, load(b.senders.size());
    double hops = 0;
    for (size_t source = 0; source < period; ++source) {
        b.search(source, found);
        b.add_load(found, paths, share, load);
        for (const size_t chip : found.order) {
            const size_t distance = size_t(found.hops[chip]);
            if (traffic.pairs_by_hops.size() <= distance) traffic.pairs_by_hops.resize(distance + 1);
            traffic.pairs_by_hops[distance] += int64_t(copies);
            hops += double(distance);
        }
    }
    traffic.pairs_by_hops[0] = 0;
    traffic.diameter = int(traffic.pairs_by_hops.size()) - 1;
    if (b.chips > 1) traffic.mean_hops = hops / (double(period) * double(b.chips - 1));
    // The load of a link is what all sources put on it: those of the searched sources on all of its images.
    const size_t links = b.first[period];
    for (size_t link = 0; link < links; ++link) {
        double sum = 0;
        for (size_t copy = 0; copy < copies; ++copy) sum += load[link + copy * links];
        traffic.fullest_load = std::max(traffic.fullest_load, sum);
        traffic.mean_load += sum / double(links);
    }
    return traffic;
}

double Network::Traffic::bytes_per_s_per_chip(double link_bytes_per_s) const {
    return fullest_load == 0 ? 0 : link_bytes_per_s * double(chips - 1) / fullest_load;
}

}  // namespace superlane::models
