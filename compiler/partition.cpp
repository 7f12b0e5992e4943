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

using Size = BlockSizes::Size;

Size operator+(const Size& a, const Size& b) { return {a.bytes + b.bytes, a.cycles + b.cycles}; }

/// Sums over blocks [first, last), with the embedding before the first; parts of the head are blocks behind the last.
class Sums {
public:
    Sums(const LlmConfig& config, const BlockSizes& sizes)
        : sizes_(sizes), own_(model_blocks(config, sizes.parts)), to_({Size{}}), attentions_({0}), mixtures_({0}) {
        for (const Block& block : own_) {
            const bool dense = config.moe.experts > 0 && !config.is_moe(block.layer);
            to_.push_back(to_.back() + (block.attention() ? sizes.attention : dense ? sizes.dense_ffn : sizes.ffn));
            attentions_.push_back(attentions_.back() + int(block.attention()));
            mixtures_.push_back(
                config.is_moe(block.layer) && sizes.parts.ffn > 1 && !block.attention() ? block.layer + 1 : 0);
        }
    }
    int blocks() const { return layers_end() + (sizes_.head.bytes > 0 ? sizes_.head_parts : 0); }
    /// Of a mixture that is cut, one stage has parts of one layer only.
    bool allowed(int first, int last) const {
        int layer = 0;
        for (int b = first + 1; b <= std::min(last, layers_end()); ++b) {
            const int other = mixtures_[size_t(b)];
            if (other > 0 && layer > 0 && other != layer) return false;
            layer = std::max(layer, other);
        }
        return true;
    }
    Size of(int first, int last) const {
        const size_t begin = size_t(std::min(first, layers_end())), end = size_t(std::min(last, layers_end()));
        Size size{to_[end].bytes - to_[begin].bytes + sizes_.fixed_bytes, to_[end].cycles - to_[begin].cycles};
        if (attentions_[end] > attentions_[begin]) size.bytes += sizes_.attention_fixed_bytes;
        if (first == 0) size = size + sizes_.embedding;
        for (int part = std::max(first, layers_end()); part < last; ++part) size = size + sizes_.head;
        return size;
    }
    bool fits(int first, int last, int64_t limit) const {
        return of(first, last).bytes <= limit && allowed(first, last);
    }
    StageBlocks stage(int first, int last) const {
        const int begin = std::min(first, layers_end()), end = std::min(last, layers_end());
        StageBlocks stage{begin, end - begin, first == 0, last > layers_end(), {}};
        if (stage.head) stage.head_part = {std::max(0, first - end), last - end, sizes_.head_parts};
        return stage;
    }

private:
    int layers_end() const { return int(own_.size()); }

    const BlockSizes& sizes_;
    std::vector<Block> own_;
    std::vector<Size> to_;         ///< of the first blocks
    std::vector<int> attentions_;  ///< among them
    std::vector<int> mixtures_;    ///< by block, from 1 on: layer + 1 of a part of a mixture
};

}  // namespace

BlockSizes block_sizes(const models::Chip& chip, const LlmConfig& config, const LlamaOptions& options) {
    // On a chip with room for anything, so that sizes can be had of what does not fit.
    models::Chip roomy = chip;
    roomy.geometry.words = 1 << 22;
    BlockSizes sizes{.parts = options.parts, .head_parts = options.head_part.of};
    const int blocks = int(model_blocks(config, options.parts).size());
    const auto measure = [&](int first_block, int count, bool embedding, bool head) {
        LlamaOptions one = options;
        one.first_block = first_block;
        one.blocks = count;
        one.embedding = embedding;
        one.head = head;
        one.head_part = {0, 1, options.head_part.of};
        one.in = one.out = {1, 1, 0};
        return LlamaCompiler(roomy, config, one).memory_use();
    };
    const int64_t streamed = chip.stream_bytes_per_cycle();
    // Of the experts a token reads only the active ones.
    const auto ffn_size = [&](int layer, int first_block) {
        Size size;
        const int parts = options.parts.of(config, layer);
        for (const int part : {0, parts - 1}) {
            const int64_t bytes = measure(first_block + part, 1, false, false).weights;
            const int64_t read =
                config.is_moe(layer)
                    ? bytes * std::min(config.moe.active * parts, config.moe.experts) / config.moe.experts
                    : bytes;
            size = {std::max(size.bytes, bytes), std::max(size.cycles, read / streamed + ffn_cycles)};
        }
        return size;
    };
    const MemoryUse attention = measure(0, 1, false, false), ffn = measure(blocks - 1, 1, false, false);
    sizes.attention = {attention.weights + attention.kv, attention.weights / streamed + attention_cycles};
    sizes.ffn = ffn_size(config.layers - 1, blocks - options.parts.of(config, config.layers - 1));
    if (config.moe.experts > 0 && !config.is_moe(0)) sizes.dense_ffn = ffn_size(0, 1);
    const auto rest = [](const MemoryUse& use) { return use.tables + use.scratch; };
    sizes.fixed_bytes = rest(ffn);
    sizes.attention_fixed_bytes = std::max<int64_t>(0, rest(attention) - rest(ffn));
    if (options.embedding)
        sizes.embedding = {std::max<int64_t>(0, measure(0, 1, true, false).total() - attention.total()), 0};
    if (options.head) {
        const MemoryUse head = measure(blocks - 1, 1, false, true);
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
                const int64_t cycles = sums.of(a, b).cycles;
                if (!sums.fits(a, b, limit) || cycles >= best[size_t(s)][size_t(b)]) break;  // only grows from here on
                const int64_t longest = std::max(best[size_t(s) - 1][size_t(a)], cycles);
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
        while (last < sums.blocks() && sums.fits(first, last + 1, limit)) ++last;
        if (last == first) return 0;
        first = last;
        ++stages;
    }
    return stages;
}

}  // namespace superlane::compiler
