// SPDX-License-Identifier: Apache-2.0
// The same transfers in reversed time: what goes last leaves first, each as soon as what follows it has gone.
#include "compiler/transfer_starts.hpp"

#include <algorithm>
#include <queue>
#include <tuple>

namespace superlane::compiler {
namespace {

/// A row over the edge above a member.
struct Leg {
    int32_t start;  ///< going forward
    int job, row, member;
    bool up;
    /// Later in the queue: whatever starts earlier.
    bool operator<(const Leg& other) const {
        return std::tie(start, job, row, member, up) <
               std::tie(other.start, other.job, other.row, other.member, other.up);
    }
};

class Reversed {
public:
    Reversed(const CableGraph& graph, const CollectivePlan& plan, const ChipDelays& delays, const Starts& starts)
        : graph_(graph),
          plan_(plan),
          delays_(delays),
          starts_(starts),
          backward_(graph, plan),
          links_(size_t(plan.parts.edges)) {}

    /// Cycles are counted from the end, of the last leg.
    Starts run() {
        for (int job = 0; job < int(plan_.jobs.size()); ++job)
            for (int row = 0; row < plan_.jobs[size_t(job)].rows; ++row) begin(job, row);
        for (size_t cycle = 0; cycle < events_.size(); ++cycle) {
            Events now;
            std::swap(now, events_[cycle]);
            for (const Leg& leg : now.legs) {
                links_[size_t(link_of(leg))].queue.push(leg);
                now.links.push_back(link_of(leg));
            }
            std::sort(now.links.begin(), now.links.end());
            now.links.erase(std::unique(now.links.begin(), now.links.end()), now.links.end());
            for (const int link : now.links) serve(link, int32_t(cycle));
        }
        return std::move(backward_);
    }

private:
    struct Link {
        std::priority_queue<Leg> queue;
        int32_t free = 0, wakes = -1;
    };
    struct Events {
        std::vector<Leg> legs;
        std::vector<int> links;
    };
    const TreeJob& job_of(int job) const { return plan_.jobs[size_t(job)]; }
    int parent(int job, int member) const { return graph_.edge(job_of(job).tree->down[size_t(member)]).from; }
    int link_of(const Leg& leg) const {
        const int edge = job_of(leg.job).tree->down[size_t(leg.member)];
        return (leg.up ? graph_.edge(edge).back : edge) % plan_.parts.edges;
    }
    Events& at(int32_t cycle) {
        if (size_t(cycle) >= events_.size()) events_.resize(size_t(cycle) + 1);
        return events_[size_t(cycle)];
    }
    void ready(int32_t cycle, int job, int row, int member, bool up) {
        at(cycle).legs.push_back({starts_.of(job, row, member, up), job, row, member, up});
    }

    void begin(int job, int row) {
        const Tree& tree = *job_of(job).tree;
        if (!job_of(job).down) return climb(job, row, tree.root, 0);
        left_.resize(std::max(left_.size(), size_t(job) + 1));
        left_[size_t(job)].resize(size_t(job_of(job).rows) * size_t(graph_.members()));
        for (const int member : tree.order) {
            left(job, row, member) = tree.children_of(member);
            if (tree.children_of(member) == 0) ready(0, job, row, member, false);
        }
    }
    int& left(int job, int row, int member) {
        return left_[size_t(job)][size_t(row) * size_t(graph_.members()) + size_t(member)];
    }
    /// The member's sum has gone: those of its children can have.
    void climb(int job, int row, int member, int32_t cycle) {
        const Tree& tree = *job_of(job).tree;
        if (!job_of(job).up || tree.children_of(member) == 0) return;
        cycle += int32_t(up_hop(delays_, tree.children_of(member)));
        for (int c = 0; c < tree.children_of(member); ++c)
            ready(cycle, job, row, graph_.edge(tree.child(member, c)).to, true);
    }

    void serve(int number, int32_t now) {
        Link& link = links_[size_t(number)];
        if (link.queue.empty()) return;
        if (now >= link.free) {
            const Leg leg = link.queue.top();
            link.queue.pop();
            link.free = now + delays_.width * delays_.interval;
            go(leg, now);
            if (link.queue.empty()) return;
        }
        if (link.wakes >= link.free) return;
        link.wakes = link.free;
        at(link.free).links.push_back(number);
    }

    void go(const Leg& leg, int32_t now) {
        backward_.of(leg.job, leg.row, leg.member, leg.up) = now;
        if (leg.up) return climb(leg.job, leg.row, leg.member, now);
        // The parent's leg goes after those of all its children, the first of which is the last one here.
        const int above = parent(leg.job, leg.member);
        if (--left(leg.job, leg.row, above) > 0) return;
        if (above == job_of(leg.job).tree->root)
            climb(leg.job, leg.row, above, now);
        else
            ready(now + delays_.sent_to_receive + delays_.forward, leg.job, leg.row, above, false);
    }

    const CableGraph& graph_;
    const CollectivePlan& plan_;
    const ChipDelays& delays_;
    const Starts& starts_;
    Starts backward_;
    std::vector<Link> links_;
    std::vector<Events> events_;          ///< by cycle
    std::vector<std::vector<int>> left_;  ///< by job, then row and member: children that have not gone down
};

}  // namespace

Starts::Starts(const CableGraph& graph, const CollectivePlan& plan) : members_(size_t(graph.members())) {
    size_t rows = 0;
    for (const TreeJob& job : plan.jobs) {
        first_.push_back(rows);
        rows += size_t(job.rows);
    }
    for (std::vector<int32_t>& cycles : cycles_) cycles.assign(rows * members_, 0);
}

Starts reversed_starts(const CableGraph& graph, const CollectivePlan& plan, const ChipDelays& delays,
                       const Starts& starts) {
    return Reversed(graph, plan, delays, starts).run();
}

}  // namespace superlane::compiler
