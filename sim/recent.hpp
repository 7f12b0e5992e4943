// SPDX-License-Identifier: Apache-2.0
// What a unit did lately, oldest first: added at the back, forgotten at the front, so that neither moves the others.
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

namespace superlane::sim {

template <class Item>
class Recent {
public:
    auto begin() const { return items_.begin() + std::ptrdiff_t(head_); }
    auto end() const { return items_.end(); }
    void push_back(Item item) { items_.push_back(std::move(item)); }
    /// Forgets from the oldest on, up to the first for which over() is false: what is over but behind it stays a while.
    template <class Over>
    void forget(Over&& over) {
        while (head_ < items_.size() && over(items_[head_])) ++head_;
        if (head_ == items_.size()) {
            items_.clear();
            head_ = 0;
        } else if (head_ >= 16 && head_ >= items_.size() / 2) {
            items_.erase(items_.begin(), items_.begin() + std::ptrdiff_t(head_));
            head_ = 0;
        }
    }

private:
    std::vector<Item> items_;
    size_t head_ = 0;
};

}  // namespace superlane::sim
