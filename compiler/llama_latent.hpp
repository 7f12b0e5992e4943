// SPDX-License-Identifier: Apache-2.0
// Multi-head latent attention (MLA) in its absorbed form: how latent rows and heads are packed into lanes.
#pragma once
#include <vector>

#include "compiler/matrix.hpp"
#include "models/llm.hpp"

namespace superlane::compiler {

/// All heads share one key, the latent row and its RoPE elements, and one value, the latent row. A key is a pair of
/// vectors like a head of ordinary attention: A has the first half of the latent row and the first elements of the RoPE
/// pairs, B the second half and the second elements, in the same lanes as A's.
/// Results of projections stand as fp32 vectors in two regions: west key A, the latent row of queries, the heads'
/// queries without position, A of those with RoPE; east key B and B of those with RoPE. Their numbers go on from west
/// to east.
struct LatentPacking {
    LatentPacking() = default;
    /// `own`: one chip's share. UserError when a key does not fit two vectors or a head a vector.
    LatentPacking(const LlmConfig& own, int lanes);

    int lanes = 0, heads = 0;
    int latent = 0;     ///< elements of the latent row
    int half = 0;       ///< of these in A: whole superlanes
    int rope = 0;       ///< RoPE pairs of a head
    int rope_lane = 0;  ///< of the first pair in a key or query, a multiple of `rope`
    int nope = 0, value = 0, q_lora = 0;
    bool interleaved = false;
    int query_vectors = 0;                 ///< of the latent row of queries; 0 = there is none
    int nope_heads = 0, nope_vectors = 0;  ///< heads of one vector
    int rope_heads = 0, rope_vectors = 0;  ///< heads of one vector; vectors of A
    int result_vectors = 0;                ///< the output projection's input, dense

    int west() const { return 1 + query_vectors + nope_vectors + rope_vectors; }
    int east() const { return 1 + rope_vectors; }
    int key(int h) const { return h * west(); }  ///< number of the vector; h: 0 = A, 1 = B
    int query(int v) const { return 1 + v; }
    int nope_vector(int v) const { return 1 + query_vectors + v; }
    int rope_vector(int h, int v) const { return h == 0 ? 1 + query_vectors + nope_vectors + v : west() + 1 + v; }

    /// By lane: rows of kv_a, rows of this chip's heads in the query projection; -1 for none.
    std::vector<int> key_rows(int h) const;
    std::vector<int> nope_rows(int v) const;
    std::vector<int> rope_rows(int h, int v) const;
    int latent_first(int h) const { return h * half; }
    int latent_count(int h) const { return h == 0 ? half : latent - half; }
    /// Heads that have lanes of result vector v: first and last.
    int result_first(int v) const { return v * lanes / value; }
    int result_last(int v) const;

    // Rows of the region of masks.
    static constexpr int latent_mask = 0, rope_mask = 1;
    int nope_mask(int slot) const { return 2 + slot; }
    int result_mask(int tile) const { return 2 + nope_heads + tile; }  ///< tile: of LatentLayer::value_up
    int masks() const { return result_mask(result_tiles()); }
    int result_tiles() const;
    int gains() const { return 2 + query_vectors; }  ///< rows a layer: A, B, latent row of queries
};

/// Its kv_b in two parts: of each head K^T takes a query to the latent row, V takes a latent row to the result. The
/// first projections, of queries or their latent row over that of keys and values, are LlamaLayer::qkv.
struct LatentLayer {
    Matrix query_b;
    Matrix key_up;    ///< inputs: a head's lanes by its slot; tiles [head][A, B]
    Matrix value_up;  ///< tiles by result vector, then head; those of a vector share unit and scale row
};

struct LatentRegions {
    VectorRegion gains, masks;     ///< constants: fp32, bool
    VectorRegion raw[2];           ///< fp32 results of projections by side: row * west() or east()
    VectorRegion rotated_key[2];   ///< fp16, A west, B east
    VectorRegion values[2];        ///< fp16, the latent row as stored, A west, B east
    VectorRegion query_normed[2];  ///< product inputs by side
    VectorRegion nope[2];          ///< product inputs by side: fp16 row * nope_vectors, int8 row * heads
    VectorRegion head_wide;        ///< fp32, row * heads: a head's query, other lanes 0
    VectorRegion head_tops[3];     ///< maxima of heads: input, middle, result
    VectorRegion head_scale;       ///< fp32, row * heads: of the activations
    VectorRegion lane_scale;       ///< fp32, row * result_vectors: the scale of each lane's head
    VectorRegion results[2];       ///< product inputs by side
};

/// The attention that scores and values see: one KV head as wide as the latent row.
LlmConfig attention_shape(const LlmConfig& own);

}  // namespace superlane::compiler
