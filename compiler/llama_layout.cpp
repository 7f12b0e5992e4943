// SPDX-License-Identifier: Apache-2.0
// SRAM layout of a Llama-family model: tables, scratch, KV cache, weights.
#include "compiler/llama_layout.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/integers.hpp"

namespace superlane::compiler {
LlamaCompiler::Layout::Layout(const models::Chip& chip_, const LlmConfig& config_, const LlamaOptions& options_,
                              const Memory* beside)
    : chip(chip_),
      whole(config_),
      config(stage_config(config_, options_)),
      options(options_),
      residual(config_.hidden, options_.chips, chip_.lanes()),
      memory(chip, beside),
      latent(config, chip.lanes()),
      packing(attention_shape(config), chip.geometry.superlanes, chip.lanes(), pass_limit()),
      results(packing.group * packing.kv * packing.value_blocks * row_lanes, packing.group, chip.lanes()),
      half(!options.int8),
      blocks(stage_blocks(whole, options)),
      lanes(chip.lanes()) {
    const isa::Geometry& g = chip.geometry;
    const int streams_wanted = 2 * row_lanes;
    // Each weight stream of each plane has its own slice; the ones next to the VXM serve vectors.
    const int slices_wanted = std::max(2, g.planes) * row_lanes + 3 * g.slices_per_hop;
    if (g.streams < streams_wanted || g.planes % 2 != 0 || g.load_streams != row_lanes || g.mem_slices < slices_wanted)
        throw user_error(
            "chip '", chip.name,
            "': decoding needs at least 32 streams a direction, an even number of planes, mxm.load_streams = 16 and ",
            slices_wanted, " MEM slices a hemisphere (it has ", g.streams, ", ", g.planes, ", ", g.load_streams, ", ",
            g.mem_slices, ")");
    if (g.slices_per_hop < 4)
        throw user_error("chip '", chip.name, "': decoding needs mem.slices_per_hop of at least 4");
    SUPERLANE_CHECK(!alone() || !(joins_ffn() || hands_ffn_on() || joins_head() || hands_head_on()),
                    "FFNs and heads are cut for groups of several chips only");
    if (options.context < 1 || options.batch < 1) throw user_error("context and batch must be at least 1");
    if (options.context > config.max_position)
        throw user_error("context ", options.context, " is longer than the model's max_position_embeddings ",
                         config.max_position);
    int heads_a_tile = 0;
    for (int tile = 0; tile < packing.tiles; ++tile)
        heads_a_tile = std::max(heads_a_tile, packing.tile_last_head(tile) - packing.tile_first_head(tile) + 1);
    if (const int needed = std::max(heads_a_tile, options.batch); needed > g.accumulators)
        throw user_error("chip '", chip.name, "': this model and batch need mxm.accumulators of at least ", needed,
                         ", it has ", g.accumulators);
    hidden_tiles = residual.rows;
    ffn_tiles = ceil_div(std::max(config.ffn, config.moe.shared_ffn), lanes);
    experts = expert_layout(whole, config, lanes);
    result_tiles = results_packed() ? results.rows : packing.tiles * packing.group;
    pages = ceil_div(options.context, lanes);
    std::vector<int> tokens;
    for (int request = 0; request < options.requests(); ++request) {
        tokens.push_back(options.context_of(request));
        SUPERLANE_CHECK(tokens.back() <= options.context, "request", request, "of", tokens.back(), "tokens");
    }
    kv = KvPages(tokens, lanes);
    max_rows = std::max(options.batch, std::min({options.prefill_rows, row_lanes, g.accumulators / 2,
                                                 std::max(1, 4096 / (pages * config.heads))}));

    layers.resize(size_t(config.layers));
    for (int layer = 0; layer < config.layers; ++layer) plan_layer(layers[size_t(layer)], layer);
    if (options.head) plan_head();
    if (options.weights_in_dram) check_dram_serves();
    allocate_constants();
    allocate_scratch();
    allocate_latent();
    allocate_exchange();
    if (options.weights_in_dram) {
        allocate_cache_beside_dram();
        place_weights_in_dram();
    } else {
        allocate_cache();
        place_weights();
    }
}

int LlamaCompiler::Layout::key_word(int request, int page, int pair, int half_index) const {
    return ((kv.place(request, page) * packing.pairs + pair) * 2 + half_index) * page_words_key();
}

int LlamaCompiler::Layout::value_word(int request, int page, int block) const {
    return kv.place(request, page) * page_words_value() + block;
}

int LlamaCompiler::Layout::result_mask_row(int tile, int head_) const {
    int row = 0;
    for (int t = 0; t < tile; ++t) row += packing.tile_last_head(t) - packing.tile_first_head(t) + 1;
    return row + head_ - packing.tile_first_head(tile);
}

std::vector<VectorRegion> LlamaCompiler::Layout::far_rows(const std::string& name, Side side, int words,
                                                          bool constant) {
    std::vector<int> slices;
    const int first = chip.geometry.mem_slices - 2 * row_lanes;
    for (int i = 0; i < 2 * row_lanes; ++i) slices.push_back(first + i);
    const int address = memory.words(name, side, slices, words, constant ? Memory::End::Bottom : Memory::End::Top);
    std::vector<VectorRegion> rows;
    for (int i = 0; i < row_lanes; ++i)
        rows.push_back({side, 2, {first + 2 * i, first + 2 * i + 1}, address, words, constant});
    return rows;
}

void LlamaCompiler::Layout::allocate_constants() {
    const int64_t before = memory.words_used();
    const Side west = Side::West, east = Side::East;
    const int norms = config.sandwich_norms ? post_norm(config.layers, false) : 2 * config.layers + 1;
    // First of its slices: a norm is read while its result is written at their top, so it must be in another bank.
    norm = memory.vectors("norm weights", east, 0, 4, norms * hidden_tiles, true);
    if (config.has_mla()) allocate_latent_constants();
    if (rotates()) {
        cosine = memory.vectors("cosine table", west, 0, 4, options.context, true);
        sine = memory.vectors("sine table", east, 0, 4, options.context, true);
    }
    slot_mask = memory.vectors("head masks", east, 1, 1, packing.slots, true);
    result_mask =
        memory.vectors("result masks", east, 1, 1,
                       result_mask_row(packing.tiles - 1, packing.tile_last_head(packing.tiles - 1)) + 1, true);
    bias = memory.vectors("score bias", east, 1, 4, lanes + 1, true);
    if (windowed()) hidden = memory.vectors("window masks", west, 1, 4, lanes + 1, true);
    for (const Side side :
         {west, east}) {  // read three cycles apart by one task of at most three rows: one group serves both
        const int s = int(side);
        if (scale_rows_[s] > 0) scales[s] = memory.vectors("weight scales", side, 2, 4, scale_rows_[s], true);
        if (bias_rows_[s] > 0) biases[s] = memory.vectors("projection biases", side, 2, 4, bias_rows_[s], true);
    }
    for (const Side side : {west, east}) {
        value_map[int(side)] =
            memory.vectors("value maps", side, 0, 1, packing.value_groups * packing.superlanes, true);
        for (const VectorRegion& row : far_rows("ones", side, 1, true)) ones.push_back(row);
    }
    if (options.embedding) {
        token_shift = memory.vectors("token shift", east, 1, 4, 1, true);
        token_keep = memory.vectors("token mask", east, 2, 1, 1, true);
        segment_tokens = 1;
        while (segment_tokens < whole.vocabulary && segment_tokens < chip.data_words() / 2) segment_tokens *= 2;
        if (segment_tokens > chip.data_words()) segment_tokens /= 2;
        segments = ceil_div(whole.vocabulary, segment_tokens);
        const int groups = chip.geometry.mem_slices / chip.geometry.slices_per_hop;
        for (int segment = 0; segment < segments; ++segment)
            for (int tile = 0; tile < residual.slots; ++tile) {
                int best = 1;  // the emptiest group, nearest the VXM of equals
                for (int group = 1; group < groups; ++group)
                    if (memory.free_words(east, group * chip.geometry.slices_per_hop + 2) >
                        memory.free_words(east, best * chip.geometry.slices_per_hop + 2))
                        best = group;
                embedding.push_back(
                    memory.vectors("embedding table", east, best, 2,
                                   std::min(segment_tokens, whole.vocabulary - segment * segment_tokens), true));
            }
    }
    if (options.head) {
        vocabulary_ids = memory.vectors("vocabulary ids", east, 1, 4, int(head.tiles.size()), true);
        head_bias = memory.vectors("head bias", east, 1, 4, int(head.tiles.size()), true);
    }
    allocate_features();
    if (experts.experts > 0) allocate_expert_tables();
    use.tables = (memory.words_used() - before) * lanes;
}

void LlamaCompiler::Layout::allocate_scratch() {
    const int64_t before = memory.words_used();
    const Side west = Side::West, east = Side::East;
    const int rows = max_rows, head_rows = packing.heads * max_rows;
    const int half_rows = ceil_div(head_rows, 2) + std::min(options.requests(), rows);  // heads of a request, by parity
    const auto scratch = [&](const char* name, Side side, int group, int width, int count) {
        return memory.vectors(name, side, group, width, std::max(1, count), false);
    };
    const int width = half ? 2 : 1;
    x = scratch("residual", west, 0, 4, rows * hidden_tiles);
    token = scratch("tokens", west, 1, 4, options.requests() + rows);
    map_row = scratch("token map", east, 0, 1, rows);
    for (int stage = 0; stage < 3; ++stage) {  // neighbouring stages in different slices
        sum_stages[stage] = scratch("row sums", west, 1 + stage % 2, 4, rows);
        top_stages[stage] = scratch("row maxima", east, 1 + stage % 2, 4, rows);
    }
    scale = scratch("activation scales", west, 1, 4, 6 * rows);
    denominator = scratch("softmax sums", west, 1, 4, head_rows);
    wide =
        scratch("fp32 activations", east, 0, 4,
                rows * std::max({hidden_tiles, ffn_tiles, result_tiles, latent.query_vectors, latent.result_vectors}));
    for (const Side side : {west, east}) {
        const int s = int(side);
        normed[s] = scratch("normed activations", side, 2, width, rows * hidden_tiles);
        attended[s] = scratch("attention result", side, 2, width, rows * result_tiles);
        activated[s] = scratch("FFN activations", side, 2, width, rows * ffn_tiles);
        query_half[s] = scratch("queries", side, 2, 2, rows * packing.group * packing.pairs);
        const VectorRegion both = scratch("masked queries", side, 1, 4, head_rows);  // halves in different slices
        for (int h = 0; h < 2; ++h)
            query_masked[s][h] = {side, 2, {both.slices[2 * h], both.slices[2 * h + 1]}, both.address, both.rows};
        scores[s] = scratch("scores", side, 2, 4, half_rows * score_pages());
        for (int stage = 0; stage < 4; ++stage)
            maxima[s][stage] = scratch("score maxima", side, stage % 3, 4, half_rows);
        weights16[s] = scratch("softmax weights", side, 2, 2, head_rows * ceil_div(score_pages(), 2));
    }
    if (results_packed()) {
        result_rest = scratch("attention result rests", east, 1, half ? 2 : 4, rows * packing.group);
        const int last = results.packed_rows() - 1;
        result_piece_mask =
            memory.vectors("result rest masks", east, 2, 1, piece_mask_row(results, last) + results.pieces(last), true);
    }
    if (options.head) {
        logit_rows = scratch("logits", east, 0, 4, rows * int(head.tiles.size()));
        for (int stage = 0; stage < 3; ++stage) best[stage] = scratch("argmax", west, stage, 4, 2 * rows);
    }
    allocate_feature_scratch();
    if (experts.experts > 0) allocate_expert_scratch();
    use.scratch = (memory.words_used() - before) * lanes;
}

void LlamaCompiler::Layout::allocate_cache() {
    const int64_t before = memory.words_used();
    caches.resize(size_t(config.layers));
    for (int layer = 0; layer < config.layers; ++layer)
        for (int side = 0; has_attention(layer) && side < 2 && kv.pool(side) > 0; ++side) {
            Cache& cache = caches[size_t(layer)];
            const int own = kv.pool(side);
            cache.key[side] = far_rows("key cache", Side(side), own * packing.pairs * 2 * page_words_key(), false);
            cache.value[side] = far_rows("value cache", Side(side), own * page_words_value(), false);
            cache.staging[side] =
                far_rows("value staging", Side(side), options.requests() * 2 * packing.value_vectors(), false);
        }
    use.kv = (memory.words_used() - before) * lanes;
}

}  // namespace superlane::compiler
