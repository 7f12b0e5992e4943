// SPDX-License-Identifier: Apache-2.0
// Threads that share the items of one round after another; what an item does may not depend on who does it.
#pragma once
#include <atomic>
#include <barrier>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace superlane::sim {

class Pool {
public:
    /// `threads` in all, the caller's included.
    explicit Pool(int threads) : begin_(threads), end_(threads) {
        for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
    }
    ~Pool() {
        done_ = true;
        if (!workers_.empty()) begin_.arrive_and_wait();
    }
    Pool(const Pool&) = delete;

    /// act(item) for every item below `items`. Of several exceptions the lowest item's comes out.
    void each(size_t items, const std::function<void(size_t)>& act) {
        if (workers_.empty() || items < 2) {
            for (size_t item = 0; item < items; ++item) act(item);
            return;
        }
        act_ = &act;
        items_ = items;
        next_ = 0;
        begin_.arrive_and_wait();
        take_items();
        end_.arrive_and_wait();
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }

private:
    void work() {
        for (;;) {
            begin_.arrive_and_wait();
            if (done_) return;
            take_items();
            end_.arrive_and_wait();
        }
    }
    void take_items() {
        for (size_t item; (item = next_.fetch_add(1)) < items_;) {
            try {
                (*act_)(item);
            } catch (...) {
                const std::lock_guard lock(failing_);
                if (!failure_ || item < failed_item_) failure_ = std::current_exception(), failed_item_ = item;
            }
        }
    }

    std::barrier<> begin_, end_;
    const std::function<void(size_t)>* act_ = nullptr;
    size_t items_ = 0;
    std::atomic<size_t> next_ = 0;
    bool done_ = false;
    std::mutex failing_;
    std::exception_ptr failure_;
    size_t failed_item_ = 0;
    std::vector<std::jthread> workers_;  // last: joined before what they use goes
};

}  // namespace superlane::sim
