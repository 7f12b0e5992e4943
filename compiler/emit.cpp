// SPDX-License-Identifier: Apache-2.0
// From a schedule to instruction text: order by cycle, join bursts, fill the gaps with NOP.
#include "compiler/emit.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "compiler/occupancy.hpp"

namespace superlane::compiler {
namespace {

constexpr int max_count = 65535;  // a 16-bit field

bool is_access(const isa::Instruction& instruction) { return isa::row_of(instruction.opcode).unit == isa::Unit::Mem; }

struct Entry {
    int64_t cycle;
    Issue issue;
};

/// Whether `next` goes on exactly where `burst` ends; if so burst takes it in.
bool join(Entry& burst, const Entry& next) {
    Issue& a = burst.issue;
    const Issue& b = next.issue;
    isa::Instruction same = b.instruction;
    same.index = a.instruction.index;
    if (same != a.instruction || a.count + b.count > max_count) return false;
    const bool access = is_access(a.instruction);
    if (access && a.count == 1) return false;  // no slots before it are free for loop registers
    const int64_t gap = next.cycle - (burst.cycle + int64_t(a.count - 1) * a.interval);
    const int move = int(b.instruction.index) - (int(a.instruction.index) + (a.count - 1) * a.step);
    if (a.count == 1) {
        if (gap < 1 || gap > max_count || move < INT16_MIN || move > INT16_MAX) return false;
        if (gap > 1) return false;  // a Repeat would hold the queue in between, where another task may stand
        if (b.count > 1 && (b.interval != gap || b.step != move)) return false;
        a.interval = int(gap);
        a.step = move;
    } else if (gap != a.interval || move != a.step || (b.count > 1 && (b.interval != a.interval || b.step != a.step))) {
        return false;
    }
    a.count += b.count;
    return true;
}

bool done_by(const Task& task, int rank) { return ((task.ranks >> rank) & 1) != 0; }

class QueueText {
public:
    void add(const Entry& entry) {
        const Issue& issue = entry.issue;
        const QueueSpan span = queue_span(issue);
        wait(entry.cycle - issue.at + span.at);
        const bool access = is_access(issue.instruction);
        if (access && issue.count > 1) {
            if (issue.interval != 1) add_register(isa::Opcode::Countdown, issue.interval);
            if (issue.step != 1) add_register(isa::Opcode::Step, issue.step);
            add_register(isa::Opcode::Iterations, issue.count);
        }
        SUPERLANE_CHECK(clock_ == entry.cycle, clock_, entry.cycle);
        text_.push_back(issue.instruction);
        ++clock_;
        if (access || issue.count == 1) return;
        isa::Instruction repeat{isa::Opcode::Repeat};
        repeat.index = uint16_t(issue.count - 1);
        repeat.imm = isa::repeat_imm(issue.interval, issue.step);
        text_.push_back(repeat);
        clock_ += int64_t(issue.count - 1) * issue.interval;
    }
    std::vector<isa::Instruction> finish() { return std::move(text_); }

private:
    void wait(int64_t until) {
        SUPERLANE_CHECK(until >= clock_, "two instructions in one queue slot", until, clock_);
        while (clock_ < until) {
            isa::Instruction nop{isa::Opcode::Nop};
            nop.index = uint16_t(std::min<int64_t>(until - clock_, max_count));
            clock_ += nop.index;
            text_.push_back(nop);
        }
    }
    void add_register(isa::Opcode opcode, int value) {
        isa::Instruction instruction{opcode};
        instruction.index = uint16_t(value);
        text_.push_back(instruction);
        ++clock_;
    }

    std::vector<isa::Instruction> text_;
    int64_t clock_ = 0;
};

}  // namespace

isa::Program emit(const Problem& problem, const Schedule& schedule, int rank) {
    std::vector<std::vector<Entry>> queues(size_t(problem.queues().size()));
    for (size_t i = 0; i < problem.tasks().size(); ++i) {
        if (!done_by(problem.tasks()[i], rank)) continue;
        for (const Issue& issue : problem.tasks()[i].issues)
            queues[size_t(issue.queue)].push_back({schedule.start[i] + issue.at, issue});
    }

    isa::Program program;
    program.chip = problem.chip().name;
    program.chip_digest = problem.chip().digest();
    program.geometry = problem.chip().geometry;
    for (std::vector<Entry>& entries : queues) {
        std::sort(entries.begin(), entries.end(), [](const Entry& x, const Entry& y) { return x.cycle < y.cycle; });
        QueueText text;
        for (size_t i = 0; i < entries.size();) {
            Entry burst = entries[i++];
            while (i < entries.size() && join(burst, entries[i])) ++i;
            text.add(burst);
        }
        program.text.push_back(text.finish());
    }
    return program;
}

int64_t scheduled_cycles(const Problem& problem, const Schedule& schedule, int rank) {
    int64_t cycles = 0;
    for (size_t i = 0; i < problem.tasks().size(); ++i) {
        if (!done_by(problem.tasks()[i], rank)) continue;
        for (const Issue& issue : problem.tasks()[i].issues) {
            const isa::Opcode opcode = issue.instruction.opcode;
            const bool writes = opcode == isa::Opcode::Write || opcode == isa::Opcode::Scatter;
            const int tail = writes ? problem.chip().timing.mem_write : 1;
            cycles = std::max(cycles, schedule.start[i] + issue.at + int64_t(issue.count - 1) * issue.interval + tail);
        }
    }
    return cycles;
}

std::vector<OperationSpan> operation_spans(const Problem& problem, const Schedule& schedule) {
    std::vector<OperationSpan> spans;
    for (const std::string& name : problem.operations()) spans.push_back({name, INT64_MAX, -1});
    for (size_t i = 0; i < problem.tasks().size(); ++i) {
        OperationSpan& span = spans[size_t(problem.tasks()[i].operation)];
        for (const Issue& issue : problem.tasks()[i].issues) {
            span.first = std::min(span.first, schedule.start[i] + issue.at);
            span.last = std::max(span.last, schedule.start[i] + issue.at + int64_t(issue.count - 1) * issue.interval);
        }
    }
    std::erase_if(spans, [](const OperationSpan& span) { return span.last < 0; });
    return spans;
}

}  // namespace superlane::compiler
