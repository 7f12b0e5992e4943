// SPDX-License-Identifier: Apache-2.0
// What is taken when: queues, banks and stream registers, as bits by cycle. Of a very long schedule only the last part
// is kept; what lies before it counts as taken.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "compiler/problem.hpp"

namespace superlane::compiler {

class Occupancy {
public:
    explicit Occupancy(const Problem& problem);
    /// Whether the task can start at this cycle.
    bool fits(const Task& task, int64_t start) const;
    void take(const Task& task, int64_t start);
    /// All before this cycle counts as taken.
    int64_t forgotten() const { return forgotten_; }

private:
    static constexpr int64_t kept_cycles = int64_t(1) << 20;

    /// A growing set of cycles.
    class Cycles {
    public:
        bool any(int64_t first, int64_t count) const;
        bool test(int64_t cycle) const { return any(cycle, 1); }
        void set(int64_t first, int64_t count);
        void forget(int64_t before);

    private:
        int64_t first_word_ = 0;
        std::vector<uint64_t> words_;
    };
    using Positions = unsigned __int128;  ///< one bit a position of the stream line
    /// Taken positions of one stream by diagonal, in pages: most streams rest most of the time.
    class Diagonals {
    public:
        Positions at(size_t diagonal) const {
            const size_t page = diagonal / page_size;
            if (page < forgotten_) return ~Positions(0);
            return page < pages_.size() && pages_[page] ? (*pages_[page])[diagonal % page_size] : 0;
        }
        void add(size_t diagonal, Positions positions) {
            const size_t page = diagonal / page_size;
            if (page >= pages_.size()) pages_.resize(page + 1);
            if (!pages_[page]) pages_[page] = std::make_unique<Page>();
            (*pages_[page])[diagonal % page_size] |= positions;
        }

        void forget(size_t before) {
            const size_t end = std::min(before / page_size, pages_.size());
            for (; forgotten_ < end; ++forgotten_) pages_[forgotten_].reset();
        }

    private:
        static constexpr size_t page_size = 256;
        using Page = std::array<Positions, page_size>;
        std::vector<std::unique_ptr<Page>> pages_;
        size_t forgotten_ = 0;  ///< pages
    };

    Positions mask(const Flow& flow) const;
    size_t stream(const Flow& flow) const {
        return size_t(flow.direction) * size_t(stream_count_) + size_t(flow.stream);
    }
    bool fits_bank(const BankUse& use, int64_t start) const;
    template <class Visit>
    void for_each_bank(const BankUse& use, int element, Visit visit) const;
    void forget(int64_t before);

    const Problem& problem_;
    int stream_count_, banks_, words_per_bank_, turnaround_, diagonal_offset_, west_end_;
    std::vector<Cycles> queues_, reads_, writes_;
    int64_t forgotten_ = 0;
    std::vector<Diagonals> streams_;  ///< by direction and stream, then diagonal
};

/// Cycles of its queue that a burst takes: those before it for loop registers, and the whole of a Repeat.
struct QueueSpan {
    int at, length;
};
QueueSpan queue_span(const Issue& issue);
/// Records of instruction text that it takes at most, with the NOP before it.
int text_records(const Issue& issue);

}  // namespace superlane::compiler
