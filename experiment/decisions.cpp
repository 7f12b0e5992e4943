// SPDX-License-Identifier: Apache-2.0
// Reads the layout that the compiler made.
#include "experiment/decisions.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "compiler/llama_layout.hpp"

namespace superlane::experiment {
namespace {

using compiler::Matrix;

template <class... Parts>
std::string sentence(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    return text.str();
}

/// "mem.w.3-9" of every run of neighbouring slices.
std::string slice_ranges(const std::set<std::pair<int, int>>& slices) {
    std::string text;
    for (auto at = slices.begin(); at != slices.end();) {
        auto last = at;
        for (auto next = std::next(last); next != slices.end() && *next == std::pair(last->first, last->second + 1);
             ++next)
            last = next;
        text +=
            (text.empty() ? "" : ", ") + std::string(at->first == 0 ? "mem.w." : "mem.e.") + std::to_string(at->second);
        if (last != at) text += "-" + std::to_string(last->second);
        at = std::next(last);
    }
    return text;
}

int count_elements(const std::vector<compiler::LaneMap>& maps) {
    std::set<int> columns;
    for (const auto& map : maps) columns.insert(map.begin(), map.end());
    columns.erase(-1);
    return int(columns.size());
}

MatrixDecision decide(const Matrix& matrix) {
    MatrixDecision decision{.name = matrix.name,
                            .inputs = count_elements(matrix.inputs),
                            .tiles = int(matrix.tiles.size()),
                            .input_tiles = matrix.input_tiles,
                            .experts = matrix.experts};
    std::map<std::pair<int, int>, int> units;
    std::set<std::pair<int, int>> slices;
    std::set<int> outputs;
    for (const auto& tile : matrix.tiles) {
        outputs.insert(tile.outputs.begin(), tile.outputs.end());
        ++units[{int(tile.unit.side), tile.unit.plane}];
        for (const auto& piece : tile.pieces)
            for (const auto& region : piece.rows.regions)
                for (int byte = 0; byte < region.width; ++byte)
                    slices.insert({int(region.side), region.slices[size_t(byte)]});
    }
    outputs.erase(-1);
    decision.outputs = int(outputs.size());
    for (const auto& [unit, tiles] : units) decision.unit_tiles.push_back(tiles);
    decision.slices = slice_ranges(slices);
    decision.sram_bytes = matrix.bytes;
    decision.useful_bytes =
        int64_t(decision.outputs) * decision.inputs * std::max(1, matrix.experts) * (matrix.half ? 2 : 1);
    return decision;
}

std::string heads_reason(const compiler::LlamaCompiler::Layout& layout) {
    const auto& l = layout.latent;
    if (layout.whole.has_mla())
        return sentence("heads: all ", l.heads, " share one key, a latent row of ", l.latent, " elements and ", l.rope,
                        " RoPE pairs, in a pair of vectors of ", layout.lanes,
                        " lanes; queries are taken to the latent row, results from it");
    const auto& p = layout.packing;
    return sentence("heads: ", p.slots, " KV heads of ", p.dim, " dimensions share a pair of vectors of ", layout.lanes,
                    " lanes (first and second halves apart, so that RoPE pairs meet in one lane): ", p.pairs,
                    " pairs for ", p.kv, " KV heads, ", p.group, " query heads each");
}

std::vector<std::string> reasons(const compiler::LlamaCompiler::Layout& layout) {
    const std::string type = layout.half ? "fp16 uses the planes in pairs, half a vector a cycle"
                                         : "int8 uses every plane by itself, a vector a cycle";
    return {heads_reason(layout),
            sentence("tiles: ", type, "; output tiles are dealt over all planes, so that all streams carry weights"),
            sentence("pages: a context of ", layout.options.context, " tokens takes ", layout.pages, " pages of ",
                     layout.lanes, " tokens, even pages west, odd pages east"),
            sentence("rows: a step takes at most ", layout.max_rows,
                     " tokens, by --prefill-rows, accumulators and scratch"),
            sentence("places: weights and tables from word 0 up, keys, values and scratch from the last data word "
                     "down: mostly different banks, so that reads and writes do not meet")};
}

}  // namespace

Decisions decisions(const models::Chip& chip, const LlmConfig& model, const compiler::LlamaOptions& options) {
    compiler::LlamaCompiler::Layout layout(chip, model, options, nullptr);
    Decisions result;
    for (auto& layer : layout.layers)
        for (const Matrix* matrix : layer.matrices())
            if (!matrix->tiles.empty()) result.matrices.push_back(decide(*matrix));
    if (options.head) result.matrices.push_back(decide(layout.head));
    result.reasons = reasons(layout);
    if (const auto& e = layout.experts; e.experts > 0)
        result.reasons.push_back(
            sentence("experts: word w of expert e is word w * ", e.own,
                     " + e of a matrix, so that a map of the expert's number finds all of its words; ", e.active,
                     " of ", e.experts, " are read for a token"));
    return result;
}

}  // namespace superlane::experiment
