// SPDX-License-Identifier: Apache-2.0
// Counts pages: every page is free, owned by one request, or part of one shared block.
#include "serving/kv_pages.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::serving {

KvPages::KvPages(int64_t pages, int page_tokens, int block_tokens)
    : total_(pages),
      free_(pages),
      page_tokens_(page_tokens),
      block_tokens_(block_tokens),
      block_pages_(block_tokens / page_tokens) {
    SUPERLANE_CHECK(block_tokens % page_tokens == 0, block_tokens, page_tokens);
}

bool KvPages::take(int64_t pages) {
    if (free_ + cached() < pages) return false;
    for (; free_ < pages; free_ += block_pages_) {
        shared_.erase(unused_.front());
        unused_.pop_front();
    }
    free_ -= pages;
    return true;
}

void KvPages::use(Block& block) {
    if (block.users++ == 0) unused_.erase(block.place);
}

void KvPages::leave(uint64_t id) {
    Block& block = shared_.at(id);
    if (--block.users == 0) block.place = unused_.insert(unused_.end(), id);
}

bool KvPages::admit(Holding& holding, std::span<const uint64_t> blocks, int64_t tokens) {
    while (holding.blocks < int64_t(blocks.size()) && (holding.blocks + 1) * block_tokens_ < tokens) {
        const auto found = shared_.find(blocks[size_t(holding.blocks)]);
        if (found == shared_.end()) break;
        use(found->second);
        ++holding.blocks;
    }
    if (grow(holding, tokens)) return true;
    release(holding, blocks);
    return false;
}

bool KvPages::grow(Holding& holding, int64_t tokens) {
    const int64_t more = pages_for(tokens) - holding.blocks * block_pages_ - holding.pages;
    if (more <= 0) return true;
    if (!take(more)) return false;
    holding.pages += more;
    return true;
}

void KvPages::share(Holding& holding, std::span<const uint64_t> blocks, int64_t computed_tokens) {
    while (holding.blocks < int64_t(blocks.size()) && (holding.blocks + 1) * block_tokens_ <= computed_tokens) {
        const auto [found, is_new] = shared_.try_emplace(blocks[size_t(holding.blocks)]);
        if (is_new)
            found->second.users = 1;
        else {
            use(found->second);
            free_ += block_pages_;
        }
        holding.pages -= block_pages_;
        ++holding.blocks;
    }
}

void KvPages::release(Holding& holding, std::span<const uint64_t> blocks) {
    while (holding.blocks > 0) leave(blocks[size_t(--holding.blocks)]);
    free_ += holding.pages;
    holding = {};
}

void KvPages::forget() {
    free_ += cached();
    for (const uint64_t id : unused_) shared_.erase(id);
    unused_.clear();
}

}  // namespace superlane::serving
