// SPDX-License-Identifier: Apache-2.0
// What is taken when: queues, banks and stream registers, as bits by cycle.
#pragma once
#include <cstdint>
#include <vector>

#include "compiler/problem.hpp"

namespace superlane::compiler {

class Occupancy {
public:
    explicit Occupancy(const Problem& problem);
    /// Whether the task can start at this cycle.
    bool fits(const Task& task, int64_t start) const;
    void take(const Task& task, int64_t start);

private:
    /// A growing set of cycles.
    class Cycles {
    public:
        bool any(int64_t first, int64_t count) const;
        bool test(int64_t cycle) const { return any(cycle, 1); }
        void set(int64_t first, int64_t count);

    private:
        std::vector<uint64_t> words_;
    };
    using Positions = unsigned __int128;  ///< one bit a position of the stream line

    Positions mask(const Flow& flow) const;
    std::vector<Positions>& stream(const Flow& flow) { return streams_[size_t(flow.direction) * size_t(stream_count_) + size_t(flow.stream)]; }
    const std::vector<Positions>& stream(const Flow& flow) const { return const_cast<Occupancy*>(this)->stream(flow); }
    bool fits_bank(const BankUse& use, int64_t start) const;
    template <class Visit>
    void for_each_bank(const BankUse& use, int element, Visit visit) const;

    const Problem& problem_;
    int stream_count_, banks_, words_per_bank_, turnaround_, diagonal_offset_, west_end_;
    std::vector<Cycles> queues_, reads_, writes_;
    std::vector<std::vector<Positions>> streams_;  ///< by direction and stream, then diagonal
};

/// Cycles of its queue that a burst takes: those before it for loop registers, and the whole of a Repeat.
struct QueueSpan {
    int at, length;
};
QueueSpan queue_span(const Issue& issue);

}  // namespace superlane::compiler
