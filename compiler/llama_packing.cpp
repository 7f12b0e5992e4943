// SPDX-License-Identifier: Apache-2.0
// Packing of heads into lanes.
#include <algorithm>

#include "base/error.hpp"
#include "base/integers.hpp"
#include "compiler/llama_layout.hpp"

namespace superlane::compiler {
HeadPacking::HeadPacking(const LlmConfig& config, int superlanes_, int lanes, int most_slots)
    : heads(config.heads),
      kv(config.kv_heads),
      group(config.heads / config.kv_heads),
      dim(config.head_dim),
      half((config.head_dim + 1) / 2),
      interleaved(config.rope.interleaved),
      superlanes(superlanes_) {
    if (half > lanes)
        throw user_error("head_dim ", dim, " needs ", half, " lanes for half a head; the chip has ", lanes);
    slots = std::min({lanes / half, most_slots, kv});
    pairs = ceil_div(kv, slots);
    value_blocks = ceil_div(dim, row_lanes);
    value_groups = ceil_div(kv, superlanes);
    tiles = ceil_div(kv * value_blocks, superlanes);
}

int HeadPacking::half_element(int half_index, int i) const {
    const int element = interleaved ? 2 * i + half_index : half_index * half + i;
    return element < dim ? element : -1;
}

int HeadPacking::query_row(int g, int pair, int half_index, int lane) const {
    const int slot = lane / half;
    if (slot >= slots_in(pair)) return -1;
    const int head = (pair * slots + slot) * group + g;
    const int element = half_element(half_index, lane % half);
    return element < 0 ? -1 : head * dim + element;
}

int HeadPacking::key_row(int pair, int half_index, int lane) const {
    const int slot = lane / half;
    if (slot >= slots_in(pair)) return -1;
    const int element = half_element(half_index, lane % half);
    return element < 0 ? -1 : (pair * slots + slot) * dim + element;
}

int HeadPacking::value_row(int vector, int lane) const {
    const int head = vector / value_blocks * superlanes + lane / row_lanes;
    const int element = vector % value_blocks * row_lanes + lane % row_lanes;
    return head < kv && element < dim ? head * dim + element : -1;
}

int HeadPacking::result_column(int tile, int g, int lane) const {
    const int block = tile * superlanes + lane / row_lanes;
    const int head = block / value_blocks;
    const int element = block % value_blocks * row_lanes + lane % row_lanes;
    return head < kv && element < dim ? (head * group + g) * dim + element : -1;
}

}  // namespace superlane::compiler
