// SPDX-License-Identifier: Apache-2.0
// The event loop: steps end, a step begins, time goes on to the next event.
#include <cmath>
#include <deque>
#include <limits>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "serving/batcher.hpp"
#include "serving/server.hpp"

namespace superlane::serving {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

class Simulation {
public:
    Simulation(traces::RequestSource& source, const StepTime& time, const ServerOptions& options, const Watch& watch)
        : time_(time), options_(options), watch_(watch), batcher_(source, options) {
        if (!batcher_.waiting().has_next()) throw user_error("there is no request to serve");
        now_s_ = result_.begin_s = batcher_.waiting().next_arrival_s();
    }

    ServingResult run() {
        do {
            check_interrupt();
            while (!flights_.empty() && flights_.front().end_s <= now_s_) end_step();
            while (broken() && flights_.empty()) repair();
            if (can_begin()) begin_step();
        } while (advance());
        SUPERLANE_CHECK(batcher_.idle(), "requests left over");
        check_conservation();
        result_.digest = digest_.hex();
        return std::move(result_);
    }

private:
    struct Flight {
        double end_s = 0;
        std::vector<Work> work;
    };

    bool can_begin() const {
        return int(flights_.size()) < options_.pipeline_steps && now_s_ >= entrance_s_ && !broken();
    }

    bool broken() const { return faults_ < options_.faults.size() && options_.faults[faults_].at_s <= now_s_; }

    void repair() {
        const Fault& fault = options_.faults[faults_++];
        if (fault.loses_kv) batcher_.lose_kv();
        entrance_s_ = std::max(entrance_s_, now_s_) + fault.repair_s;
    }

    void begin_step() {
        if (spare_.empty()) spare_.emplace_back();
        std::vector<Work>& work = spare_.back();
        const StepShape shape = batcher_.form(now_s_, work);
        if (work.empty()) return;
        const StepCost cost = time_.cost(shape);
        SUPERLANE_CHECK(cost.latency_s > 0 && cost.interval_s > 0 && cost.interval_s <= cost.latency_s * (1 + 1e-9),
                        cost.latency_s, cost.interval_s);
        last_end_s_ = std::max(last_end_s_, now_s_ + cost.latency_s);  // steps leave a pipeline in order
        entrance_s_ = now_s_ + cost.interval_s;
        flights_.push_back({last_end_s_, std::move(work)});
        spare_.pop_back();
        ++result_.steps;
        result_.computed_tokens += shape.new_tokens();
        result_.joules += cost.joules;
        if (watch_.step) watch_.step(record(shape));
    }

    StepRecord record(const StepShape& shape) const {
        const KvPages& kv = batcher_.kv();
        return {now_s_, last_end_s_, shape, batcher_.owned_pages(), kv.shared(), kv.free()};
    }

    void end_step() {
        Flight& flight = flights_.front();
        batcher_.end(flight.work, now_s_, [&](const Active& done) { finish(done); });
        flight.work.clear();
        spare_.push_back(std::move(flight.work));
        flights_.pop_front();
    }

    void finish(const Active& done) {
        const RequestRecord& r = done.record;
        ++result_.requests;
        result_.prompt_tokens += r.prompt_tokens;
        result_.output_tokens += done.generated();
        result_.end_s = now_s_;
        result_.queue_s.add(r.admitted_s - r.arrival_s);
        result_.ttft_s.add(r.ttft_s());
        result_.e2e_s.add(r.e2e_s());
        if (r.output_tokens > 1) result_.tpot_s.add(r.tpot_s());
        const bool quick = options_.slo_ttft_s <= 0 || r.ttft_s() <= options_.slo_ttft_s;
        result_.slo_met += quick && r.tpot_s() * options_.slo_tokens_per_s <= 1;
        const double times[] = {double(r.line), r.arrival_s, r.first_token_s, r.last_token_s};
        digest_.bytes(times, sizeof times);
        if (watch_.request) watch_.request(r);
    }

    double next_event_s() const {
        double next_s = flights_.empty() ? never : flights_.front().end_s;
        if (int(flights_.size()) == options_.pipeline_steps || broken()) return next_s;
        if (entrance_s_ > now_s_) return std::min(next_s, entrance_s_);
        const Waiting& waiting = batcher_.waiting();
        if (waiting.has_next() && waiting.next_arrival_s() > now_s_)
            next_s = std::min(next_s, waiting.next_arrival_s());
        return next_s;
    }

    /// False when nothing more will happen.
    bool advance() {
        if (flights_.empty() && batcher_.idle()) return false;
        const double next_s = next_event_s();
        SUPERLANE_CHECK(next_s < never && next_s >= now_s_, "no next event after", now_s_);
        result_.timeline.add(now_s_, next_s, batcher_.kv().used(), batcher_.served());
        if (!flights_.empty()) result_.busy_s += next_s - now_s_;
        now_s_ = next_s;
        return true;
    }

    /// What came in went out, in every run.
    void check_conservation() {
        const KvPages& kv = batcher_.kv();
        result_.preemptions = batcher_.preemptions();
        result_.reused_tokens = batcher_.reused_tokens();
        result_.dropped_tokens = batcher_.dropped_tokens();
        SUPERLANE_CHECK(kv.used() == 0 && kv.free() + kv.cached() == kv.total(), kv.used(), kv.free(), kv.cached());
        // Every token but a request's last gets into the KV cache: computed, or found there.
        SUPERLANE_CHECK(result_.computed_tokens + result_.reused_tokens ==
                            result_.prompt_tokens + result_.output_tokens - result_.requests + result_.dropped_tokens,
                        result_.computed_tokens, result_.reused_tokens, result_.dropped_tokens);
        SUPERLANE_CHECK(result_.busy_s <= result_.elapsed_s() * (1 + 1e-9), result_.busy_s, result_.elapsed_s());
    }

    const StepTime& time_;
    const ServerOptions& options_;
    const Watch& watch_;
    Batcher batcher_;
    std::deque<Flight> flights_;
    std::vector<std::vector<Work>> spare_;
    double now_s_ = 0, entrance_s_ = 0, last_end_s_ = 0;
    size_t faults_ = 0;  ///< repaired
    ServingResult result_;
    Digest digest_;
};

}  // namespace

ServingResult serve(traces::RequestSource& source, const StepTime& time, const ServerOptions& options,
                    const Watch& watch) {
    return Simulation(source, time, options, watch).run();
}

}  // namespace superlane::serving
