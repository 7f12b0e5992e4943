// SPDX-License-Identifier: Apache-2.0
// Sizes of blocks by laying them out, and the cut by dynamic programming.
#include "compiler/partition.hpp"

#include <algorithm>
#include <climits>

#include "base/error.hpp"

namespace superlane::compiler {
namespace {

constexpr int64_t attention_cycles = 3500, ffn_cycles = 1500;  // latencies beside the weights' time; for balance only
constexpr int64_t never = INT64_MAX / 4;

struct Cost {
    int64_t bytes = 0, cycles = 0;
};

/// Sums over blocks [first, last), with the embedding before the first; the head is one more block behind the last.
class Sums {
public:
    Sums(const LlmConfig& config, const BlockSizes& sizes)
        : sizes_(sizes), layers_(config.layers), blocks_(2 * config.layers + (sizes.head.bytes > 0)) {}
    int blocks() const { return blocks_; }
    Cost of(int first, int last) const {
        const int end = std::min(last, 2 * layers_);
        const int dense = std::min(end / 2, sizes_.dense_layers) - std::min(first / 2, sizes_.dense_layers);
        const int ffns = end / 2 - first / 2 - dense, attentions = (end + 1) / 2 - (first + 1) / 2;
        const auto sum = [&](int64_t BlockSizes::Part::*of) {
            return attentions * (sizes_.attention.*of) + ffns * (sizes_.ffn.*of) + dense * (sizes_.dense_ffn.*of);
        };
        const int64_t fixed = sizes_.fixed_bytes + (attentions > 0 ? sizes_.attention_fixed_bytes : 0);
        Cost cost{fixed + sum(&BlockSizes::Part::bytes), sum(&BlockSizes::Part::cycles)};
        for (const auto& [there, part] :
             {std::pair(first == 0, sizes_.embedding), std::pair(has_head(last), sizes_.head)})
            if (there) {
                cost.bytes += part.bytes;
                cost.cycles += part.cycles;
            }
        return cost;
    }
    StageBlocks stage(int first, int last) const {
        return {first, std::min(last, 2 * layers_) - first, first == 0, has_head(last)};
    }

private:
    bool has_head(int last) const { return last > 2 * layers_; }

    const BlockSizes& sizes_;
    int layers_, blocks_;
};

}  // namespace

BlockSizes block_sizes(const models::Chip& chip, const LlmConfig& config, const LlamaOptions& options) {
    // On a chip with room for anything, so that sizes can be had of what does not fit.
    models::Chip roomy = chip;
    roomy.geometry.words = 1 << 22;
    BlockSizes sizes;
    const auto measure = [&](int first_block, bool embedding, bool head) {
        LlamaOptions one = options;
        one.first_block = first_block;
        one.blocks = 1;
        one.embedding = embedding;
        one.head = head;
        one.in = one.out = {1, 1, 0};
        return LlamaCompiler(roomy, config, one).memory_use();
    };
    const int last = 2 * config.layers - 1;
    const MemoryUse attention = measure(0, false, false), ffn = measure(last, false, false);
    const int64_t streamed = chip.stream_bytes_per_cycle();
    sizes.attention = {attention.weights + attention.kv, attention.weights / streamed + attention_cycles};
    // Of the experts a token reads only the active ones.
    const auto ffn_part = [&](const MemoryUse& use, bool experts) {
        const int64_t read = experts ? use.weights * config.moe.active / config.moe.experts : use.weights;
        return BlockSizes::Part{use.weights, read / streamed + ffn_cycles};
    };
    sizes.ffn = ffn_part(ffn, config.is_moe(config.layers - 1));
    if (config.moe.experts > 0 && !config.is_moe(0)) {
        sizes.dense_layers = config.moe.first_dense_layers;
        sizes.dense_ffn = ffn_part(measure(1, false, false), false);
    }
    const auto rest = [](const MemoryUse& use) { return use.tables + use.scratch; };
    sizes.fixed_bytes = rest(ffn);
    sizes.attention_fixed_bytes = std::max<int64_t>(0, rest(attention) - rest(ffn));
    if (options.embedding)
        sizes.embedding = {std::max<int64_t>(0, measure(0, true, false).total() - attention.total()), 0};
    if (options.head) {
        const MemoryUse head = measure(last, false, true);
        sizes.head = {std::max<int64_t>(0, head.total() - ffn.total()),
                      (head.weights - ffn.weights) / streamed + ffn_cycles};
    }
    sizes.chip_bytes = int64_t(2) * chip.geometry.mem_slices * chip.data_words() * chip.lanes();
    return sizes;
}

std::vector<StageBlocks> divide_blocks(const LlmConfig& config, const BlockSizes& sizes, int stages, double slack) {
    const Sums sums(config, sizes);
    const int blocks = sums.blocks();
    const auto limit = int64_t(double(sizes.chip_bytes) * (1 - slack));
    if (stages > blocks) return {};
    // best[s][b]: longest stage when the first b blocks stand in s stages; cut[s][b]: where the last of those begins.
    std::vector<std::vector<int64_t>> best(size_t(stages) + 1, std::vector<int64_t>(size_t(blocks) + 1, never));
    std::vector<std::vector<int>> cut(best.size(), std::vector<int>(size_t(blocks) + 1, -1));
    best[0][0] = 0;
    for (int s = 1; s <= stages; ++s)
        for (int b = s; b <= blocks; ++b)
            for (int a = b - 1; a >= s - 1; --a) {
                const Cost cost = sums.of(a, b);
                if (cost.bytes > limit || cost.cycles >= best[size_t(s)][size_t(b)]) break;  // only grows from here on
                const int64_t longest = std::max(best[size_t(s) - 1][size_t(a)], cost.cycles);
                if (longest >= best[size_t(s)][size_t(b)]) continue;
                best[size_t(s)][size_t(b)] = longest;
                cut[size_t(s)][size_t(b)] = a;
            }
    if (best[size_t(stages)][size_t(blocks)] >= never) return {};
    std::vector<StageBlocks> result;
    for (int s = stages, b = blocks; s > 0; --s) {
        const int a = cut[size_t(s)][size_t(b)];
        result.push_back(sums.stage(a, b));
        b = a;
    }
    std::reverse(result.begin(), result.end());
    return result;
}

int least_stages(const LlmConfig& config, const BlockSizes& sizes, double slack) {
    const Sums sums(config, sizes);
    const auto limit = int64_t(double(sizes.chip_bytes) * (1 - slack));
    int stages = 0;
    for (int first = 0; first < sums.blocks();) {  // as many blocks as fit: a later cut never needs fewer stages
        int last = first;
        while (last < sums.blocks() && sums.of(first, last + 1).bytes <= limit) ++last;
        if (last == first) return 0;
        first = last;
        ++stages;
    }
    return stages;
}

}  // namespace superlane::compiler
