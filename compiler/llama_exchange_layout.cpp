// SPDX-License-Identifier: Apache-2.0
// SRAM for what crosses links.
#include "compiler/llama_layout.hpp"

namespace superlane::compiler {

int LlamaCompiler::Layout::piece_mask_row(const ShardedVector& vector, int v) {
    int row = 0;
    for (int i = 0; i < v; ++i) row += vector.pieces(i);
    return row;
}

/// What goes over links lies near the SXMs, where the links are. Incoming and outgoing rows are on opposite sides.
void LlamaCompiler::Layout::allocate_exchange() {
    const bool stages = options.in.cables > 0 || options.out.cables > 0;
    if (alone() && !stages) return;
    const int64_t before = memory.words_used();
    const int width = options.wide_exchange ? 4 : 2, rows = max_rows * residual.slots * options.chips;
    const int far = chip.geometry.mem_slices / chip.geometry.slices_per_hop - 1;
    const auto region = [&](const char* name, Side side, int group, int width_, int count) {
        return memory.vectors(name, side, group, width_, count, false);
    };
    gathered = region("residual shards", Side::East, far, width, rows);
    if (residual.rest > 0 && residual.packed_rows() > 0) {
        packed = region("packed rests", Side::East, 1, 4, max_rows * residual.packed_rows());
        const int last = residual.packed_rows() - 1;
        piece_mask = memory.vectors("rest masks", Side::East, 2, 1,
                                    piece_mask_row(residual, last) + residual.pieces(last), true);
    }
    if (options.out.cables > 0)
        leaving = region("leaving shards", Side::West, far, width,
                         leaving_row(hands_ffn_on() ? partial_sums : residual_shards, max_rows, 0));
    if (joins_ffn()) joining = region("joining sums", Side::East, far - 1, width, joining_row(max_rows, 0));
    if (!alone()) {
        outgoing = region("partial sums to send", Side::West, far, width, rows);
        received = region("partial sums received", Side::East, far - 1, width, rows);
        if (options.head) {
            candidates = region("best logits", Side::East, far - 1, 4, candidate_row(max_rows));
            candidate_tokens = region("best tokens", Side::East, far, 4, candidate_row(max_rows));
        }
    }
    use.scratch += (memory.words_used() - before) * lanes;
}

}  // namespace superlane::compiler
