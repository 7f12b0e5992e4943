// SPDX-License-Identifier: Apache-2.0
// From instruction text to dispatch cycles: what the ICU does with NOP, Repeat, Sync/Notify and loop registers.
#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "isa/program.hpp"

namespace superlane::isa {
namespace {

struct LoopRegisters {
    uint32_t iterations = 1;
    uint32_t countdown = 1;
    int32_t step = 1;
    bool set = false;
};

/// Walks one queue's text up to its next Sync, or to the end.
class QueueWalk {
public:
    QueueWalk(const Program& program, const QueueMap& queues, const Timing& timing, int queue)
        : program_(program), queues_(queues), timing_(timing), queue_(queue), text_(program.text[size_t(queue)]) {}

    /// Appends bursts until parked or done; collects the cycles of Notify.
    void run(std::vector<Burst>& bursts, std::vector<int64_t>& notifies) {
        while (position_ < text_.size() && !parked_) dispatch(bursts, notifies);
    }
    bool parked() const { return parked_; }
    void release(int64_t cycle) {
        parked_ = false;
        clock_ = std::max(clock_, cycle);
    }
    [[noreturn]] void fail(const char* what) const {
        const auto& lines = program_.lines;
        const size_t queue = size_t(queue_), at = position_ - parked_;  // a parked queue stands behind its Sync
        std::string where = "instruction " + std::to_string(at);
        if (queue < lines.size() && at < lines[queue].size()) where = "line " + std::to_string(lines[queue][at]);
        throw user_error("queue ", queues_.name(queue_), ", ", where, ": ", what);
    }

private:
    void dispatch(std::vector<Burst>& bursts, std::vector<int64_t>& notifies) {
        const Instruction& instruction = text_[position_];
        switch (instruction.opcode) {
            case Opcode::Nop:
                clock_ += instruction.index;
                break;
            case Opcode::Countdown:
                set_loop(loop_.countdown, instruction.index);
                break;
            case Opcode::Iterations:
                set_loop(loop_.iterations, instruction.index);
                break;
            case Opcode::Step:
                loop_.step = int16_t(instruction.index);
                loop_.set = true;
                ++clock_;
                break;
            case Opcode::Sync:
                parked_ = true;
                break;
            case Opcode::Repeat:
                repeat(bursts, instruction);
                break;
            default:
                issue(bursts, notifies, instruction);
        }
        ++position_;
    }

    void set_loop(uint32_t& value, uint16_t to) {
        if (to == 0) fail("a loop register must be at least 1");
        value = to;
        loop_.set = true;
        ++clock_;
    }

    void issue(std::vector<Burst>& bursts, std::vector<int64_t>& notifies, const Instruction& instruction) {
        Burst burst{clock_, 1, 1, 0, uint32_t(position_), instruction};
        const Unit unit = row_of(instruction.opcode).unit;
        if (unit == Unit::Mem) {
            burst.count = loop_.iterations;
            burst.interval = loop_.countdown;
            burst.step = loop_.step;
        } else if (loop_.set) {
            fail("loop registers are set, but the next instruction is no memory access");
        }
        if (unit == Unit::Dram) read_dram(burst);
        repeatable_ = burst.count == 1 && unit != Unit::Dram;
        loop_ = LoopRegisters();
        if (instruction.opcode == Opcode::Notify) notifies.push_back(clock_);
        bursts.push_back(burst);
        if (instruction.opcode == Opcode::Deskew || instruction.opcode == Opcode::RuntimeDeskew)
            return align(instruction);
        ++clock_;
    }

    /// The channel counts by itself; its queue is free again in the next cycle.
    void read_dram(Burst& burst) const {
        if (burst.instruction.index == 0) fail("a DRAM read must be of at least 1 vector");
        burst.count = burst.instruction.index;
        burst.interval = uint32_t(timing_.dram_vector_interval);
        burst.step = 1;
    }

    void align(const Instruction& instruction) {
        if (instruction.opcode == Opcode::RuntimeDeskew && instruction.index == 0)
            fail("runtime_deskew needs at least 1 cycle");
        repeatable_ = false;
        clock_ = resume_cycle(instruction, clock_, timing_);
    }

    void repeat(std::vector<Burst>& bursts, const Instruction& instruction) {
        const int interval = repeat_interval(instruction.imm);
        if (!repeatable_ || bursts.empty() || bursts.back().position + 1 != position_)
            fail("repeat needs a single instruction before it");
        if (interval == 0) fail("repeat needs an interval of at least 1 cycle");
        Burst& burst = bursts.back();
        burst.count = uint32_t(instruction.index) + 1;
        burst.interval = uint32_t(interval);
        burst.step = repeat_step(instruction.imm);
        clock_ = burst.last_cycle() + 1;
        repeatable_ = false;
    }

    const Program& program_;
    const QueueMap& queues_;
    const Timing& timing_;
    int queue_;
    const std::vector<Instruction>& text_;
    size_t position_ = 0;
    int64_t clock_ = 0;
    LoopRegisters loop_;
    bool parked_ = false;
    bool repeatable_ = false;
};

}  // namespace

int64_t resume_cycle(const Instruction& instruction, int64_t cycle, const Timing& timing) {
    if (instruction.opcode == Opcode::RuntimeDeskew) return cycle + instruction.index;
    return (cycle / timing.c2c_hac_period + 1) * timing.c2c_hac_period;
}

std::vector<std::vector<Burst>> expand(const Program& program, const Timing& timing) {
    const QueueMap queues(program.geometry);
    SUPERLANE_CHECK(program.text.size() == size_t(queues.size()), program.text.size());
    std::vector<std::vector<Burst>> bursts(program.text.size());
    std::vector<QueueWalk> walks;
    for (int queue = 0; queue < queues.size(); ++queue) walks.emplace_back(program, queues, timing, queue);

    std::vector<int64_t> notifies;
    for (size_t barrier = 0;; ++barrier) {
        for (int queue = 0; queue < queues.size(); ++queue) walks[size_t(queue)].run(bursts[size_t(queue)], notifies);
        const auto parked =
            std::find_if(walks.begin(), walks.end(), [](const QueueWalk& walk) { return walk.parked(); });
        if (parked == walks.end()) return bursts;
        if (notifies.size() <= barrier) parked->fail("sync without a notify in any other queue");
        std::nth_element(notifies.begin(), notifies.begin() + std::ptrdiff_t(barrier), notifies.end());
        for (QueueWalk& walk : walks)
            if (walk.parked()) walk.release(notifies[barrier] + timing.icu_barrier);
    }
}

}  // namespace superlane::isa
