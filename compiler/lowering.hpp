// SPDX-License-Identifier: Apache-2.0
// From matrix products and reductions to tasks: what every operation of a model is made of.
#pragma once
#include <optional>
#include <vector>

#include "compiler/vector_task.hpp"

namespace superlane::compiler {

/// Weight rows of one array tile as they lie in memory: row c * rows_per_cycle + i is word c of regions[i].
struct WeightRows {
    std::vector<VectorRegion> regions;  ///< one a weight row of a cycle; width 1 (int8) or 2 (fp16)
    int first = 0;                      ///< row of the regions that cycle 0 reads
    int cycles = 0;
    int step = 1;  ///< rows of the regions between cycles; 0 = the same rows each cycle
    int rows = 0;  ///< of the last cycle only rows - (cycles - 1) * regions.size() are loaded
};

/// Activation vectors that pass a tile: from slots of the activation buffer, or straight from memory.
struct Activations {
    int count = 1;
    int slot = 0, slot_step = 1;         ///< from the buffer, when region is empty
    std::optional<VectorRegion> region;  ///< on the unit's side
    int row = 0, row_step = 1;
};

/// Activations that pass a tile one after the other, and where their results go: to (add: are added to) accumulator
/// slot + i.
struct Pass {
    Activations activations;
    int slot = 0;
    bool add = false;
};

/// Which expert's words are read: every slice gathers the word that the map's 16-bit entries say, counted from that of
/// expert 0. The map lies outside all weights, so that it reaches their slices on an inward stream, where it takes
/// nothing from the weights, which fill the outward ones.
struct ExpertMap {
    VectorRegion region;  ///< 1 byte a lane
    int row = 0;
    int stream = 0;
    int experts = 1;  ///< word w of expert e is word w * experts + e
};

/// All planes of a chip as units: int8 one by one, fp16 in pairs; west and east in turn.
std::vector<MxmUnit> mxm_units(const isa::Geometry& geometry, bool half);

class Lowering {
public:
    explicit Lowering(Problem& problem) : problem_(problem), last_(size_t(2 * problem.chip().geometry.planes)) {}

    Problem& problem() { return problem_; }
    const models::Chip& chip() const { return problem_.chip(); }
    VectorTask vector_task(int count, int interval = 1) {
        return VectorTask(problem_, count, interval, rotation_ += 5);
    }

    /// Streams that weight row i of a unit arrives on start here.
    int weight_stream(const MxmUnit& unit, int row) const;

    /// `rows` vectors of the region into activation slots of every unit on its side.
    void hold(const VectorRegion& region, int row, int rows, int slot, bool half);
    /// The same for vectors that stand one a region (row 0), all taken in one cycle.
    void hold_at_once(const std::vector<VectorRegion>& vectors, int row, int slot, bool half);
    /// Loads a tile, installs it, and lets the passes through.
    void tile(const MxmUnit& unit, const WeightRows& weights, const std::vector<Pass>& passes);
    /// The chosen expert's tiles one after the other, pass i behind weights[i]; rows past a tile's last are zero words.
    void expert_tiles(const MxmUnit& unit, const std::vector<WeightRows>& weights, const ExpertMap& map,
                      const std::vector<Pass>& passes);
    /// Accumulator slots straight to memory on the unit's side, not by way of the VXM: slot + i to row + i.
    void store_accumulators(const MxmUnit& unit, int slot, int count, const VectorRegion& region, int row);

    /// One stage of a reduction over lanes: where its input stands, and how many rotations of it are reduced.
    struct Stage {
        VectorRegion region;
        int row;
        int rotations;
    };
    /// Reduces all lanes: afterwards every lane of out_row has the result. Each stage reads its vector `rotations`
    /// times through the SXM's shifter, each time turned further, and accumulates; the product of rotations is the lane
    /// count.
    void reduce_lanes(DType type, isa::AccumulateOp reduction, const std::vector<Stage>& stages,
                      const VectorRegion& out, int out_row);
    /// Rotations of the stages of a reduction: few stages for the shortest way, three for many vectors one after the
    /// other.
    std::vector<int> two_stages() const;
    std::vector<int> three_stages() const;

    /// `count` accumulator slots that follow each other, in turn around the accumulator.
    int take_accumulators(int count);
    int take_activation_slots(int count);
    int next_permuter() { return permuter_ ^= 1; }

private:
    struct LastTile {
        int task = -1, installed = 0, last_activation = 0;
    };
    LastTile& last(const MxmUnit& unit, int plane) {
        return last_[size_t(int(unit.side) * problem_.chip().geometry.planes + plane)];
    }
    void load(Task& task, const MxmUnit& unit, const WeightRows& weights);
    void load_from_dram(Task& task, const MxmUnit& unit, const WeightRows& weights);
    int64_t text_vectors();
    void gather(Task& task, const MxmUnit& unit, const WeightRows& weights, int experts, int at, int cycles,
                uint16_t map);
    void spread_map(Task& task, const ExpertMap& map, Side side);
    void install(Task& task, const MxmUnit& unit, int at);
    void follow(Task& task, const MxmUnit& unit, int installed);
    void activate(Task& task, const MxmUnit& unit, const Activations& activations, int at, int interval);
    void accumulate(Task& task, const MxmUnit& unit, const Pass& pass, int at, int interval);
    void occupy_pair(Task& task, const MxmUnit& unit, isa::MxmPort port, int at, int length);

    Problem& problem_;
    std::vector<LastTile> last_;
    int64_t text_held_ = 0;  ///< bytes of instruction text for which DRAM channels are held
    int rotation_ = 0, accumulator_ = 0, activation_slot_ = 0, permuter_ = 0;
};

}  // namespace superlane::compiler
