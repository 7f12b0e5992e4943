// SPDX-License-Identifier: Apache-2.0
// Three schedulers behind one signature. All place one task at a time at a legal cycle; they differ in order and
// pauses.
#include <algorithm>
#include <queue>
#include <random>

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "compiler/occupancy.hpp"
#include "compiler/problem.hpp"

namespace superlane::compiler {
namespace {

/// The first cycle at which every issue of the task is at or after cycle 0.
int64_t first_start(const Task& task) {
    int64_t start = 0;
    for (const Issue& issue : task.issues) start = std::max<int64_t>(start, -queue_span(issue).at);
    return start;
}

class Placer {
public:
    explicit Placer(const Problem& problem)
        : problem_(problem), occupancy_(problem), schedule_{std::vector<int64_t>(problem.tasks().size(), -1), ""} {}

    void place(size_t index, int64_t pause = 0) {
        check_interrupt();
        const Task& task = problem_.tasks()[index];
        int64_t start = std::max({first_start(task), task.earliest, occupancy_.forgotten()}) + pause;
        for (const Task::After& after : task.after) {
            SUPERLANE_CHECK(schedule_.start[size_t(after.task)] >= 0, "task placed before one it depends on");
            start = std::max(start, schedule_.start[size_t(after.task)] + after.lag + pause);
        }
        while (!occupancy_.fits(task, start)) ++start;
        occupancy_.take(task, start);
        schedule_.start[index] = start;
    }
    Schedule finish(std::string name) {
        schedule_.scheduler = std::move(name);
        return std::move(schedule_);
    }

private:
    const Problem& problem_;
    Occupancy occupancy_;
    Schedule schedule_;
};

int length(const Task& task) {
    int last = 0;
    for (const Issue& issue : task.issues) last = std::max(last, issue.at + (issue.count - 1) * issue.interval + 1);
    return last;
}

/// Longest chain of lags from each task to the end of the program, or of what waits elsewhere.
std::vector<int64_t> urgency(const Problem& problem) {
    const auto& tasks = problem.tasks();
    std::vector<int64_t> urgency(tasks.size());
    for (size_t i = tasks.size(); i-- > 0;) {
        urgency[i] = std::max<int64_t>(urgency[i], length(tasks[i]) + tasks[i].beyond);
        for (const Task::After& after : tasks[i].after)
            urgency[size_t(after.task)] = std::max(urgency[size_t(after.task)], urgency[i] + after.lag);
    }
    return urgency;
}

/// Visits tasks in an order that respects dependencies; of the ready ones the largest priority(task) comes first.
template <class Priority, class Visit>
void in_order(const Problem& problem, Priority priority, Visit visit) {
    const auto& tasks = problem.tasks();
    std::vector<std::vector<int>> followers(tasks.size());
    std::vector<size_t> waiting(tasks.size());
    for (size_t i = 0; i < tasks.size(); ++i) {
        waiting[i] = tasks[i].after.size();
        for (const Task::After& after : tasks[i].after) followers[size_t(after.task)].push_back(int(i));
    }
    using Ready = std::pair<int64_t, int64_t>;  // priority, then program order
    std::priority_queue<Ready> ready;
    const auto push = [&](size_t i) { ready.push({priority(i), -int64_t(i)}); };
    for (size_t i = 0; i < tasks.size(); ++i)
        if (waiting[i] == 0) push(i);
    while (!ready.empty()) {
        const size_t i = size_t(-ready.top().second);
        ready.pop();
        visit(i);
        for (const int follower : followers[i])
            if (--waiting[size_t(follower)] == 0) push(size_t(follower));
    }
}

}  // namespace

Schedule schedule_asap(const Problem& problem) {
    Placer placer(problem);
    for (size_t i = 0; i < problem.tasks().size(); ++i) placer.place(i);
    return placer.finish("asap");
}

Schedule schedule_list(const Problem& problem) {
    Placer placer(problem);
    const std::vector<int64_t> urgent = urgency(problem);
    in_order(
        problem, [&](size_t i) { return urgent[i]; }, [&](size_t i) { placer.place(i); });
    return placer.finish("list");
}

Schedule schedule_random(const Problem& problem, uint64_t seed) {
    std::mt19937_64 random(seed);
    Placer placer(problem);
    in_order(
        problem, [&](size_t) { return int64_t(random() >> 1); },
        [&](size_t i) { placer.place(i, random() % 4 == 0 ? int64_t(random() % 24) : 0); });
    return placer.finish("random:" + std::to_string(seed));
}

Schedule schedule(const Problem& problem, const std::string& scheduler) {
    if (scheduler == "asap") return schedule_asap(problem);
    if (scheduler == "list") return schedule_list(problem);
    if (scheduler == "random") return schedule_random(problem, 1);
    if (scheduler.starts_with("random:")) {
        const std::string seed = scheduler.substr(7);
        if (!seed.empty() && seed.size() < 19 &&
            std::all_of(seed.begin(), seed.end(), [](char c) { return c >= '0' && c <= '9'; }))
            return schedule_random(problem, std::stoull(seed));
    }
    throw user_error("unknown scheduler '", scheduler, "': asap, list, random or random:SEED",
                     nearest_hint(scheduler, {"asap", "list", "random"}));
}

}  // namespace superlane::compiler
