// SPDX-License-Identifier: Apache-2.0
// Arithmetic of shards.
#include "compiler/shard.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/integers.hpp"

namespace superlane::compiler {
ShardedVector::ShardedVector(int size_, int chips_, int lanes_)
    : size(size_),
      chips(chips_),
      lanes(lanes_),
      shard(ceil_div(size_, chips_)),
      full(shard / lanes_),
      rest(shard % lanes_),
      slots(full + (rest > 0)),
      rows(chips_ * full + ceil_div(chips_ * rest, lanes_)) {}

int ShardedVector::pieces(int v) const {
    const int last = std::min(chips - 1, ((v + 1) * lanes - 1) / rest);
    return last - first_piece(v) + 1;
}

int ShardedVector::piece_first(int v, int offset) const { return std::max(0, offset * rest - v * lanes); }
int ShardedVector::piece_last(int v, int offset) const { return std::min(lanes, (offset + 1) * rest - v * lanes); }

std::vector<int> ShardedVector::row_lanes(int row) const {
    std::vector<int> elements(size_t(lanes), -1);
    const int packed = row - chips * full;
    if (packed < 0) {
        for (int lane = 0; lane < lanes; ++lane)
            elements[size_t(lane)] = row / full * shard + row % full * lanes + lane;
        return elements;
    }
    for (int i = 0; i < pieces(packed); ++i) {
        const int offset = first_piece(packed) + i;
        for (int lane = piece_first(packed, offset); lane < piece_last(packed, offset); ++lane)
            elements[size_t(lane)] = offset * shard + full * lanes + (packed * lanes + lane - offset * rest);
    }
    return elements;
}

std::vector<int> ShardedVector::slot_elements(int offset, int k) const {
    std::vector<int> elements(size_t(k < full ? lanes : rest));
    for (size_t lane = 0; lane < elements.size(); ++lane) elements[lane] = offset * shard + k * lanes + int(lane);
    return elements;
}

int ShardedVector::global(int element, int rank) const {
    if (element < 0) return -1;
    const int result = (rank + element / shard) % chips * shard + element % shard;
    return result < size ? result : -1;
}

LlmConfig shard_config(const LlmConfig& config, int chips, int expert_groups) {
    const MoeConfig& moe = config.moe;
    if (expert_groups > 1 && moe.experts == 0)
        throw user_error("ep ", expert_groups, ": model '", config.name, "' has no experts, which allows ep 1 only");
    if (expert_groups > 1 && (chips % expert_groups != 0 || moe.experts % expert_groups != 0))
        throw user_error("ep ", expert_groups, " must divide tp ", chips, " and the ", moe.experts,
                         " experts of model '", config.name, "'");
    if (expert_groups > 1 && config.mlp_bias)
        throw user_error("ep ", expert_groups, ": model '", config.name,
                         "' has biases in its experts, which allow ep 1 only");
    constexpr int most_chips = 64;  // Task::ranks has a bit for each
    if (chips > most_chips) throw user_error("tp ", chips, " is too much (allowed: 1 to ", most_chips, ")");
    if (config.heads % chips != 0)
        throw user_error("tp ", chips, " does not divide the ", config.heads, " attention heads of model '",
                         config.name, "'");
    if (config.kv_heads % chips != 0 && chips % config.kv_heads != 0)
        throw user_error("tp ", chips, " neither divides nor is a multiple of the ", config.kv_heads,
                         " KV heads of model '", config.name, "'");
    LlmConfig own = config;
    own.heads = config.heads / chips;
    own.kv_heads = std::max(1, config.kv_heads / chips);
    own.ffn = ceil_div(config.ffn, chips);
    own.moe.experts = moe.experts / expert_groups;
    own.moe.ffn = ceil_div(moe.ffn, chips / expert_groups);
    own.moe.shared_ffn = ceil_div(moe.shared_ffn, chips);
    own.vocabulary = ceil_div(config.vocabulary, chips);
    return own;
}

}  // namespace superlane::compiler
