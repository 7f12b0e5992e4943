// SPDX-License-Identifier: Apache-2.0
// Packing of heads into lanes, and SRAM layout of a Llama-family model.
#include "compiler/llama_layout.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::compiler {
namespace {

constexpr int row_lanes = isa::lanes_per_superlane;

int ceil_div(int a, int b) { return (a + b - 1) / b; }

/// Units by load, so that every plane gets its share of weight rows.
class UnitLoads {
public:
    explicit UnitLoads(bool half, int planes) : half_(half), loads_(size_t(2 * planes), 0), planes_(planes) {}
    /// The plane (of both sides) with the least load; both sides get `rows`.
    int pair(int rows_west, int rows_east) {
        int best = 0;
        for (int plane = 0; plane < planes_; plane += half_ ? 2 : 1)
            if (load(0, plane) + load(1, plane) < load(0, best) + load(1, best)) best = plane;
        load(0, best) += rows_west;
        load(1, best) += rows_east;
        return best;
    }
    MxmUnit single(int rows) {
        int best_side = 0, best_plane = 0;
        for (int plane = 0; plane < planes_; plane += half_ ? 2 : 1)
            for (int side = 0; side < 2; ++side)
                if (load(side, plane) < load(best_side, best_plane)) best_side = side, best_plane = plane;
        load(best_side, best_plane) += rows;
        return {Side(best_side), best_plane, half_};
    }

private:
    int& load(int side, int plane) { return loads_[size_t(side * planes_ + plane)]; }
    bool half_;
    std::vector<int> loads_;
    int planes_;
};

/// Drops outputs of -1 at the end: a narrower tile loads in fewer cycles.
void trim(std::vector<int>& outputs) {
    while (outputs.size() > 1 && outputs.back() < 0) outputs.pop_back();
}

}  // namespace

HeadPacking::HeadPacking(const LlmConfig& config, int superlanes_, int lanes)
    : heads(config.heads), kv(config.kv_heads), group(config.heads / config.kv_heads), dim(config.head_dim), half(config.head_dim / 2), superlanes(superlanes_) {
    if (half > lanes) throw user_error("head_dim ", dim, " needs ", half, " lanes for half a head; the chip has ", lanes);
    slots = std::min({lanes / half, 32, kv});
    pairs = ceil_div(kv, slots);
    value_blocks = ceil_div(dim, row_lanes);
    value_groups = ceil_div(kv, superlanes);
    tiles = ceil_div(kv * value_blocks, superlanes);
}

int HeadPacking::query_row(int g, int pair, int half_index, int lane) const {
    const int slot = lane / half;
    if (slot >= slots_in(pair)) return -1;
    const int head = (pair * slots + slot) * group + g;
    return head * dim + half_index * half + lane % half;
}

int HeadPacking::key_row(int pair, int half_index, int lane) const {
    const int slot = lane / half;
    if (slot >= slots_in(pair)) return -1;
    return (pair * slots + slot) * dim + half_index * half + lane % half;
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

LlamaCompiler::Layout::Layout(const models::Chip& chip_, const LlmConfig& config_, const LlamaOptions& options_)
    : chip(chip_), config(config_), options(options_), memory(chip), packing(config, chip.geometry.superlanes, chip.lanes()), half(!options.int8), lanes(chip.lanes()) {
    const isa::Geometry& g = chip.geometry;
    const int streams_wanted = 2 * row_lanes;
    if (g.streams < streams_wanted || g.planes % 2 != 0 || g.load_streams != row_lanes || g.mem_slices < streams_wanted + 3 * g.slices_per_hop)
        throw user_error("chip '", chip.name, "': decoding needs at least 32 streams a direction, an even number of planes, mxm.load_streams = 16 and ",
                         streams_wanted + 3 * g.slices_per_hop, " MEM slices a hemisphere (it has ", g.streams, ", ", g.planes, ", ", g.load_streams, ", ", g.mem_slices, ")");
    if (g.slices_per_hop < 4) throw user_error("chip '", chip.name, "': decoding needs mem.slices_per_hop of at least 4");
    if (options.context < 1 || options.batch < 1) throw user_error("context and batch must be at least 1");
    if (options.context > config.max_position)
        throw user_error("context ", options.context, " is longer than the model's max_position_embeddings ", config.max_position);
    hidden_tiles = ceil_div(config.hidden, lanes);
    ffn_tiles = ceil_div(config.ffn, lanes);
    result_tiles = packing.tiles * packing.group;
    pages = ceil_div(options.context, lanes);
    max_rows = std::max(options.batch, std::min({options.prefill_rows, row_lanes, g.accumulators / 2, std::max(1, 4096 / (pages * config.heads))}));

    layers.resize(size_t(config.layers));
    for (int layer = 0; layer < config.layers; ++layer) plan_layer(layers[size_t(layer)], layer);
    if (options.head) plan_head();
    allocate_constants();
    allocate_scratch();
    allocate_cache();
    place_weights();
}

/// Rows of the scale and bias tables; of a tile that is split over units the first part carries them.
void LlamaCompiler::Layout::give_rows(Matrix& matrix, bool biased) {
    for (OutputTile& tile : matrix.tiles) {
        if (tile.k_first > 0) continue;
        if (!half) tile.scale_row = scale_rows_[int(tile.unit.side)]++;
        if (biased) tile.bias_row = bias_rows_[int(tile.unit.side)]++;
    }
}

void LlamaCompiler::Layout::plan_layer(LlamaLayer& layer, int index) {
    const std::string name = "layer " + std::to_string(index);
    const int planes = chip.geometry.planes;
    const HeadPacking& p = packing;
    Matrix& qkv = layer.qkv;
    qkv = {.name = name + " q, k, v weights", .half = half, .inputs = dense_lanes(config.hidden, lanes)};
    UnitLoads loads(half, planes);
    const auto add_pair = [&](auto row_of) {
        std::array<int, 2> pair{};
        std::vector<int> outputs[2];
        for (int h = 0; h < 2; ++h) {
            for (int lane = 0; lane < lanes; ++lane) outputs[h].push_back(row_of(h, lane));
            trim(outputs[h]);
        }
        const int plane = loads.pair(int(outputs[0].size()), int(outputs[1].size()));
        for (int h = 0; h < 2; ++h) {  // the halves on opposite sides: they leave at the same cycle for RoPE
            pair[size_t(h)] = int(qkv.tiles.size());
            qkv.tiles.push_back({.outputs = outputs[h], .unit = {Side(h), plane, half}});
        }
        return pair;
    };
    const int q = p.heads * p.dim, k = p.kv * p.dim;
    for (int pair = 0; pair < p.pairs; ++pair)
        layer.key.push_back(add_pair([&](int h, int lane) { const int row = p.key_row(pair, h, lane); return row < 0 ? -1 : q + row; }));
    for (int vector = 0; vector < p.value_vectors(); ++vector) {
        std::vector<int> outputs;
        for (int lane = 0; lane < lanes; ++lane) {
            const int row = p.value_row(vector, lane);
            outputs.push_back(row < 0 ? -1 : q + k + row);
        }
        trim(outputs);
        layer.value.push_back(int(qkv.tiles.size()));
        qkv.tiles.push_back({.outputs = outputs, .unit = loads.single(int(outputs.size()))});
    }
    for (int g = 0; g < p.group; ++g)
        for (int pair = 0; pair < p.pairs; ++pair) layer.query.push_back(add_pair([&](int h, int lane) { return p.query_row(g, pair, h, lane); }));
    give_rows(qkv, config.attention_bias);

    const std::vector<MxmUnit> units = [&] {
        std::vector<MxmUnit> all;
        for (int plane = 0; plane < planes; plane += half ? 2 : 1)
            for (const Side side : {Side::West, Side::East}) all.push_back({side, plane, half});
        return all;
    }();
    layer.o = {.name = name + " o weights", .half = half};
    for (int tile = 0; tile < p.tiles; ++tile)
        for (int g = 0; g < p.group; ++g) {
            LaneMap map;
            for (int lane = 0; lane < lanes; ++lane) map.push_back(p.result_column(tile, g, lane));
            layer.o.inputs.push_back(std::move(map));
        }
    layer.o.tiles = deal_dense(units, config.hidden, lanes, int(layer.o.inputs.size()));
    give_rows(layer.o, config.attention_bias);

    Matrix& gate_up = layer.gate_up;
    gate_up = {.name = name + " gate, up weights", .half = half, .inputs = dense_lanes(config.hidden, lanes)};
    UnitLoads ffn_loads(half, planes);
    for (int vector = 0; vector < ffn_tiles; ++vector) {
        const int first = vector * lanes, last = std::min(config.ffn, first + lanes);
        const int plane = ffn_loads.pair(last - first, last - first);
        std::array<int, 2> pair{};
        for (int which = 0; which < 2; ++which) {
            OutputTile tile{.unit = {Side(which), plane, half}};
            for (int output = first; output < last; ++output) tile.outputs.push_back(which * config.ffn + output);
            pair[size_t(which)] = int(gate_up.tiles.size());
            gate_up.tiles.push_back(std::move(tile));
        }
        layer.ffn.push_back(pair);
    }
    give_rows(gate_up, config.mlp_bias);

    layer.down = {.name = name + " down weights", .half = half, .inputs = dense_lanes(config.ffn, lanes)};
    layer.down.tiles = deal_dense(units, config.hidden, lanes, ffn_tiles);
    give_rows(layer.down, config.mlp_bias);
}

void LlamaCompiler::Layout::plan_head() {
    head = {.name = "head weights", .half = half, .inputs = dense_lanes(config.hidden, lanes)};
    std::vector<MxmUnit> units;
    for (int plane = 0; plane < chip.geometry.planes; plane += half ? 2 : 1)
        for (const Side side : {Side::West, Side::East}) units.push_back({side, plane, half});
    head.tiles = deal_outputs(units, config.vocabulary, lanes);
    give_rows(head, false);
    for (const OutputTile& tile : head.tiles) head_columns.push_back(tile.outputs);
}

int LlamaCompiler::Layout::key_word(int page, int pair, int half_index) const {
    return ((page / 2 * packing.pairs + pair) * 2 + half_index) * page_words_key();
}

int LlamaCompiler::Layout::value_word(int page, int block) const { return page / 2 * (packing.kv + 1) * packing.value_blocks + block; }

int LlamaCompiler::Layout::result_mask_row(int tile, int head_) const {
    int row = 0;
    for (int t = 0; t < tile; ++t) row += packing.tile_last_head(t) - packing.tile_first_head(t) + 1;
    return row + head_ - packing.tile_first_head(tile);
}

std::vector<VectorRegion> LlamaCompiler::Layout::far_rows(const std::string& name, Side side, int words, bool constant) {
    std::vector<int> slices;
    const int first = chip.geometry.mem_slices - 2 * row_lanes;
    for (int i = 0; i < 2 * row_lanes; ++i) slices.push_back(first + i);
    const int address = memory.words(name, side, slices, words, constant ? Memory::End::Bottom : Memory::End::Top);
    std::vector<VectorRegion> rows;
    for (int i = 0; i < row_lanes; ++i) rows.push_back({side, 2, {first + 2 * i, first + 2 * i + 1}, address, words, constant});
    return rows;
}

void LlamaCompiler::Layout::allocate_constants() {
    const int64_t before = memory.words_used();
    const Side west = Side::West, east = Side::East;
    cosine = memory.vectors("cosine table", west, 0, 4, options.context, true);
    sine = memory.vectors("sine table", east, 0, 4, options.context, true);
    norm = memory.vectors("norm weights", east, 0, 4, (2 * config.layers + 1) * hidden_tiles, true);
    slot_mask = memory.vectors("head masks", east, 1, 1, packing.slots, true);
    result_mask = memory.vectors("result masks", east, 1, 1, result_mask_row(packing.tiles - 1, packing.tile_last_head(packing.tiles - 1)) + 1, true);
    bias = memory.vectors("score bias", east, 1, 4, lanes + 1, true);
    if (windowed()) hidden = memory.vectors("window masks", west, 1, 4, lanes + 1, true);
    for (const Side side : {west, east}) {  // read three cycles apart by one task of at most three rows: one group serves both
        const int s = int(side);
        if (scale_rows_[s] > 0) scales[s] = memory.vectors("weight scales", side, 2, 4, scale_rows_[s], true);
        if (bias_rows_[s] > 0) biases[s] = memory.vectors("projection biases", side, 2, 4, bias_rows_[s], true);
    }
    for (const Side side : {west, east}) {
        value_map[int(side)] = memory.vectors("value maps", side, 0, 1, packing.value_groups * packing.superlanes, true);
        for (const VectorRegion& row : far_rows("ones", side, 1, true)) ones.push_back(row);
    }
    if (options.embedding) {
        token_shift = memory.vectors("token shift", east, 1, 4, 1, true);
        token_keep = memory.vectors("token mask", east, 2, 1, 1, true);
        segment_tokens = 1;
        while (segment_tokens < config.vocabulary && segment_tokens < chip.data_words() / 2) segment_tokens *= 2;
        if (segment_tokens > chip.data_words()) segment_tokens /= 2;
        segments = ceil_div(config.vocabulary, segment_tokens);
        const int groups = chip.geometry.mem_slices / chip.geometry.slices_per_hop;
        for (int segment = 0; segment < segments; ++segment)
            for (int tile = 0; tile < hidden_tiles; ++tile) {
                int best = 1;  // the emptiest group, nearest the VXM of equals
                for (int group = 1; group < groups; ++group)
                    if (memory.free_words(east, group * chip.geometry.slices_per_hop + 2) > memory.free_words(east, best * chip.geometry.slices_per_hop + 2)) best = group;
                embedding.push_back(memory.vectors("embedding table", east, best, 2, std::min(segment_tokens, config.vocabulary - segment * segment_tokens), true));
            }
    }
    if (options.head) {
        vocabulary_ids = memory.vectors("vocabulary ids", east, 1, 4, int(head.tiles.size()), true);
        head_bias = memory.vectors("head bias", east, 1, 4, int(head.tiles.size()), true);
    }
    use.tables = (memory.words_used() - before) * lanes;
}

void LlamaCompiler::Layout::allocate_scratch() {
    const int64_t before = memory.words_used();
    const Side west = Side::West, east = Side::East;
    const int rows = max_rows, head_rows = packing.heads * max_rows;
    const int half_rows = ceil_div(head_rows, 2) + options.batch;  // heads of a request, by parity
    const auto scratch = [&](const char* name, Side side, int group, int width, int count) { return memory.vectors(name, side, group, width, std::max(1, count), false); };
    const int width = half ? 2 : 1;
    x = scratch("residual", west, 0, 4, rows * hidden_tiles);
    token = scratch("tokens", west, 1, 4, options.batch + rows);
    map_row = scratch("token map", east, 0, 1, rows);
    for (int stage = 0; stage < 3; ++stage) {  // neighbouring stages in different slices
        sum_stages[stage] = scratch("row sums", west, 1 + stage % 2, 4, rows);
        top_stages[stage] = scratch("row maxima", east, 1 + stage % 2, 4, rows);
    }
    scale = scratch("activation scales", west, 1, 4, 5 * rows);
    denominator = scratch("softmax sums", west, 1, 4, head_rows);
    wide = scratch("fp32 activations", east, 0, 4, rows * std::max({hidden_tiles, ffn_tiles, result_tiles}));
    for (const Side side : {west, east}) {
        const int s = int(side);
        normed[s] = scratch("normed activations", side, 2, width, rows * hidden_tiles);
        attended[s] = scratch("attention result", side, 2, width, rows * result_tiles);
        activated[s] = scratch("FFN activations", side, 2, width, rows * ffn_tiles);
        query_half[s] = scratch("queries", side, 2, 2, rows * packing.group * packing.pairs);
        for (VectorRegion& masked : query_masked[s]) masked = scratch("masked queries", side, 1, 2, head_rows);
        scores[s] = scratch("scores", side, 2, 4, half_rows * pages);
        for (int stage = 0; stage < 4; ++stage) maxima[s][stage] = scratch("score maxima", side, stage % 3, 4, half_rows);
        weights16[s] = scratch("softmax weights", side, 2, 2, head_rows * ceil_div(pages, 2));
    }
    if (options.head) {
        logit_rows = scratch("logits", east, 0, 4, rows * int(head.tiles.size()));
        for (int stage = 0; stage < 3; ++stage) best[stage] = scratch("argmax", west, stage, 4, 2 * rows);
    }
    use.scratch = (memory.words_used() - before) * lanes;
}

void LlamaCompiler::Layout::allocate_cache() {
    const int64_t before = memory.words_used();
    for (int request = 0; request < options.batch; ++request)
        for (int layer = 0; layer < config.layers; ++layer) {
            Cache cache;
            for (int side = 0; side < std::min(pages, 2); ++side) {
                const int own_pages = (pages + 1 - side) / 2;
                cache.key[side] = far_rows("key cache", Side(side), own_pages * packing.pairs * 2 * page_words_key(), false);
                cache.value[side] = far_rows("value cache", Side(side), own_pages * (packing.kv + 1) * packing.value_blocks, false);
                cache.staging[side] = far_rows("value staging", Side(side), 2 * packing.value_vectors(), false);
            }
            caches.push_back(std::move(cache));
        }
    use.kv = (memory.words_used() - before) * lanes;
}

/// Weights keep away from the slices next to the VXM while they fit elsewhere: those serve vectors.
void LlamaCompiler::Layout::place_weights() {
    const int64_t before = memory.words_used();
    const int width = half ? 2 : 1;
    int64_t words = 0;
    const auto count = [&](const Matrix& matrix) {
        for (const OutputTile& tile : matrix.tiles) {
            const int k_tiles = tile.k_last < 0 ? int(matrix.inputs.size()) : tile.k_last - tile.k_first + 1;
            words += int64_t(ceil_div(int(tile.outputs.size()), row_lanes)) * row_lanes * width * k_tiles;
        }
    };
    for (const LlamaLayer& layer : layers)
        for (const Matrix* matrix : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) count(*matrix);
    if (options.head) count(head);
    const int far = chip.geometry.mem_slices - chip.geometry.load_streams * chip.geometry.planes;
    int64_t free = 0;
    WeightPool pool{far};
    for (int slice = chip.geometry.mem_slices - 1; slice >= 0; --slice) {
        for (const Side side : {Side::West, Side::East}) free += memory.free_words(side, slice);
        pool.first_slice = std::min(pool.first_slice, slice);
        if (slice <= far && double(free) > 1.04 * double(words)) break;
    }
    if (double(free) < 1.04 * double(words)) pool.piece_words = 100;  // nearly full: small pieces waste less
    if (words > free)
        throw user_error("model '", config.name, "' does not fit chip '", chip.name, "': weights take ", words * lanes, " B (", half ? "fp16" : "int8", ", ", config.layers,
                         " layers), KV cache ", use.kv, " B (context ", options.context, ", batch ", options.batch, "), tables and scratch ", use.tables + use.scratch, " B, together ",
                         words * lanes + use.kv + use.tables + use.scratch, " B of ", int64_t(2) * chip.geometry.mem_slices * chip.data_words() * lanes, " B for data (",
                         chip.sram_bytes(), " B of SRAM less ", chip.text_bytes(), " B of instruction text)");
    for (LlamaLayer& layer : layers)
        for (Matrix* matrix : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) place_matrix(chip, memory, pool, *matrix);
    if (options.head) place_matrix(chip, memory, pool, head);
    use.weights = (memory.words_used() - before) * lanes;
}

}  // namespace superlane::compiler
