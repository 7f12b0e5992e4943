// SPDX-License-Identifier: Apache-2.0
// Where a Llama-family model lies in SRAM, and how its heads are packed into lanes.
#pragma once
#include "compiler/llama.hpp"
#include "compiler/llama_experts.hpp"
#include "compiler/llama_latent.hpp"
#include "compiler/matrix.hpp"
#include "compiler/shard.hpp"

namespace superlane::compiler {

/// Lanes of one superlane: rows that are loaded, and tokens that are turned, at once.
constexpr int row_lanes = isa::lanes_per_superlane;

/// How attention heads share lanes.
/// Queries and keys: a head is cut into its first half (vector A) and second half (vector B) of dimensions, or into
/// even and odd ones (interleaved RoPE), so that RoPE pairs stand in equal lanes; `slots` KV heads stand side by side
/// in a pair of vectors. Values: KV head h stands in superlane h % superlanes, dimension 16 * n + i in lane i of vector
/// n: the form that the SXM's transposer turns into rows of 16 tokens. Attention results: blocks of 16 dimensions, KV
/// head by KV head, fill the lanes of result tiles.
struct HeadPacking {
    HeadPacking() = default;
    /// `most_slots`: results of one pass that accumulators must hold.
    HeadPacking(const LlmConfig& config, int superlanes, int lanes, int most_slots = 32);

    int heads = 0, kv = 0, group = 0;  ///< query heads, KV heads, query heads per KV head
    int dim = 0, half = 0;
    bool interleaved = false;
    int slots = 0;  ///< KV heads of a full pair of vectors
    int pairs = 0;
    int value_blocks = 0;  ///< blocks of 16 dimensions of a head
    int value_groups = 0;  ///< groups of `superlanes` KV heads
    int tiles = 0;         ///< result tiles of `superlanes` blocks

    int slots_in(int pair) const { return std::min(slots, kv - pair * slots); }
    int value_vectors() const { return value_groups * value_blocks; }
    int tile_first_head(int tile) const { return tile * superlanes / value_blocks; }
    int tile_last_head(int tile) const {
        return std::min(kv, ((tile + 1) * superlanes + value_blocks - 1) / value_blocks) - 1;
    }
    int tile_blocks(int tile) const { return std::min(superlanes, kv * value_blocks - tile * superlanes); }
    int superlanes = 0;

    /// Dimension of a head at place i of vector A (0) or B (1), or -1.
    int half_element(int half_index, int i) const;
    /// Row of the q, k or v projection for a lane, or -1.
    int query_row(int g, int pair, int half_index, int lane) const;
    int key_row(int pair, int half_index, int lane) const;
    int value_row(int vector, int lane) const;
    /// Column of the output projection for a lane of result tile `tile` of group member g, or -1.
    int result_column(int tile, int g, int lane) const;
};

struct LlamaLayer {
    Matrix qkv, o, gate_up, down;
    // Indices into qkv.tiles: [g * pairs + pair][half], [pair][half], [vector].
    std::vector<std::array<int, 2>> query, key;
    std::vector<int> value;
    std::vector<std::array<int, 2>>
        ffn;  ///< into gate_up.tiles: [vector][gate, up]; gate -1 = not gated; of experts the shared one's
    LatentLayer latent;
    // Of a layer with experts:
    Matrix router, expert_gate_up, expert_down;
    std::vector<std::array<int, 2>> expert_ffn;  ///< into expert_gate_up.tiles

    std::array<Matrix*, 10> matrices() {
        return {&qkv,    &latent.query_b, &latent.key_up, &latent.value_up, &o,
                &router, &gate_up,        &down,          &expert_gate_up,  &expert_down};
    }
};

/// The stage's blocks, and what one of its chips has of the model.
std::vector<Block> stage_blocks(const LlmConfig& whole, const LlamaOptions& options);
LlmConfig stage_config(const LlmConfig& whole, const LlamaOptions& options);

struct LlamaCompiler::Layout {
    Layout(const models::Chip& chip, const LlmConfig& config, const LlamaOptions& options, const Memory* beside);

    models::Chip chip;
    LlmConfig whole;   ///< the model
    LlmConfig config;  ///< one chip's share of it, with the layers of its stage
    LlamaOptions options;
    ShardedVector residual;
    Memory memory;
    LatentPacking latent;
    HeadPacking packing;
    ShardedVector results;      ///< attention's, a "shard" each group member: o's input
    bool half;                  ///< fp16 weights
    std::vector<Block> blocks;  ///< of the stage
    int lanes, hidden_tiles, ffn_tiles, result_tiles, max_rows;
    int pages;  ///< of the longest request
    MemoryUse use;

    std::vector<LlamaLayer> layers;  ///< those of which the stage has a block
    Matrix head;
    std::vector<std::vector<int>> head_columns;

    // Constants, written once by the host.
    VectorRegion cosine, sine;   ///< fp32, row = position
    VectorRegion norm;           ///< fp32, row = norm * hidden_tiles + tile; norms: 2 a layer, the final one, then
                                 ///< post_norm()
    VectorRegion norm_bias;      ///< fp32, rows as of norm, without post norms
    VectorRegion residual_mask;  ///< bool, row = hidden tile: lanes that carry an element (layer norms)
    std::vector<VectorRegion> position_row;  ///< fp16, by slot: row = learned position
    VectorRegion head_gain[2];               ///< fp32, by half: row head_gain_row(layer, key)
    VectorRegion slot_end;                   ///< bool: last lane of each slot
    VectorRegion sinks;                      ///< fp32, sink_row(layer, pair): lane 0 the sink, else -1e30
    VectorRegion slot_mask;                  ///< bool, row = slot
    VectorRegion result_mask;                ///< bool, rows result_mask_row(tile, head)
    VectorRegion bias;                       ///< fp32, row v: 0 in lanes < v, else -1e30
    VectorRegion hidden;                     ///< fp32, row v: -1e30 in lanes < v, else 0 (sliding window)
    VectorRegion piece_mask;  ///< bool, row piece_mask_row(residual, v): lanes of each shard's rest in packed row v
    VectorRegion result_piece_mask;        ///< the same for results
    VectorRegion scales[2], biases[2];     ///< fp32, by side: weight scales (int8), projection biases
    VectorRegion value_map[2];             ///< u8, by side; row = group * superlanes + rotation
    VectorRegion token_shift, token_keep;  ///< int32 0, 8 in lanes 0, 1 of each superlane; bool of those lanes
    VectorRegion vocabulary_ids;           ///< int32, row = head tile: token - 2^30
    VectorRegion head_bias;                ///< fp32, row = head tile: -3e38 in lanes without a token
    std::vector<VectorRegion> ones;        ///< fp16 1.0, by side * 16 weight rows
    std::vector<VectorRegion> embedding;   ///< fp16, by segment * hidden_tiles + tile; row = token % segment_tokens
    int segment_tokens = 0, segments = 0;

    int first_layer() const { return blocks.empty() ? whole.layers : blocks.front().layer; }
    bool attends() const;  ///< in any of its blocks
    bool rotates() const { return attends() && config.position == PositionKind::rope; }
    /// Whether the stage has that block of layers[layer], and which of its parts.
    bool has_attention(int layer) const;
    Part ffn_part(int layer) const;
    bool has_ffn(int layer) const { return ffn_part(layer).any(); }
    bool has_experts(int layer) const { return has_ffn(layer) && whole.is_moe(first_layer() + layer); }
    /// Parts of an FFN, or of the head, stand on the stage before or after as well.
    bool joins_ffn() const { return !blocks.empty() && blocks.front().part > 0; }
    bool hands_ffn_on() const;
    bool passes_residual() const;  ///< it leaves as it came: other parts of the same block follow
    bool joins_head() const { return options.head && !options.head_part.begins(); }
    bool hands_head_on() const { return options.head && !options.head_part.ends(); }

    ExpertLayout experts;

    // Pools of keys and values, and staging, of a layer
    struct Cache {
        std::vector<VectorRegion> key[2];      ///< by side: 16 weight rows; words by place in the pool, pair, half
        std::vector<VectorRegion> value[2];    ///< by side: 16 weight rows; words by place in the pool, KV head, block
        std::vector<VectorRegion> staging[2];  ///< by side: 16 tokens; words by request, block parity, value vector
    };
    KvPages kv;
    std::vector<Cache> caches;  ///< by layer
    const Cache& cache(int layer) const { return caches[size_t(layer)]; }

    // Scratch.
    VectorRegion token, map_row, x, denominator, scale, wide, logit_rows;
    VectorRegion sum_stages[3], top_stages[3];          ///< row sums west, row maxima east: input, middle, result
    VectorRegion maxima[2][4];                          ///< score maxima by side: input, two stages, result
    VectorRegion normed[2], attended[2], activated[2];  ///< product inputs, by side
    VectorRegion centred, update;                       ///< fp32: x less its mean; what a sandwich norm will add
    VectorRegion raw_half[2];                           ///< fp32 queries, then keys, before their norm: A west, B east
    VectorRegion head_sums[2][5];                       ///< sums over slots, by side: squares, three stages, result
    VectorRegion result_rest;                           ///< last result tiles, row * group + member
    VectorRegion query_half[2];                         ///< A west, B east
    VectorRegion query_masked[2][2];                    ///< by side, half
    VectorRegion scores[2];                             ///< by parity of the head row
    VectorRegion weights16[2];                          ///< softmax weights, by side
    VectorRegion best[3];                               ///< argmax: input, middle, result; logits, then tokens

    LatentRegions latent_rows;

    // Exchanges between chips; rows of `exchange_row`.
    VectorRegion outgoing, received, gathered;  ///< partial sums to other chips, those for this one; residual shards
    VectorRegion packed;                        ///< fp32: rests of all shards, row * packed rows + v
    VectorRegion leaving;                       ///< shards on their way to the next stage, rows leaving_row()
    VectorRegion joining;                       ///< sums of an FFN's earlier parts, rows joining_row()
    VectorRegion candidates, candidate_tokens;  ///< best logit (fp32) and token of every chip, row * chips + offset
    int exchange_row(int row, int k, int offset) const { return (row * residual.slots + k) * options.chips + offset; }
    enum Leaving { residual_shards, partial_sums };
    int leaving_row(Leaving what, int row, int k) const {
        return ((int(what) * max_rows + row) * residual.slots + k) * options.out.period;
    }
    int joining_row(int row, int k) const { return (row * residual.slots + k) * options.in.period; }
    /// Best logits of the group's chips, and of the head's earlier parts.
    int candidate_row(int index) const { return index * (options.chips + int(joins_head())); }
    static int piece_mask_row(const ShardedVector& vector, int v);
    /// Whether the last result tiles of a group's members share vectors.
    bool results_packed() const {
        return !config.has_mla() && results.rest > 0 && results.packed_rows() < packing.group;
    }
    int result_row(int tile, int g) const {
        return results_packed() ? results.full_row(g, tile) : g * packing.tiles + tile;
    }
    bool alone() const { return options.chips == 1; }
    DType exchange_type() const { return options.wide_exchange ? DType::F32 : DType::F16; }
    int link_latency() const {
        const isa::Timing& timing = chip.timing;
        return options.link_latency_cycles > 0 ? options.link_latency_cycles
                                               : timing.c2c_latency + timing.c2c_latency_spread + timing.c2c_fec_cycles;
    }

    /// Row of `token` for the argmax of row `row` of a step: the request's, or that of the row's own token when a later
    /// row takes the request's.
    int choice_row(const std::vector<StepRow>& rows, int row) const {
        const int request = rows[size_t(row)].request;
        for (size_t later = size_t(row) + 1; later < rows.size(); ++later)
            if (rows[later].request == request && rows[later].logits) return options.requests() + row;
        return request;
    }
    int page_side(int page) const { return KvPages::side(page); }
    int page_words_key() const { return (lanes + 15) / 16; }  ///< words a page, pair and half take
    int page_words_value() const { return (packing.kv + 1) * packing.value_blocks; }
    int key_word(int request, int page, int pair, int half_index) const;
    /// Weight rows of half B stand half a turn from those of half A, so that a token's two halves go to different
    /// slices.
    static int key_region(int row, int half_index) { return (row + 8 * half_index) % 16; }
    int value_word(int request, int page, int block) const;
    int result_mask_row(int tile, int head) const;
    /// Results of one tile pass: half the accumulators, so that the next tile need not wait.
    int pass_limit() const { return std::clamp(chip.geometry.accumulators / 2, 1, 32); }
    bool windowed() const { return config.sliding_window_tokens > 0 && options.context > config.sliding_window_tokens; }
    int64_t window(int layer) const { return whole.window(first_layer() + layer); }
    int post_norm(int layer, bool ffn) const { return 2 * config.layers + 1 + 2 * layer + int(ffn); }
    static int head_gain_row(int layer, bool key) { return 2 * layer + int(key); }
    int sink_row(int layer, int pair) const { return layer * packing.heads + pair * packing.slots * packing.group; }
    /// Vectors of scores that a head has: one a page, and one for its sink.
    int score_pages() const { return pages + int(config.attention_sinks); }
    ProductInput input(const VectorRegion (&sides)[2], int rows) const { return {sides[0], sides[1], rows}; }

private:
    void plan_layer(LlamaLayer& layer, int index);
    void plan_qkv(LlamaLayer& layer, const std::string& name);
    void plan_output(LlamaLayer& layer, const std::string& name);
    void plan_latent(LlamaLayer& layer, const std::string& name);
    void plan_latent_rows(LlamaLayer& layer, const std::string& name);
    void deal_latent(Matrix& matrix, const std::vector<std::vector<int>>& vectors, const std::vector<int>& numbers,
                     bool biased);
    void plan_dense_ffn(LlamaLayer& layer, const std::string& name, int ffn, const Part& part);
    std::vector<std::array<int, 2>> plan_gate_up(Matrix& matrix, int ffn, const Part& part);
    void plan_experts(LlamaLayer& layer, const std::string& name, const Part& part);
    void give_expert_rows(Matrix& matrix);
    void plan_head();
    std::vector<LaneMap> residual_lanes() const;
    std::vector<OutputTile> deal_residual(int k_tiles) const;
    void allocate_constants();
    void allocate_scratch();
    void allocate_features();
    void allocate_feature_scratch();
    void allocate_latent_constants();
    void allocate_latent();
    void allocate_exchange();
    void allocate_cache();
    void check_dram_serves() const;
    void allocate_cache_beside_dram();
    void allocate_expert_tables();
    void allocate_rank_tables();
    void allocate_expert_scratch();
    void place_weights();
    void place_weights_in_dram();
    struct WeightWords;
    WeightWords weight_words();
    void place_weights(const WeightWords& wanted, double margin);
    std::vector<VectorRegion> far_rows(const std::string& name, Side side, int words, bool constant);
    int scale_rows_[2] = {}, bias_rows_[2] = {};
    int expert_scale_rows_[2] = {}, expert_bias_rows_[2] = {};
    void give_rows(Matrix& matrix, bool biased);
};

/// The weights, gains, scales and masks of latent attention of layers[layer] up to the output projection.
void add_latent_image(const LlamaCompiler::Layout& layout, int layer, int rank, const LayerWeights& weights,
                      Image& image);

}  // namespace superlane::compiler
