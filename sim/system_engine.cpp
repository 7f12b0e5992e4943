// SPDX-License-Identifier: Apache-2.0
// The SystemC shell of a system: one process for all windows, or one a slice of every chip.
#include "sim/system_engine.hpp"

#include <set>
#include <utility>

#include "base/interrupt.hpp"
#include "sim/context.hpp"
#include "sim/pool.hpp"

namespace superlane::sim {
namespace {

class WindowModule : public sc_core::sc_module {
public:
    SC_HAS_PROCESS(WindowModule);
    WindowModule(const sc_core::sc_module_name& name, SystemRun& run, Pool& pool, Failure& failure)
        : sc_module(name), run_(run), pool_(pool), failure_(failure) {
        SC_METHOD(step);
    }

private:
    /// At the begin of each window; the first time at cycle 0, whenever the first program begins.
    void step() {
        const bool more = failure_.guard([&] {
            check_interrupt();
            if (started_) {
                pool_.each(run_.busy().size(), [&](size_t item) { run_.advance(run_.busy()[item]); });
                if (!run_.end_window()) return false;
            }
            started_ = true;
            return run_.next_window();
        });
        if (more) next_trigger(cycles(double(run_.begin())) - sc_core::sc_time_stamp());
    }

    SystemRun& run_;
    Pool& pool_;
    Failure& failure_;
    bool started_ = false;
};

sc_core::sc_time picoseconds(int64_t time) { return {double(time), sc_core::SC_PS}; }
int64_t now_picoseconds() { return int64_t(sc_core::sc_time_stamp() / picoseconds(1)); }

class ChipSliceModule : public sc_core::sc_module {
public:
    SC_HAS_PROCESS(ChipSliceModule);
    ChipSliceModule(const sc_core::sc_module_name& name, LaunchRun* const& running, int slice, Failure& failure)
        : sc_module(name), running_(running), slice_(slice), failure_(failure) {
        SC_METHOD(step);
    }
    /// A program begins.
    void wake() {
        cycle_ = running_->core->first_cycle(slice_);
        if (cycle_ >= 0) begin_.notify(until_due());
    }

private:
    void step() {
        const bool initial = !std::exchange(started_, true);
        if (initial || !running_ || cycle_ < 0) return next_trigger(begin_);
        if (failure_.guard([&] { return (cycle_ = running_->core->advance_slice(slice_, cycle_)) >= 0; }))
            return next_trigger(until_due());
        cycle_ = -1;
        next_trigger(begin_);
    }
    sc_core::sc_time until_due() const {
        return picoseconds(running_->wiring.clock.picoseconds(cycle_) - now_picoseconds());
    }

    LaunchRun* const& running_;  ///< the chip's program at the moment
    int slice_;
    Failure& failure_;
    int64_t cycle_ = -1;  ///< of the program, when the slice acts next
    bool started_ = false;
    sc_core::sc_event begin_;
};

struct ChipModules {
    LaunchRun* running = nullptr;
    std::vector<std::unique_ptr<ChipSliceModule>> slices;
};

/// A moment before programs begin and windows end, when the slices have acted on all cycles before.
class Conductor : public sc_core::sc_module {
public:
    SC_HAS_PROCESS(Conductor);
    Conductor(const sc_core::sc_module_name& name, SystemRun& run, std::vector<ChipModules>& chips, Failure& failure)
        : sc_module(name), run_(run), chips_(chips), failure_(failure) {
        SC_METHOD(step);
    }

private:
    void step() {
        if (failure_.guard([&] { return conduct(); }))
            return next_trigger(picoseconds(std::max<int64_t>(next_ * Clock::per_cycle - 1 - now_picoseconds(), 0)));
        for (ChipModules& chip : chips_) chip.running = nullptr;
    }

    bool conduct() {
        check_interrupt();
        if (next_ == run_.end()) {
            if (next_ > 0 && !run_.end_window()) return false;
            for (ChipModules& chip : chips_)
                if (chip.running && !chip.running->core) chip.running = nullptr;
            if (!run_.next_window()) return false;
        }
        int64_t next = run_.end();
        for (const int chip : run_.active()) {
            LaunchRun* launch = run_.turn(chip, next_);
            show(chip, launch);
            next = std::min(next, run_.next_turn(chip));
        }
        next_ = next;
        return true;
    }

    void show(int number, LaunchRun* launch) {
        ChipModules& chip = chips_[size_t(number)];
        if (chip.running == launch) return;
        chip.running = launch;
        if (launch)
            for (auto& slice : chip.slices) slice->wake();
    }

    SystemRun& run_;
    std::vector<ChipModules>& chips_;
    Failure& failure_;
    int64_t next_ = 0;  ///< cycle that this was called for
};

}  // namespace

void run_system_fast(SystemRun& run, int threads) {
    Failure failure;
    {
        Context context;
        Pool pool(threads);
        WindowModule windows("windows", run, pool, failure);
        sc_core::sc_start();
    }
    if (failure.exception) std::rethrow_exception(failure.exception);
}

void run_system_kernel(SystemRun& run, int slices) {
    Failure failure;
    {
        Context context;
        std::set<int> numbers;
        for (const LaunchRun& launch : run.launches()) numbers.insert(launch.launch->chip);
        std::vector<ChipModules> chips(numbers.empty() ? 0 : size_t(*numbers.rbegin()) + 1);
        for (const int number : numbers)
            for (int slice = 0; slice < slices; ++slice) {
                const std::string name = "chip" + std::to_string(number) + "_slice" + std::to_string(slice);
                chips[size_t(number)].slices.push_back(
                    std::make_unique<ChipSliceModule>(name.c_str(), chips[size_t(number)].running, slice, failure));
            }
        Conductor conductor("conductor", run, chips, failure);
        sc_core::sc_start();
    }
    if (failure.exception) std::rethrow_exception(failure.exception);
}

}  // namespace superlane::sim
