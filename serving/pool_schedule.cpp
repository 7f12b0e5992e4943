// SPDX-License-Identifier: Apache-2.0
// Events in the order of time: a slice, its query, its keys and values, attention, the merge, the way back.
#include "serving/pool_schedule.hpp"

#include <algorithm>
#include <numeric>
#include <queue>
#include <tuple>

#include "base/error.hpp"

namespace superlane::serving {
namespace {

/// Serves one at a time, in the order of asking.
struct Unit {
    double free_s = 0;
    double begin(double ready_s, double duration_s) {
        const double begin_s = std::max(ready_s, free_s);
        free_s = begin_s + duration_s;
        return begin_s;
    }
};

enum class What { Slice, Query, Rows, Attention, Merge, Back };

struct Event {
    double at_s = 0;
    size_t batch = 0;
    What what = What::Slice;
    bool operator>(const Event& other) const {
        return std::tie(at_s, batch, what) > std::tie(other.at_s, other.batch, other.what);
    }
};

struct Batch {
    size_t slice = 0;
    double rows_s = -1;          ///< keys and values are in the memory pool; below 0: not yet known
    double kept_s = 0;           ///< what the next slice needs beside the result is on its replica
    bool attended = false;       ///< over the tokens in the cache
    std::vector<double> ends_s;  ///< of its steps
};

class Schedule {
public:
    Schedule(const PoolWork& work, const PoolLinks& links, const PoolPlan& plan)
        : work_(work), links_(links), plan_(plan), batches_(size_t(plan.batches)), replicas_(size_t(plan.replicas)) {
        for (size_t j = 0; j < batches_.size(); ++j) push(0, j, What::Slice);
    }

    /// The mean over as many steps as the rotation needs to repeat, after a first one.
    double run() {
        const size_t measured = replicas_.size();
        while (left_ > 0) {
            const Event event = events_.top();
            events_.pop();
            act(event, measured + 1);
        }
        double sum_s = 0;
        for (const Batch& batch : batches_) sum_s += batch.ends_s[measured] - batch.ends_s[0];
        return sum_s / double(measured * batches_.size());
    }

private:
    /// A replica with its ports by direction.
    struct Replica {
        Unit compute, out, in;
    };

    void push(double at_s, size_t j, What what) { events_.push({at_s, j, what}); }

    void act(const Event& event, size_t steps) {
        const size_t j = event.batch;
        const double now_s = event.at_s;
        Batch& batch = batches_[j];
        const size_t place = (j + batch.slice) % replicas_.size();
        switch (event.what) {
            case What::Slice:
                return run_slice(batch, j, now_s, steps);
            case What::Query:
                return push(send(replicas_[place].out, memory_in_, now_s, work_.query_bytes), j, What::Attention);
            case What::Rows:
                return send_rows(batch, j, now_s);
            case What::Attention:
                return push(memory_.begin(now_s, work_.attention_s + work_.merge_s) + work_.attention_s, j,
                            What::Merge);
            case What::Merge:
                batch.attended = true;
                return merge(batch, j, now_s);
            case What::Back:
                const double there_s = send(memory_out_, replicas_[place].in, now_s, work_.result_bytes);
                return push(std::max(there_s, batch.kept_s), j, What::Slice);
        }
    }

    /// When bytes that are ready now have arrived. One end is the memory pool.
    double send(Unit& from, Unit& to, double now_s, double bytes) const {
        const bool from_memory = &from == &memory_out_;
        const double memory_s = bytes / links_.memory_bytes_per_s, replica_s = bytes / links_.replica_bytes_per_s;
        return occupy(from, to, now_s, from_memory ? memory_s : replica_s, from_memory ? replica_s : memory_s);
    }
    double occupy(Unit& from, Unit& to, double now_s, double from_s, double to_s) const {
        const double begin_s = std::max({now_s, from.free_s, to.free_s});
        from.free_s = begin_s + from_s;
        to.free_s = begin_s + to_s;
        return begin_s + std::max(from_s, to_s) + links_.one_way_s;
    }

    void run_slice(Batch& batch, size_t j, double now_s, size_t steps) {
        const double slice_s = work_.slice_s[batch.slice];
        const double end_s = replicas_[(j + batch.slice) % replicas_.size()].compute.begin(now_s, slice_s) + slice_s;
        if (batch.slice < work_.late_s.size()) {
            if (plan_.overlap) push(end_s - work_.late_s[batch.slice], j, What::Query);
            return push(end_s, j, What::Rows);
        }
        batch.slice = 0;
        batch.ends_s.push_back(end_s);
        if (batch.ends_s.size() == steps) --left_;
        push(end_s, j, What::Slice);
    }

    /// Without overlap the query goes with them.
    void send_rows(Batch& batch, size_t j, double now_s) {
        const size_t place = (j + batch.slice) % replicas_.size(), next = (place + 1) % replicas_.size();
        const double bytes = work_.rows_bytes + (plan_.overlap ? 0 : work_.query_bytes);
        batch.rows_s = send(replicas_[place].out, memory_in_, now_s, bytes);
        batch.kept_s = now_s;
        if (next != place) {
            const double seconds = work_.kept_bytes / links_.replica_bytes_per_s;
            batch.kept_s = occupy(replicas_[place].out, replicas_[next].in, now_s, seconds, seconds);
        }
        if (!plan_.overlap) push(batch.rows_s, j, What::Attention);
        if (batch.attended) merge(batch, j, now_s);
    }

    /// When attention is done and the rows are known to arrive, whichever is last.
    void merge(Batch& batch, size_t j, double now_s) {
        if (batch.rows_s < 0) return;
        push(std::max(now_s, batch.rows_s) + work_.merge_s, j, What::Back);
        ++batch.slice;
        batch.rows_s = -1;
        batch.attended = false;
    }

    const PoolWork& work_;
    const PoolLinks& links_;
    const PoolPlan& plan_;
    std::vector<Batch> batches_;
    std::vector<Replica> replicas_;
    Unit memory_, memory_in_, memory_out_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    int left_ = plan_.batches;  ///< batches that have not done enough steps
};

}  // namespace

PoolTimes schedule_pools(const PoolWork& work, const PoolLinks& links, const PoolPlan& plan) {
    SUPERLANE_CHECK(plan.replicas >= 1 && plan.batches >= 1 && work.late_s.size() + 1 == work.slice_s.size(),
                    plan.replicas, plan.batches, work.slice_s.size());
    const double replicas_s =
        plan.batches * std::accumulate(work.slice_s.begin(), work.slice_s.end(), 0.0) / plan.replicas;
    const double memory_s = plan.batches * double(work.late_s.size()) * (work.attention_s + work.merge_s);
    // Batches still shift against each other in the first steps, by parts of a thousand: no step of a long run can be
    // shorter than what either pool works in it.
    const double step_s = std::max({Schedule(work, links, plan).run(), replicas_s, memory_s});
    return {step_s, replicas_s / step_s, memory_s / step_s};
}

}  // namespace superlane::serving
