// SPDX-License-Identifier: Apache-2.0
// Bit sets of taken cycles; streams by diagonal, so that a moving value is one entry.
#include "compiler/occupancy.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::compiler {

QueueSpan queue_span(const Issue& issue) {
    const bool access = isa::row_of(issue.instruction.opcode).unit == isa::Unit::Mem;
    if (!access) return {issue.at, (issue.count - 1) * issue.interval + 1};
    const int registers = issue.count == 1 ? 0 : 1 + (issue.step != 1) + (issue.interval != 1);
    return {issue.at - registers, registers + 1};
}

int text_records(const Issue& issue) {
    const QueueSpan span = queue_span(issue);
    const bool repeats = issue.count > 1 && isa::row_of(issue.instruction.opcode).unit != isa::Unit::Mem;
    return 2 + int(repeats) + issue.at - span.at;
}

bool Occupancy::Cycles::any(int64_t first, int64_t count) const {
    while (count > 0) {
        const int64_t word = (first >> 6) - first_word_;
        if (word < 0) return true;
        if (word >= int64_t(words_.size())) return false;
        const int bit = int(first & 63);
        const int64_t here = std::min<int64_t>(64 - bit, count);
        const uint64_t mask = (here == 64 ? ~0ull : ((1ull << here) - 1)) << bit;
        if (words_[size_t(word)] & mask) return true;
        first += here;
        count -= here;
    }
    return false;
}

void Occupancy::Cycles::set(int64_t first, int64_t count) {
    const size_t needed = size_t(((first + count) >> 6) - first_word_) + 1;
    if (words_.size() < needed) words_.resize(std::max(needed, words_.size() * 2));
    for (int64_t cycle = first; cycle < first + count; ++cycle)
        words_[size_t((cycle >> 6) - first_word_)] |= 1ull << (cycle & 63);
}

void Occupancy::Cycles::forget(int64_t before) {
    const int64_t words = std::min((before >> 6) - first_word_, int64_t(words_.size()));
    words_.erase(words_.begin(), words_.begin() + std::ptrdiff_t(words));
    first_word_ = before >> 6;
}

Occupancy::Occupancy(const Problem& problem)
    : problem_(problem),
      stream_count_(problem.chip().geometry.streams),
      banks_(problem.chip().geometry.banks),
      words_per_bank_(problem.chip().geometry.words_per_bank()),
      turnaround_(problem.chip().timing.mem_turnaround),
      west_end_(problem.plan().west_end()) {
    const isa::Floorplan& plan = problem.plan();
    diagonal_offset_ = std::max(plan.east_end(), -plan.west_end()) + 1;  // diagonals of cycle 0 reach this far below 0
    SUPERLANE_CHECK(plan.east_end() - plan.west_end() < 128, "stream line longer than the position mask");
    // ALU outputs and links behind the queues.
    queues_.resize(size_t(problem.queues().size() + problem.chip().geometry.alus + problem.chip().geometry.links));
    reads_.resize(size_t(2 * problem.chip().geometry.mem_slices * banks_));
    writes_.resize(reads_.size());
    streams_.resize(size_t(2 * stream_count_));
}

Occupancy::Positions Occupancy::mask(const Flow& flow) const {
    const int length = flow.last - flow.first + 1;
    return ((Positions(1) << length) - 1) << (flow.first - west_end_);
}

template <class Visit>
void Occupancy::for_each_bank(const BankUse& use, int element, Visit visit) const {
    const int own = (use.address + element * use.step) / words_per_bank_;
    for (int bank = 0; bank < banks_; ++bank)
        if (use.all_banks || bank == own) visit(size_t(use.slice * banks_ + bank));
}

bool Occupancy::fits_bank(const BankUse& use, int64_t start) const {
    for (int i = 0; i < use.count; ++i) {
        const int64_t cycle = start + use.at + int64_t(i) * use.interval;
        const size_t first = size_t(use.slice * banks_);
        const std::vector<Cycles>& port = use.write ? writes_ : reads_;
        for (int bank = 0; bank < banks_; ++bank)
            if (port[first + size_t(bank)].test(cycle)) return false;  // one port for all banks of a slice
        bool free = true;
        for_each_bank(use, i, [&](size_t bank) {
            if (use.write)
                free = free && !reads_[bank].any(cycle, turnaround_);
            else
                free = free && !writes_[bank].any(std::max<int64_t>(0, cycle - turnaround_ + 1),
                                                  std::min<int64_t>(turnaround_, cycle + 1));
        });
        if (!free) return false;
    }
    return true;
}

bool Occupancy::fits(const Task& task, int64_t start) const {
    for (const Issue& issue : task.issues) {
        const QueueSpan span = queue_span(issue);
        if (start + span.at < 0 || queues_[size_t(issue.queue)].any(start + span.at, span.length)) return false;
    }
    for (const Hold& hold : task.holds)
        if (queues_[size_t(hold.queue)].any(start + hold.at, hold.length)) return false;
    for (const Flow& flow : task.flows) {
        const Diagonals& taken = streams_[stream(flow)];
        const Positions wanted = mask(flow);
        for (int i = 0; i < flow.count; ++i) {
            const size_t diagonal = size_t(start + flow.diagonal + int64_t(i) * flow.interval + diagonal_offset_);
            if (taken.at(diagonal) & wanted) return false;
        }
    }
    return std::all_of(task.banks.begin(), task.banks.end(), [&](const BankUse& use) { return fits_bank(use, start); });
}

void Occupancy::forget(int64_t before) {
    for (std::vector<Cycles>* all : {&queues_, &reads_, &writes_})
        for (Cycles& cycles : *all) cycles.forget(before);
    for (Diagonals& stream : streams_) stream.forget(size_t(before));
    forgotten_ = before;
}

void Occupancy::take(const Task& task, int64_t start) {
    if (start > forgotten_ + 2 * kept_cycles) forget(start - kept_cycles);
    for (const Issue& issue : task.issues) {
        const QueueSpan span = queue_span(issue);
        queues_[size_t(issue.queue)].set(start + span.at, span.length);
    }
    for (const Hold& hold : task.holds) queues_[size_t(hold.queue)].set(start + hold.at, hold.length);
    for (const Flow& flow : task.flows) {
        Diagonals& taken = streams_[stream(flow)];
        const Positions positions = mask(flow);
        for (int i = 0; i < flow.count; ++i) {
            const size_t diagonal = size_t(start + flow.diagonal + int64_t(i) * flow.interval + diagonal_offset_);
            taken.add(diagonal, positions);
        }
    }
    for (const BankUse& use : task.banks)
        for (int i = 0; i < use.count; ++i)
            for_each_bank(use, i, [&](size_t bank) {
                (use.write ? writes_ : reads_)[bank].set(start + use.at + int64_t(i) * use.interval, 1);
            });
}

}  // namespace superlane::compiler
