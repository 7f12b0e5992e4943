// SPDX-License-Identifier: Apache-2.0
// Where the router and the experts of a mixture-of-experts FFN lie in SRAM.
#pragma once
#include <vector>

#include "compiler/matrix.hpp"
#include "models/llm.hpp"

namespace superlane::compiler {

/// For rotation r of a vector of values: what value x that arrives counts where it is larger than a lane's own (`one`)
/// or equal to it (`lower`). Row 0, where every lane meets itself, marks lanes that have no expert to rank.
struct RankTable {
    VectorRegion one, lower;  ///< int32, row = rotation
};
constexpr int unranked = 1 << 24;

/// Experts stand in lanes, by number. Their ranks are counted: the vector of their scores is turned by every rotation
/// and each lane counts the scores that beat its own. Where lanes allow, the vector holds all experts twice, so that as
/// many rotations as there are experts show a lane of the second copy all of them; else it is turned all the way.
struct ExpertLayout {
    int experts = 0;    ///< of the model
    int own = 0;        ///< of this chip
    int first = 0;      ///< number, among the experts of this chip's set, of its first
    int active = 0;     ///< chosen for a token
    int slots = 0;      ///< most of them that are this chip's
    int tiles = 0;      ///< vectors of an expert's inner row
    int copies = 1;     ///< of the experts in a vector of scores
    int rotations = 0;  ///< that show a lane all experts
    bool dealt() const { return own < experts; }
    int first_lane() const { return (copies - 1) * experts; }
    /// Expert in a lane of the ranked block, or -1.
    int expert(int lane) const {
        return lane >= first_lane() && lane < first_lane() + experts ? lane - first_lane() : -1;
    }
    /// Expert in any lane, or -1.
    int any_expert(int lane) const { return lane >= 0 && lane < copies * experts ? lane % experts : -1; }

    // Constants.
    VectorRegion bias;                  ///< fp32, row = layer: of the router; -3e38 in lanes without an expert
    VectorRegion correction;            ///< fp32, row = layer
    RankTable all, mine;                ///< all experts; this chip's, where experts are dealt
    RankTable in_group, groups;         ///< experts of one group; groups, each counted as often as it has experts
    VectorRegion same_group;            ///< bool, row = rotation
    VectorRegion ids;                   ///< int32: number of the expert on its chip
    VectorRegion lowest;                ///< fp32: -3e38
    VectorRegion map_shift, map_keep;   ///< int32 0, 8 in lanes 0, 1 of each superlane; bool of those lanes
    VectorRegion scales[2], biases[2];  ///< fp32, by side: row of the tile + expert

    // Scratch.
    VectorRegion routed[2];  ///< fp16, int8 mode: normed rows for the router
    // Values that are ranked stand on both sides (west, east): a lane's own, and those that are turned.
    VectorRegion logits[2];                ///< fp32
    VectorRegion scores[2];                ///< fp32: what experts are chosen by, then those of the allowed groups
    VectorRegion group_stage[2];           ///< fp32: the two best of a group (east only), then their sum
    VectorRegion ranks;                    ///< int32: of all, in the group, of the group
    VectorRegion my_ranks;                 ///< int32: of this chip's
    VectorRegion shares;                   ///< fp32: exp(logit - maximum), or the sigmoid
    VectorRegion sums;                     ///< fp32: of the shares
    VectorRegion picks[3];                 ///< reductions over lanes: input, middle, result; rows pick_row()
    VectorRegion weights;                  ///< fp32, row * slots + slot
    VectorRegion near_map[2];              ///< u8, by side, row * slots + slot: read with scales and biases
    std::vector<VectorRegion> far_map[2];  ///< the same in slices outside all weights, to be read in turn
    VectorRegion normed_scale;             ///< int8 mode: of the activated row of a slot
    VectorRegion wide, activated[2];       ///< row of a slot: slot * tiles + vector
    VectorRegion top[3];
    VectorRegion mixture;  ///< fp32: sums of experts, row * vectors + vector

    enum Pick { id, share };
    int picks_a_row() const { return 2 * slots + 2; }  ///< and the maximum and the sum
    int pick_row(int row, Pick pick, int slot) const { return row * picks_a_row() + int(pick) * slots + slot; }
    int maximum_row(int row) const { return row * picks_a_row() + 2 * slots; }
    int sum_row(int row) const { return row * picks_a_row() + 2 * slots + 1; }
    enum Rank { of_all, of_group_members, of_groups };
    static int rank_row(int row, Rank rank) { return 3 * row + rank; }
    /// Experts of every copy's lanes by score: as the router has them, and without those of groups not chosen.
    static int score_row(int row, bool allowed) { return 2 * row + int(allowed); }
};

/// Sizes only. `own`: one chip's share of the model.
ExpertLayout expert_layout(const LlmConfig& whole, const LlmConfig& own, int lanes);
/// Slices for experts' weights: inside those of the maps.
int last_expert_slice(const models::Chip& chip);
WeightPool expert_pool(const models::Chip& chip, const WeightPool& pool, int experts);

}  // namespace superlane::compiler
