// SPDX-License-Identifier: Apache-2.0
// Lowers one step of a Llama-family model to tasks. Where values are rounded: docs/numerics.md.
#pragma once
#include <functional>

#include "compiler/llama_layout.hpp"
#include "compiler/lowering.hpp"
#include "compiler/network.hpp"

namespace superlane::compiler {

/// Rows of one task that reads and writes whole rows: short enough that its ALUs serve twice, and that what it changes
/// is read before it is written.
constexpr int row_chunk = 3;
/// Of tasks that go through many heads: short enough to fit between others.
constexpr int heads_at_once = 16;
/// Tokens that the transposer turns at once.
constexpr int block_tokens = row_lanes;

class LlamaStep {
public:
    LlamaStep(const LlamaCompiler::Layout& layout, const std::vector<StepRow>& rows, const Arrivals& arrivals = {});
    const Problem& problem() const { return problem_; }
    /// What is put on cables to the stage after, or taken from those of the stage before, by cable, in order.
    const std::vector<std::vector<Crossing>>& sent_rows() const { return sent_rows_; }
    const std::vector<std::vector<Crossing>>& received_rows() const { return received_rows_; }

private:
    using Value = VectorTask::Value;
    /// Consecutive rows of one request.
    struct Request {
        int request, first, count, position;  ///< position of the first row
        int half_base;                        ///< first row of its heads in regions split by parity
        int last_position() const { return position + count - 1; }
    };
    /// Query head of a row: element order of scores, see head_row.
    struct HeadRow {
        int pair, row, g, slot;
    };
    /// Products with int8 activations: each has its scales.
    enum Product { qkv_product, output_product, ffn_product, down_product, head_product, query_product };
    struct NormRow {
        int row, to;
    };

    // llama_step.cpp: the residual row and what is done to whole rows
    void embed();
    Value place_token(VectorTask& task, Value embedding, int row, int tile);
    void attention(int layer, const std::vector<NormRow>& rows, bool last);
    /// What becomes of a sum of products.
    struct Landing {
        int post_norm;  ///< where the model has sandwich norms
        bool last;      ///< with the residual it leaves for the next stage
        bool joins;     ///< the stage before had an earlier part of it
        bool hands_on;  ///< a part of it, the next stage has a later one
    };
    Landing ffn_landing(int layer, bool last) const;
    void multiply_vectors(const Matrix& matrix, const ProductInput& input, Product product,
                          const std::function<void(VectorTask&, Value, int vector, int row)>& store,
                          const std::function<void(int vector)>& stored = {});
    void add_product(const Matrix& matrix, const VectorRegion (&input)[2], Product product, const Landing& landing);
    void store_sum(VectorTask& task, Value sum, int vector, int row);
    void land(int row, const Landing& landing);
    void feed_forward(int layer, bool last);
    void inner_ffn(const LlamaLayer& layer);
    void head();
    void store_logits(const OutputTile& tile, int index, int slot, int count);
    void argmax(int index, int token_row);
    void reduce_best(DType type, isa::AccumulateOp reduction, int row);
    Value result(VectorTask& task, const OutputTile& tile, int slot, Value scale);
    Value dequantize(VectorTask& task, const OutputTile& tile, Value sum, Value scale);
    Value scales(VectorTask& task, Product product, int row);
    Value sum_of_parts(VectorTask& task, const Matrix& matrix, const std::vector<int>& parts,
                       const std::vector<int>& slots, int row, Value scale);

    /// Partly filled vectors, one a shard, in rows that follow each other.
    struct Rests {
        const ShardedVector& vector;
        const VectorRegion& region;
        DType type;
        int first_row;
        const VectorRegion& mask;
    };
    Value pack(VectorTask& task, const Rests& rests, int v);

    // llama_norm.cpp
    void norm(int index, const std::vector<NormRow>& rows, Product product);
    const VectorRegion& norm_input(const VectorRegion& from) const;
    void centre(const VectorRegion& from, int row);
    void reduce_row(isa::AccumulateOp reduction, const VectorRegion (&stages)[3], int row);
    void sum_squares(const VectorRegion& from, int row);
    Value normed(VectorTask& task, int index, const VectorRegion& from, int row, int tile);
    Value normed_input(VectorTask& task, int index, int row);
    void norm_half(int index, const NormRow& row);
    void norm_wide(int index, const NormRow& row, Product product);
    void norm_int8(int index, const NormRow& row, Product product);
    void add_normed(int index, int row);
    void quantize(int row, int vectors, const VectorRegion (&to)[2], Product product);
    void quantize_row(int row, int vectors, const VectorRegion (&to)[2]);
    void quantize_from(const VectorRegion& from, const VectorRegion& maxima, int row, int vectors,
                       const VectorRegion (&to)[2]);

    // llama_activation.cpp
    Value sigmoid(VectorTask& task, Value x, float factor);
    Value activate(VectorTask& task, Value x);
    Value gated(VectorTask& task, Value gate, Value up);
    Value clamped(VectorTask& task, Value value, float limit);

    // llama_head_norm.cpp
    /// A vector pair of query or key heads in accumulators, `count` rows from row `first` of the step on.
    struct Heads {
        int layer;
        bool key;
        int vector;  ///< counted through queries, then keys
        const Matrix& matrix;
        const std::array<int, 2>& tiles;  ///< of halves A and B
        const std::array<int, 2>& slots;  ///< of row 0 of the step
        int first, count;
        const OutputTile& tile(size_t half) const { return matrix.tiles[size_t(tiles[half])]; }
    };
    void prepare_heads(const Heads& heads);
    std::array<Value, 2> head_halves(VectorTask& task, const Heads& heads);
    int raw_row(const Heads& heads) const;
    void sum_slots(int side, int row);

    // llama_router.cpp: which experts each row takes, and with what weight
    void route(const LlamaLayer& layer, int index);
    void router_input(int norm_index, int row);
    void router_product(const Matrix& router, int index);
    void share_logits(int row);
    void take_logits(int row);
    void copy_logits(int row);
    void rank(const RankTable& table, const VectorRegion (&values)[2], int value_row, const VectorRegion& ranks,
              int to);
    void write_both(VectorTask& task, Value value, const VectorRegion (&to)[2], int row);
    void score_softmax(int row);
    void score_sigmoid(int index, int row);
    void allow_groups(int row);
    void pick(int row, int slot);
    void map_expert(int row, int slot);
    void weigh_picks(int row);
    Value keep_picked(VectorTask& task, DType type, Value value, int row, int slot);
    void reduce_picks(DType type, isa::AccumulateOp reduction, int row);

    // llama_mixture.cpp: the chosen experts' FFNs and their sum
    void mixture_of_experts(int index, bool last);
    void shared_expert(const LlamaLayer& layer);
    void expert_inner(const LlamaLayer& layer, const HeldInput& held, int row, int slot);
    void quantize_expert(int choice);
    void expert_down(const LlamaLayer& layer, int row, int slot);
    void store_weighted(VectorTask& task, Value value, int vector, int row, int slot, bool begun);
    Value expert_result(VectorTask& task, const OutputTile& tile, Value sum, Value scale, int choice);
    ExpertMap next_map(Side side, int choice);

    // llama_exchange.cpp: between the chips of the group, and between stages
    void send_partial(int row, int offset, int k);
    void reduce_shard(int row, const Landing& landing);
    void join_sum(int row, int k, bool hands_on);
    void gather_shards(int row, bool add, const Boundary& entry);
    void broadcast(int row, const Boundary& entry);
    void pack_rests(int row);
    void take_shards(int row, bool add);
    void enter(int row);
    void leave(int row, bool whole);
    void pass_on(int row);
    int own_row(int row, int k) const;
    void send_on(LlamaCompiler::Layout::Leaving what, int row);
    void send_out(int cable, const VectorRegion& region, int row);
    void take_in(int cable, const VectorRegion& region, int row);
    void spread(const VectorRegion& region, int row);
    void gather_best(int count, const std::vector<int>& token_rows);
    Value narrow(VectorTask& task, Value value) const;
    Value widen(VectorTask& task, Value value) const;
    uint64_t ranks_of(const Boundary& boundary, int role) const;
    std::vector<int> peer_links() const;

    // llama_attention.cpp
    void project_qkv(int layer);
    void rotate(VectorTask& task, Value a, Value b, int position, float scale, Value& out_a, Value& out_b);
    void store_query(int layer, int g, int pair, const std::array<int, 2>& slots);
    void mask_query(const Request& request, int g, int pair);
    void store_key(int layer, int pair, const std::array<int, 2>& slots);
    void store_value(int layer, const LlamaLayer& weights, int vector, int slot);
    void transpose_values(int layer, const Request& request);
    int staging_row(int request, int block, int vector) const;
    void transpose_block(int layer, int request, int page, int block, int group, int first, int count);
    void attend(int layer, const Request& request);
    void score(int layer, const Request& request, int page, int pair);
    void store_scores(int layer, const Request& request, const MxmUnit& unit, int slot, int page, int pair, int row,
                      int first_g, int count_g);
    Value soft_capped(VectorTask& task, Value score);
    void store_sinks(int layer, const Request& request);
    void maximum(const Request& request);
    void exponentials(const Request& request, int page);
    void softmax_sums(const Request& request);
    void weigh_values(int layer, const Request& request, int tile);
    void pack_results(const Request& request);
    void store_result(VectorTask& task, Value result, int row);
    void store_attention(const Request& request, int tile, int slot, int member, const std::array<MxmUnit, 2>& units);
    int head_row(const Request& request, const HeadRow& head) const;
    HeadRow head_of(const Request& request, int head_row) const;
    int pages(const Request& request) const { return request.last_position() / layout_.lanes + 1; }
    int score_pages(const Request& request) const { return pages(request) + int(layout_.config.attention_sinks); }
    int scores_base(const Request& request) const { return request.half_base * layout_.score_pages(); }
    /// First token that row `row` sees.
    int first_visible(int layer, const Request& request, int row) const;
    int weight_row(const Request& request, int page, int row, int g, int kv_head) const;
    MxmUnit attention_unit(int side);

    // llama_latent.cpp
    void latent_attention(int layer, bool last);
    void project_latent(const Matrix& matrix, const ProductInput& input, Product product);
    void norm_latent_query(int layer, int row);
    void store_latent(int layer, const Request& request, int row);
    void store_latent_half(int layer, const Request& request, int row, int h, int raw_row);
    void rotate_queries(const Request& request);
    void take_nope(int row);
    void reduce_heads(int row);
    void quantize_latent(VectorTask& task, Value wide, int top, int top_step, const VectorRegion (&to)[2], int first);
    void quantize_latent_results(int row);
    void multiply_head(const OutputTile& tile, int k, const VectorRegion (&input)[2], int first, int step, int slot,
                       bool add);
    void latent_query(const Matrix& key_up, int head, int h);
    void latent_results(const Matrix& value_up);

    const LlamaCompiler::Layout& layout_;
    std::vector<StepRow> rows_;
    Arrivals arrivals_;
    std::vector<Request> requests_;
    Problem problem_;
    Lowering lowering_;
    Network network_;
    LinkNumbers links_;
    std::vector<std::vector<Crossing>> sent_rows_, received_rows_;  ///< by cable
    int next_pair_ = 0;
    int next_map_[2] = {};  ///< by side
};

}  // namespace superlane::compiler
