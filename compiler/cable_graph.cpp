// SPDX-License-Identifier: Apache-2.0
// Members, directed edges, distances.
#include "compiler/cable_graph.hpp"

#include <algorithm>
#include <climits>
#include <numeric>
#include <tuple>
#include <utility>

namespace superlane::compiler {

CableGraph::CableGraph(const models::System& system, std::vector<int> chips)
    : chips_(std::move(chips)),
      chips_per_node_(std::max(1, system.chips_per_node)),
      chips_per_rack_(chips_per_node_ * std::max(1, system.nodes_per_rack)) {
    if (chips_.empty()) {
        chips_.resize(size_t(system.chips));
        std::iota(chips_.begin(), chips_.end(), 0);
    }
    std::vector<int> member(size_t(system.chips), -1);
    for (size_t i = 0; i < chips_.size(); ++i) member[size_t(chips_[i])] = int(i);
    for (const models::Cable& cable : system.cables)
        for (const size_t from : {0, 1}) {
            const models::Port &near = cable.ends[from], &far = cable.ends[1 - from];
            const int a = member[size_t(near.chip)], b = member[size_t(far.chip)];
            if (a >= 0 && b >= 0) edges_.push_back({a, b, near.link, far.link, -1});
        }
    std::sort(edges_.begin(), edges_.end(),
              [](const Edge& x, const Edge& y) { return std::tie(x.from, x.link) < std::tie(y.from, y.link); });
    out_.resize(chips_.size());
    for (size_t id = 0; id < edges_.size(); ++id) out_[size_t(edges_[id].from)].push_back(int(id));
    for (Edge& edge : edges_)
        for (const int id : out(edge.to))
            if (edges_[size_t(id)].link == edge.to_link) edge.back = id;
    for (int count = 2; count <= members(); ++count)
        if (members() % count == 0 && edges_.size() % size_t(count) == 0 && alike(parts(count))) most_parts_ = count;
}

bool CableGraph::alike(const Parts& parts) const {
    for (int id = 0; id < int(edges_.size()); ++id) {
        const Edge &one = edge(id), &next = edge(parts.turned_edge(id, 1));
        if (next.from != parts.turned_member(one.from, 1) || next.to != parts.turned_member(one.to, 1) ||
            next.link != one.link || next.to_link != one.to_link)
            return false;
    }
    return true;
}

int CableGraph::between(int a, int b) const {
    for (const int id : out(a))
        if (edge(id).to == b) return id;
    return -1;
}

int CableGraph::unit(int level, int member) const {
    switch (level) {
        case 0:
            return member;
        case 1:
            return chip(member) / chips_per_node_;
        case 2:
            return chip(member) / chips_per_rack_;
        default:
            return 0;
    }
}

std::vector<int> CableGraph::distances(int from) const {
    std::vector<int> distance(chips_.size(), -1), queue{from};
    distance[size_t(from)] = 0;
    for (size_t i = 0; i < queue.size(); ++i)
        for (const int id : out(queue[i]))
            if (int& d = distance[size_t(edge(id).to)]; d < 0) {
                d = distance[size_t(queue[i])] + 1;
                queue.push_back(edge(id).to);
            }
    return distance;
}

bool CableGraph::complete() const {
    for (int a = 0; a < members(); ++a) {
        if (int(out(a).size()) < members() - 1) return false;
        for (int b = 0; b < members(); ++b)
            if (a != b && between(a, b) < 0) return false;
    }
    return true;
}

int CableGraph::parallel() const {
    int fewest = INT_MAX;
    std::vector<int> cables(chips_.size());
    for (int a = 0; a < members(); ++a) {
        for (const int id : out(a)) ++cables[size_t(edge(id).to)];
        for (const int id : out(a))
            if (int& count = cables[size_t(edge(id).to)]; count > 0) fewest = std::min(fewest, std::exchange(count, 0));
    }
    return fewest;
}

}  // namespace superlane::compiler
