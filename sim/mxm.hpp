// SPDX-License-Identifier: Apache-2.0
// The MXM planes of one side. Timing and hazards in mxm.cpp, values in mxm_data.cpp.
#pragma once
#include <array>

#include "sim/plane_data.hpp"
#include "sim/fifo.hpp"
#include "sim/results.hpp"

namespace superlane::sim {

class MxmSlice final : public Slice {
public:
    MxmSlice(Shared& shared, int number, isa::Side side);
    void act(const Action& action, const Chunk& chunk) override;
    void compute(const Element& element, const Chunk& chunk) override;
    /// Copies a row that is about to change wherever it is held as a weight.
    void detach(const uint8_t* row);

private:
    struct Weights {
        int rows = 0;
        isa::DType type = isa::DType::I8;
    };
    struct Arrivals {  ///< results of a chunk of activations at the accumulator
        Beat beat;
        isa::DType type;
    };
    struct PortUse {
        uint32_t chunk;
        int64_t last;  ///< of the chunk's cycles
        bool half;
    };
    struct PortUses {
        Fifo<PortUse> recent;
        int64_t last = -1, last_half = -1;  ///< of all: most uses need no look at the others
    };
    struct Plane {
        Weights load, array;
        bool installed = false;
        int64_t install_cycle = 0;
        std::vector<bool> held, accumulated;  ///< slots that were filled
        Fifo<Arrivals> arrivals;
        std::array<PortUses, isa::mxm_ports> uses;
        int64_t last_half = INT64_MIN / 2;
        uint32_t last_half_chunk = no_burst;
    };

    static bool half(const Chunk& chunk) { return chunk.instruction.dtype == isa::DType::F16; }
    Plane& plane(const Chunk& chunk, int next = 0) { return planes_[size_t(chunk.unit + next)]; }
    static int width(const Chunk& chunk) { return half(chunk) ? 2 : 1; }  ///< planes that the chunk takes
    int arrival_delay() const { return shared_.timing.mxm_activation_in + shared_.timing.mxm_multiply; }

    void start(uint32_t id, const Chunk& chunk);
    void end(const Chunk& chunk);
    void load(const Chunk& chunk);
    void install(const Chunk& chunk);
    void activate(uint32_t id, const Chunk& chunk);
    void check_array(const Chunk& chunk);
    void check_half_interval(uint32_t id, const Chunk& chunk);
    void fill(std::vector<bool>& slots, const Chunk& chunk, int each);
    void need(const std::vector<bool>& slots, const Chunk& chunk);
    void check_result(const Chunk& chunk);
    void check_port(uint32_t id, const Chunk& chunk, isa::MxmPort port);
    void emit(uint32_t id, const Chunk& chunk);

    PlaneData& data(const Chunk& chunk, int next = 0) { return data_[size_t(chunk.unit + next)]; }
    void hold_rows(const Chunk& chunk);
    uint32_t rows_left(int row, int vectors) const;
    bool hold_calm_rows(PlaneData& to, const Segment& segment, int operand, const Chunk& chunk, uint32_t first, uint32_t count, int base);
    void hold_row(PlaneData& to, const Segment* segment, int operand, int64_t cycle, size_t row);
    void swap_rows(const Chunk& chunk);
    void compute_product(const Element& element, const Chunk& chunk);
    void compute_hold(const Element& element, const Chunk& chunk);
    void compute_accumulator(const Element& element, const Chunk& chunk);
    void activation(const Element& element, const Chunk& chunk, const uint8_t** planes);

    isa::Side side_;
    int in_, out_;
    std::vector<Plane> planes_;
    Results results_{shared_};
    std::vector<PlaneData> data_;
};

}  // namespace superlane::sim
