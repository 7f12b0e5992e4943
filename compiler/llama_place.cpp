// SPDX-License-Identifier: Apache-2.0
// Which slices hold a stage's weights.
#include <algorithm>

#include "base/error.hpp"
#include "base/integers.hpp"
#include "compiler/llama_layout.hpp"

namespace superlane::compiler {
/// What the stage's weights take in words, and those of experts among them.
struct LlamaCompiler::Layout::WeightWords {
    int64_t all = 0, experts = 0;
    int expert_piece = 0;  ///< one input tile of all experts: a slice may be left with almost so many free words
};

LlamaCompiler::Layout::WeightWords LlamaCompiler::Layout::weight_words() {
    WeightWords words{.expert_piece = lanes / row_lanes * experts.own};
    const auto count = [&](const Matrix& matrix) {
        const int width = (matrix.half ? 2 : 1) * std::max(1, matrix.experts);
        for (const OutputTile& tile : matrix.tiles) {
            const int k_tiles = tile.k_last < 0 ? int(matrix.inputs.size()) : tile.k_last - tile.k_first + 1;
            const int64_t own = int64_t(ceil_div(int(tile.outputs.size()), row_lanes)) * row_lanes * width * k_tiles;
            words.all += own;
            if (matrix.experts > 0) words.experts += own;
        }
    };
    for (LlamaLayer& layer : layers)
        for (const Matrix* matrix : layer.matrices()) count(*matrix);
    if (options.head) count(head);
    return words;
}

/// Weights keep away from the slices next to the VXM while they fit elsewhere: those serve vectors. What their pieces
/// waste is known only when they are placed, so the room is widened until they fit.
void LlamaCompiler::Layout::place_weights() {
    const int64_t before = memory.words_used();
    const WeightWords wanted = weight_words();
    constexpr double everywhere = 1e9, margins[] = {1.04, 1.12, 1.3, everywhere};
    const Memory empty = memory;
    const std::vector<LlamaLayer> unplaced = layers;
    const Matrix unplaced_head = head;
    for (const double margin : margins) try {
            place_weights(wanted, margin);
            break;
        } catch (const UserError&) {
            if (margin == everywhere) throw;
            memory = empty;
            layers = unplaced;
            head = unplaced_head;
        }
    use.weights = (memory.words_used() - before) * lanes;
}

/// In as many slices, from the outermost on, as have `margin` times the words.
void LlamaCompiler::Layout::place_weights(const WeightWords& wanted, double margin) {
    const int far = chip.geometry.mem_slices - chip.geometry.load_streams * chip.geometry.planes;
    int64_t free = 0;
    std::array<int64_t, 2> room{}, expert_room{};  // by side: each gets half of the weights
    WeightPool pool{far};
    for (int slice = chip.geometry.mem_slices - 1; slice >= 0; --slice) {
        for (const Side side : {Side::West, Side::East}) {
            const int own = memory.free_words(side, slice);
            free += own;
            room[size_t(side)] += own;
            if (slice <= last_expert_slice(chip)) expert_room[size_t(side)] += std::max(0, own - wanted.expert_piece);
        }
        pool.first_slice = std::min(pool.first_slice, slice);
        const auto enough = [&](const std::array<int64_t, 2>& there, int64_t words) {
            return 2.0 * double(std::min(there[0], there[1])) >= margin * double(words);
        };
        if (slice <= far && enough(room, wanted.all) && enough(expert_room, wanted.experts)) break;
    }
    constexpr double nearly_full = 1.04;
    if (double(free) < nearly_full * double(wanted.all)) pool.piece_words = 100;  // small pieces waste less
    if (wanted.all > free)
        throw user_error("model '", config.name, "' does not fit chip '", chip.name, "': weights take ",
                         wanted.all * lanes, " B (", half ? "fp16" : "int8", ", ", config.layers, " layers), KV cache ",
                         use.kv, " B (", kv.all(), " pages of ", lanes, " tokens for ", options.requests(),
                         options.requests() == 1 ? " request" : " requests", "), tables and scratch ",
                         use.tables + use.scratch, " B, together ",
                         wanted.all * lanes + use.kv + use.tables + use.scratch, " B of ",
                         int64_t(2) * chip.geometry.mem_slices * chip.data_words() * lanes, " B for data (",
                         chip.sram_bytes(), " B of SRAM less ", chip.text_bytes(), " B of instruction text)");
    WeightPool inner = expert_pool(chip, pool, 0);
    if (double(expert_room[0] + expert_room[1]) < 1.2 * double(wanted.experts))
        inner.piece_words = 1;  // one input tile at a time
    // Routers, whose words are two bytes wide beside int8, want pairs of slices that are filled alike; experts may not
    // lie everywhere. So they choose first.
    const auto turn = [&](const Matrix& matrix) { return matrix.half != half ? 0 : matrix.experts > 0 ? 1 : 2; };
    for (const int now : {0, 1, 2})
        for (LlamaLayer& layer : layers)
            for (Matrix* matrix : layer.matrices())
                if (turn(*matrix) == now) place_matrix(chip, memory, matrix->experts > 0 ? inner : pool, *matrix);
    if (options.head) place_matrix(chip, memory, pool, head);
}

void LlamaCompiler::Layout::check_dram_serves() const {
    if (const int least = half ? 2 : 1; chip.geometry.dram_channels < least)
        throw user_error("chip '", chip.name, "': ", half ? "fp16" : "int8", " weights in DRAM need at least ", least,
                         least == 1 ? " channel" : " channels", " a hemisphere, it has ", chip.geometry.dram_channels,
                         " (dram.channels_per_hemisphere)");
    if (experts.experts > 0)
        throw user_error("model '", config.name,
                         "': which experts' weights are read is known too late for DRAM; chip '", chip.name,
                         "' must hold them in SRAM");
}

/// All that is left in SRAM to be too much: then the context is what can be lower.
void LlamaCompiler::Layout::allocate_cache_beside_dram() {
    try {
        allocate_cache();
    } catch (const UserError& error) {
        throw user_error("model '", config.name, "': keys and values of ", options.context,
                         " tokens do not fit the SRAM of chip '", chip.name, "', lower the context (", error.what(),
                         ")");
    }
}

void LlamaCompiler::Layout::place_weights_in_dram() {
    const auto place = [&](Matrix& matrix) {
        place_in_dram(chip, memory, matrix);
        use.dram += matrix.bytes;
    };
    for (LlamaLayer& layer : layers)
        for (Matrix* matrix : layer.matrices()) place(*matrix);
    if (options.head) place(head);
    const int64_t wanted =
        std::max(memory.dram_used(Side::West), memory.dram_used(Side::East)) * 2 * chip.geometry.dram_channels * lanes;
    if (wanted > chip.dram_bytes())
        throw user_error("model '", config.name, "' does not fit the DRAM of chip '", chip.name,
                         "': ", half ? "fp16" : "int8", " weights take ", wanted, " B of ", chip.dram_bytes(), " B, ",
                         wanted - chip.dram_bytes(), " B more than there are (dram.mib)");
}

}  // namespace superlane::compiler
