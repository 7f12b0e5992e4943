// SPDX-License-Identifier: Apache-2.0
// First in, first out, in a ring, so that nothing moves: what a unit did lately, vectors on their way. Unlike a deque
// it takes no memory while it is empty, and most links and slices of most chips are.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace superlane::sim {

template <class Item>
class Fifo {
public:
    size_t size() const { return end_ - begin_; }
    bool empty() const { return end_ == begin_; }
    Item& front() { return ring_[begin_ & mask_]; }
    void pop_front() { ++begin_; }
    void push_back(Item item) { add() = std::move(item); }
    const Item& operator[](size_t i) const { return ring_[(begin_ + i) & mask_]; }
    /// The place of a new item, to be filled there: what is written in parts and copied at once makes the copy wait.
    Item& add() {
        if (size() == ring_.size()) grow();
        return ring_[end_++ & mask_];
    }
    /// Forgets from the oldest on, up to the first for which over() is false: what is over but behind it stays a while.
    template <class Over>
    void forget(Over&& over) {
        while (begin_ != end_ && over(ring_[begin_ & mask_])) ++begin_;
    }
    /// Calls see(item) for all, the latest first, until it says true; whether it did.
    template <class See>
    bool any(See&& see) const {
        for (uint32_t i = end_; i != begin_;)
            if (see(ring_[--i & mask_])) return true;
        return false;
    }

private:
    void grow() {
        std::vector<Item> larger(ring_.empty() ? 4 : 2 * ring_.size());
        const uint32_t count = uint32_t(size());
        for (uint32_t i = 0; i < count; ++i) larger[i] = std::move(ring_[(begin_ + i) & mask_]);
        ring_ = std::move(larger);
        mask_ = uint32_t(ring_.size()) - 1;
        begin_ = 0;
        end_ = count;
    }

    std::vector<Item> ring_;                   ///< a power of two
    uint32_t mask_ = 0, begin_ = 0, end_ = 0;  ///< counts, modulo the ring's size
};

}  // namespace superlane::sim
