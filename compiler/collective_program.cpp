// SPDX-License-Identifier: Apache-2.0
// Steps to tasks: where each vector lies, and who must have read it before the place is used again.
#include "compiler/collective_program.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "compiler/transfer_tasks.hpp"

namespace superlane::compiler {
namespace {

constexpr int staging_groups = 4;
constexpr int rest_cycles = 256;  ///< a staging row is not written again so soon after its last use

const TreeJob& job_of(const CollectivePlan& plan, const Step& step) { return plan.jobs[size_t(step.job)]; }
/// The member of the job's tree that does the step, as seen from the root's part.
int tree_member(const CollectivePlan& plan, const Step& step, int member) {
    return plan.parts.turned_member(member, plan.parts.back(step.part));
}
int children_of(const CollectivePlan& plan, const Step& step, int member) {
    return job_of(plan, step).tree->children_of(tree_member(plan, step, member));
}
bool is_root(const CollectivePlan& plan, const Step& step, int member) {
    return job_of(plan, step).tree->root == tree_member(plan, step, member);
}
int instance(const CollectivePlan& plan, const Step& step) { return step.job * plan.parts.count + step.part; }
int row_of(const CollectivePlan& plan, const Step& step) { return plan.row(job_of(plan, step), step.row, step.part); }
/// Scattered rows are counted from the first one of their root.
int output_row(const CollectiveRows& rows, const CollectivePlan& plan, const Step& step) {
    if (!rows.scattered) return row_of(plan, step);
    const TreeJob& job = job_of(plan, step);
    return job.first_row + step.row - job.tree->root * (plan.turn / plan.parts.members);
}

/// Steps of one chip with the staging rows that they use.
class Staged {
public:
    Staged(const models::Chip& chip, const CollectiveRows& rows, const CollectivePlan& plan,
           const std::vector<Step>& steps, int member)
        : rows_(rows), plan_(plan), member_(member), parts_(TransferTasks::operands(chip, rows.width)) {
        for (const Step& step : steps) assign(step);
        RowShelves shelves = rows.shelves;
        for (Slots* slots : {&children_, &sums_})
            if (slots->rows > 0) slots->store = staging(shelves, slots->rows);
    }

    bool root(const Step& step) const { return is_root(plan_, step, member_); }
    int children(const Step& step) const { return children_of(plan_, step, member_); }
    int parts(const Step& step) const { return std::min(parts_, children(step) - step.operand); }

    RowPlace input(const Step& step) const { return rows_.input.place(row_of(plan_, step)); }
    RowPlace output(const Step& step) const { return rows_.output.place(output_row(rows_, plan_, step)); }
    /// Where a child's rows wait (child -1: the sum so far).
    RowPlace waiting(const Step& step, int child) const {
        return slots(child).store.place(slot_of_.at(key(step, child)));
    }
    RowPlace sum(const Step& step) const { return root(step) ? output(step) : waiting(step, -1); }
    RowPlace sent(const Step& step) const {
        if (!step.up) return output(step);
        return children(step) == 0 ? input(step) : waiting(step, -1);
    }

private:
    using Key = std::tuple<int, int, int>;  // job and part, row, child
    /// Rows of children and sums so far lie in different slices: an addition reads one of each in the same cycle.
    struct Slots {
        std::deque<std::pair<int64_t, int>> free[2];  ///< by side: since when, slot
        int used[2] = {}, rows = 0;
        RowStore store;
    };
    Slots& slots(int child) { return child < 0 ? sums_ : children_; }
    const Slots& slots(int child) const { return child < 0 ? sums_ : children_; }
    Key key(const Step& step, int child) const { return {instance(plan_, step), step.row, child}; }

    void assign(const Step& step) {
        switch (step.kind) {
            case Step::Kind::Receive:
                if (step.up) take(step, step.operand);
                break;
            case Step::Kind::Add:
                for (int i = 0; i < parts(step); ++i) release(step, step.operand + i);
                if (!root(step)) take(step, -1);
                break;
            case Step::Kind::Send:
                if (step.up && children(step) > 0 && ++sent_[key(step, -1)] == rows_.width) release(step, -1);
        }
    }
    /// Slots come in twos, one a side: even ones west, odd ones east, as rows of the store lie.
    void take(const Step& step, int child) {
        if (slot_of_.contains(key(step, child))) return;
        const int side = int(rows_.input.place(row_of(plan_, step)).region.side);
        Slots& own = slots(child);
        std::deque<std::pair<int64_t, int>>& free = own.free[side];
        int slot;
        if (!free.empty() && free.front().first + rest_cycles <= step.cycle) {
            slot = free.front().second;
            free.pop_front();
        } else {
            slot = 2 * own.used[side]++ + side;
            own.rows = std::max(own.rows, slot + 1);
        }
        slot_of_[key(step, child)] = slot;
    }
    void release(const Step& step, int child) {
        const int slot = slot_of_.at(key(step, child));
        slots(child).free[slot % 2].push_back({step.cycle, slot});
    }

    const CollectiveRows& rows_;
    const CollectivePlan& plan_;
    int member_, parts_;
    std::map<Key, int> slot_of_, sent_;
    Slots children_, sums_;
};

/// The program's number of each link that the chip uses, in order of first use.
std::vector<int> number_links(const CableGraph& graph, const std::vector<Step>& steps, std::vector<int>& links) {
    std::vector<int> number;
    for (const Step& step : steps) {
        if (step.edge < 0) continue;
        const Edge& edge = graph.edge(step.edge);
        const size_t link = size_t(step.kind == Step::Kind::Send ? edge.link : edge.to_link);
        if (number.size() <= link) number.resize(link + 1, -1);
        if (number[link] >= 0) continue;
        number[link] = int(links.size());
        links.push_back(int(link));
    }
    return number;
}

int link_of(const CableGraph& graph, const Step& step, const std::vector<int>& number) {
    const Edge& edge = graph.edge(step.edge);
    return number[size_t(step.kind == Step::Kind::Send ? edge.link : edge.to_link)];
}

}  // namespace

RowStore staging(RowShelves& shelves, int rows) {
    return shelves.take("staging of a collective", rows, staging_groups);
}

CollectiveProgram collective_program(const models::Chip& chip, const CollectiveRows& rows, const CableGraph& graph,
                                     const CollectivePlan& plan, const std::vector<Step>& steps, int member) {
    const Staged staged(chip, rows, plan, steps, member);
    CollectiveProgram result{Problem(chip), {}, {}, 0};
    const std::vector<int> number = number_links(graph, steps, result.links);
    Problem& problem = result.problem;
    TransferTasks tasks(problem);
    std::vector<int> last_sent(result.links.size(), -1), last_received(result.links.size(), -1);
    for (const Step& step : steps) {
        Task task;
        if (step.kind == Step::Kind::Add) {
            std::vector<RowPlace> operands{step.operand == 0 ? staged.input(step) : staged.sum(step)};
            for (int i = 0; i < staged.parts(step); ++i) operands.push_back(staged.waiting(step, step.operand + i));
            task = tasks.add(rows.type, operands, staged.sum(step));
        } else {
            const bool send = step.kind == Step::Kind::Send;
            const int link = link_of(graph, step, number);
            task = send ? tasks.send(staged.sent(step), step.byte, link)
                        : tasks.receive(step.up ? staged.waiting(step, step.operand) : staged.output(step), step.byte,
                                        link);
            // Vectors of a link keep the order that its other end counts on.
            int& last = (send ? last_sent : last_received)[size_t(link)];
            if (last >= 0) task.after.push_back({last, send ? chip.timing.c2c_vector_interval : 1});
            last = int(problem.tasks().size());
        }
        task.earliest = step.cycle;
        problem.add(std::move(task));
    }
    result.schedule = schedule_asap(problem);
    for (size_t i = 0; i < steps.size(); ++i)
        if (steps[i].kind == Step::Kind::Send)
            result.late = std::max(result.late, result.schedule.start[i] - steps[i].cycle);
    return result;
}

std::string collective_key(const CollectiveRows& rows, const CableGraph& graph, const CollectivePlan& plan,
                           const std::vector<Step>& steps, int member, std::vector<int>& links) {
    const std::vector<int> number = number_links(graph, steps, links);
    Digest digest;
    std::map<int, int> job_number;
    std::vector<int64_t> values;
    values.reserve(steps.size() * 4);
    for (const Step& step : steps) {
        const int children = children_of(plan, step, member), place = rows.scattered ? output_row(rows, plan, step) : 0;
        const int known = job_number.try_emplace(instance(plan, step), int(job_number.size())).first->second;
        values.push_back(step.cycle);
        values.push_back(int64_t(row_of(plan, step)) << 32 | int64_t(place));
        values.push_back(int64_t(known) << 32 | int64_t(step.edge < 0 ? 0 : link_of(graph, step, number)));
        values.push_back(int64_t(children) << 32 | int64_t(step.operand) << 16 | int64_t(step.byte) << 8 |
                         int64_t(is_root(plan, step, member)) << 4 | int64_t(step.up) << 3 | int64_t(step.kind));
    }
    for (const int64_t value : values) digest.number(value);
    return digest.hex();
}

}  // namespace superlane::compiler
