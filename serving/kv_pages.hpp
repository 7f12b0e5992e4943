// SPDX-License-Identifier: Apache-2.0
// The paged KV cache: pages that requests own, and blocks of prompts that they share and that stay until room is
// needed.
#pragma once
#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>

namespace superlane::serving {

class KvPages {
public:
    /// What one request holds: its first blocks are shared ones, all tokens after them lie in pages of its own.
    struct Holding {
        int64_t blocks = 0, pages = 0;
    };

    /// A block is a whole number of pages; `block_tokens` 0 = nothing is shared.
    KvPages(int64_t pages, int page_tokens, int block_tokens);

    int64_t pages_for(int64_t tokens) const { return (tokens + page_tokens_ - 1) / page_tokens_; }

    /// Room for so many tokens, the first of which may be found in shared blocks; false, and nothing held, without it.
    /// The last token is never one of those found, since its logits are wanted.
    bool admit(Holding& holding, std::span<const uint64_t> blocks, int64_t tokens);
    /// Tokens of the blocks that a request shares.
    int64_t shared_tokens(const Holding& holding) const { return holding.blocks * block_tokens_; }
    /// Room for so many tokens in all.
    bool grow(Holding& holding, int64_t tokens);
    /// The first tokens have been computed: full blocks of them become shared. If another request was first, its block
    /// is taken and ours is given up.
    void share(Holding& holding, std::span<const uint64_t> blocks, int64_t computed_tokens);
    /// Shared blocks stay, the last of a prompt to go first.
    void release(Holding& holding, std::span<const uint64_t> blocks);
    /// Shared blocks that nobody uses are given up.
    void forget();

    int64_t total() const { return total_; }
    int64_t free() const { return free_; }
    int64_t cached() const { return int64_t(unused_.size()) * block_pages_; }  ///< of blocks that nobody uses now
    int64_t shared() const { return int64_t(shared_.size()) * block_pages_; }  ///< of all shared blocks
    int64_t used() const { return total_ - free_ - cached(); }

private:
    struct Block {
        int64_t users = 0;
        std::list<uint64_t>::iterator place;  ///< in unused_ when there are none
    };
    bool take(int64_t pages);
    void use(Block& block);
    void leave(uint64_t id);

    int64_t total_, free_;
    int page_tokens_, block_tokens_;
    int64_t block_pages_;
    std::unordered_map<uint64_t, Block> shared_;
    std::list<uint64_t> unused_;  ///< longest unused first
};

}  // namespace superlane::serving
