// SPDX-License-Identifier: Apache-2.0
// How the chips of a tensor-parallel group divide a model, so that all of them can run the same program.
#pragma once
#include <vector>

#include "models/llm.hpp"

namespace superlane::compiler {

/// A model's dimension `size` in equal shards over the group's chips, each chip counting from its own: element e of
/// chip `rank` is element global(e, rank) of the model. So "the shard of the next chip" has the same place on every
/// chip. A vector that is whole on every chip stands in `rows` SRAM rows: first the full vectors of every shard, then
/// what is left of all shards, packed.
struct ShardedVector {
    ShardedVector() = default;
    ShardedVector(int size, int chips, int lanes);

    int size = 0, chips = 1, lanes = 0;
    int shard = 0;  ///< elements of a shard, the last may be shorter
    int full = 0;   ///< full vectors of a shard
    int rest = 0;   ///< lanes of its last, partly filled vector; 0 = none
    int slots = 0;  ///< full + (rest > 0): vectors of a shard by itself
    int rows = 0;   ///< of the whole vector, packed

    int full_row(int offset, int k) const { return offset * full + k; }  ///< `offset`: shards on from one's own
    int packed_rows() const { return rows - chips * full; }
    /// Shards whose rest lies (partly) in packed row v: first and count.
    int first_piece(int v) const { return v * lanes / rest; }
    int pieces(int v) const;
    /// Lanes of packed row v that the rest of shard `offset` fills: [first, last).
    int piece_first(int v, int offset) const;
    int piece_last(int v, int offset) const;

    /// Elements (relative) by lane of whole row `row`, or of slot k of shard `offset` by itself; -1 for none.
    std::vector<int> row_lanes(int row) const;
    std::vector<int> slot_elements(int offset, int k) const;
    int global(int element, int rank) const;  ///< -1 past the end
};

/// One chip's share of the model as a config of its own: heads, KV heads, FFN width and vocabulary of a shard.
/// `expert_groups`: chips whose rank is the same modulo this share out the experts whose number is, and their width.
/// UserError when `chips` does not divide the heads, or neither divides the KV heads nor is a multiple of them; when
/// `expert_groups` divides the chips or the experts not.
LlmConfig shard_config(const LlmConfig& config, int chips, int expert_groups = 1);

}  // namespace superlane::compiler
