// SPDX-License-Identifier: Apache-2.0
// An event simulation of the links, with what the chips between them take for granted.
#include "compiler/transfers.hpp"

#include <algorithm>
#include <queue>
#include <tuple>

#include "base/error.hpp"
#include "compiler/transfer_starts.hpp"

namespace superlane::compiler {
namespace {

constexpr int most_passes = 3;

/// A vector that may leave by an edge.
struct Waiting {
    int64_t urgency = 0;
    int row = 0, job = 0;
    int edge = 0;  ///< of the job's tree; all edges that differ by parts only are one here
    uint8_t byte = 0;
    bool up = false;
    /// Later in the queue: less urgent, later rows.
    bool operator<(const Waiting& other) const {
        return std::tuple(-urgency, row, job, byte, up, edge) >
               std::tuple(-other.urgency, other.row, other.job, other.byte, other.up, other.edge);
    }
};

/// What happens in one cycle: vectors join the queues of edges, edges may send again.
struct Events {
    std::vector<Waiting> arrivals;
    std::vector<int> edges;  ///< of a part
};

/// So many things a cycle.
struct Port {
    int64_t cycle = -1;
    int count = 0;
    /// The first cycle from `from` on, never before the one given last.
    int64_t take(int64_t from, int at_once) {
        if (from <= cycle) from = count < at_once ? cycle : cycle + 1;
        count = from == cycle ? count + 1 : 1;
        cycle = from;
        return from;
    }
    bool full(int64_t now, int at_once) const { return now == cycle && count >= at_once; }
};

class Scheduler {
public:
    /// `from_end`: what is farthest from the end goes first; without it whatever has most hops before it.
    Scheduler(const CableGraph& graph, const CollectivePlan& plan, const ChipDelays& delays, bool in_turn,
              const Starts* from_end = nullptr)
        : graph_(graph),
          parts_(plan.parts),
          jobs_(plan.jobs),
          delays_(delays),
          from_end_(from_end),
          starts_(graph, plan),
          links_(size_t(parts_.edges)),
          chips_(size_t(parts_.members)),
          sums_(jobs_.size()) {
        result_.steps.resize(chips_.size());
        result_.sent.resize(links_.size());
        for (const TreeJob& job : jobs_) turns_ = std::max(turns_, int64_t(job.rows) * int64_t(jobs_.size()));
        for (const TreeJob& job : jobs_) lag_ = in_turn ? std::max(lag_, job.hops()) : 0;
    }

    const Starts& starts() const { return starts_; }
    TransferSchedule run() {
        for (size_t j = 0; j < jobs_.size(); ++j) begin(int(j));
        for (size_t cycle = 0; cycle < events_.size(); ++cycle) {
            Events now;
            std::swap(now, events_[cycle]);
            for (const Waiting& vector : now.arrivals) {
                const int edge = vector.edge % parts_.edges;
                links_[size_t(edge)].queue.push(vector);
                now.edges.push_back(edge);
            }
            std::sort(now.edges.begin(), now.edges.end());
            now.edges.erase(std::unique(now.edges.begin(), now.edges.end()), now.edges.end());
            for (const int edge : now.edges) serve(edge, int64_t(cycle));
        }
        for (std::vector<Step>& steps : result_.steps) {
            std::stable_sort(steps.begin(), steps.end(),
                             [](const Step& x, const Step& y) { return x.cycle + x.lead < y.cycle + y.lead; });
            if (!steps.empty()) result_.last = std::max(result_.last, steps.back().cycle);
        }
        return std::move(result_);
    }

private:
    struct Link {
        std::priority_queue<Waiting> queue;
        int64_t free = 0;
        int64_t wakes = -1;  ///< the latest cycle in which it will be looked at again
    };
    struct Chip {
        Port send, receive, add;
    };
    struct Sum {
        int left = -1;            ///< vectors still to come; -1: not begun
        std::vector<int64_t> at;  ///< Receive of the last byte of each child
    };

    const Tree& tree(int job) const { return *jobs_[size_t(job)].tree; }
    Chip& chip(int member) { return chips_[size_t(member % parts_.members)]; }

    void begin(int job) {
        const TreeJob& j = jobs_[size_t(job)];
        if (j.up) sums_[size_t(job)].resize(size_t(j.rows) * size_t(graph_.members()));
        for (int row = 0; row < j.rows; ++row) {
            if (!j.up) {
                spread(job, row, j.tree->root, -1, delays_.first_send);
                continue;
            }
            for (const int member : j.tree->order)
                if (member != j.tree->root && j.tree->children_of(member) == 0)
                    climb(job, row, member, delays_.first_send);
        }
    }

    /// Hops that a vector still makes; if rows come in turn, the last of them counts as so many hops less urgent than
    /// the first as the longest way has.
    int64_t urgency(int job, int row, int member, bool up, int hops) const {
        if (from_end_ != nullptr) return from_end_->of(job, row, member, up);
        return hops * turns_ - lag_ * (int64_t(row) * int64_t(jobs_.size()) + job);
    }
    Events& at(int64_t cycle) {
        if (size_t(cycle) >= events_.size()) events_.resize(size_t(cycle) + 1);
        return events_[size_t(cycle)];
    }
    void ready(int64_t cycle, const Waiting& vector) { at(cycle).arrivals.push_back(vector); }

    /// The member's sum (or own row) can leave for its parent.
    void climb(int job, int row, int member, int64_t cycle) {
        const Tree& t = tree(job);
        const int edge = graph_.edge(t.down[size_t(member)]).back;
        const int hops = t.depth[size_t(member)] + (jobs_[size_t(job)].down ? t.height : 0);
        for (int byte = 0; byte < delays_.width; ++byte)
            ready(cycle, {urgency(job, row, member, true, hops), row, job, edge, uint8_t(byte), true});
    }

    /// The member has a byte (-1: all of them) of a row that goes down.
    void spread(int job, int row, int member, int byte, int64_t cycle) {
        const Tree& t = tree(job);
        for (int c = 0; c < t.children_of(member); ++c) {
            const int edge = t.child(member, c), child = graph_.edge(edge).to;
            const int64_t urgent = urgency(job, row, child, false, t.below[size_t(child)] + 1);
            for (int k = byte < 0 ? 0 : byte; k <= (byte < 0 ? delays_.width - 1 : byte); ++k)
                ready(cycle, {urgent, row, job, edge, uint8_t(k), false});
        }
    }

    void serve(int edge, int64_t now) {
        Link& link = links_[size_t(edge)];
        if (link.queue.empty()) return;
        Chip& chip = chips_[size_t(graph_.edge(edge).from)];
        if (now >= link.free && !chip.send.full(now, delays_.at_once)) {
            const Waiting vector = link.queue.top();
            link.queue.pop();
            chip.send.take(now, delays_.at_once);
            link.free = now + delays_.interval;
            send(vector, now);
            if (link.queue.empty()) return;
        }
        const int64_t next = std::max(now + 1, link.free);
        if (link.wakes >= next) return;
        link.wakes = next;
        at(next).edges.push_back(edge);
    }

    Step& step(int member, Step::Kind kind, int64_t cycle, int edge, const Waiting& vector) {
        Step s;
        s.cycle = cycle;
        s.job = vector.job;
        s.row = vector.row;
        s.edge = edge < 0 ? edge : edge % parts_.edges;
        s.part = parts_.back(parts_.of(member));
        s.byte = vector.byte;
        s.kind = kind;
        s.up = vector.up;
        return result_.steps[size_t(member % parts_.members)].emplace_back(s);
    }

    void send(const Waiting& vector, int64_t now) {
        ++result_.sent[size_t(vector.edge % parts_.edges)];
        const int from = graph_.edge(vector.edge).from, to = graph_.edge(vector.edge).to;
        starts_.of(vector.job, vector.row, vector.up ? from : to, vector.up) = int32_t(now);
        step(from, Step::Kind::Send, now, vector.edge, vector);
        const int64_t got = chip(to).receive.take(now + delays_.sent_to_receive, delays_.at_once);
        Step& receive = step(to, Step::Kind::Receive, got, vector.edge, vector);
        if (vector.up) {
            receive.operand = uint16_t(child_number(vector.job, to, vector.edge));
            collect(vector, to, receive.operand, got);
        } else {
            spread(vector.job, vector.row, to, vector.byte, got + delays_.forward);
        }
    }

    int child_number(int job, int member, int edge) const {
        const Tree& t = tree(job);
        int c = 0;
        while (t.child(member, c) != graph_.edge(edge).back) ++c;
        return c;
    }

    /// A vector of a child's sum has come; with the last one the additions follow.
    void collect(const Waiting& vector, int member, int child, int64_t got) {
        const TreeJob& job = jobs_[size_t(vector.job)];
        Sum& sum = sums_[size_t(vector.job)][size_t(vector.row) * size_t(graph_.members()) + size_t(member)];
        const int children = job.tree->children_of(member);
        if (sum.left < 0) {
            sum.left = children * delays_.width;
            sum.at.resize(size_t(children));
        }
        sum.at[size_t(child)] = std::max(sum.at[size_t(child)], got);
        if (--sum.left > 0) return;
        int64_t start = INT64_MIN / 2;
        int parts = 0;
        for (int first = 0; first < children; first += parts) {
            parts = std::min(children - first, delays_.operands_per_task);
            const ChipDelays::Add& add = delays_.add[size_t(parts)];
            start += add.operand[0];
            for (int i = 0; i < parts; ++i)
                start = std::max(start, sum.at[size_t(first + i)] + add.operand[size_t(i) + 1]);
            start = chip(member).add.take(start, 1);
            Step& s = step(member, Step::Kind::Add, start, -1, vector);
            s.operand = uint16_t(first);
            s.lead = uint16_t(std::max<int64_t>(0, got - start));
        }
        std::vector<int64_t>().swap(sum.at);
        const int64_t leaves = start + delays_.add[size_t(parts)].sum;
        if (member != job.tree->root)
            climb(vector.job, vector.row, member, leaves);
        else if (job.down)
            spread(vector.job, vector.row, member, -1, leaves);
    }

    const CableGraph& graph_;
    const Parts& parts_;
    const std::vector<TreeJob>& jobs_;
    const ChipDelays& delays_;
    const Starts* from_end_;
    Starts starts_;
    std::vector<Link> links_;  ///< of a part, as chips
    std::vector<Chip> chips_;
    std::vector<std::vector<Sum>> sums_;  ///< by job, then row and member
    std::vector<Events> events_;          ///< by cycle
    int64_t turns_ = 1;
    int lag_ = 0;
    TransferSchedule result_;
};

}  // namespace

TransferSchedule schedule_transfers(const CableGraph& graph, const CollectivePlan& plan, const ChipDelays& delays) {
    // What is far goes first, which is best for few vectors; or rows in turn, which keeps links busy to the end.
    Scheduler far_first(graph, plan, delays, false), in_turn(graph, plan, delays, true);
    TransferSchedule best = far_first.run(), other = in_turn.run();
    const bool turns = other.last < best.last;
    Starts starts = turns ? in_turn.starts() : far_first.starts();
    if (turns) best = std::move(other);
    // Forth and back in time as long as that helps: what can wait until the end leaves links to what cannot.
    for (int pass = 0; pass < most_passes; ++pass) {
        const Starts from_end = reversed_starts(graph, plan, delays, starts);
        Scheduler again(graph, plan, delays, false, &from_end);
        other = again.run();
        if (other.last >= best.last) break;
        best = std::move(other);
        starts = again.starts();
    }
    return best;
}

}  // namespace superlane::compiler
