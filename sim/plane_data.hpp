// SPDX-License-Identifier: Apache-2.0
// What an MXM plane holds in functional mode: weight rows by reference, activations, accumulators, results on their way.
#pragma once
#include <cstring>
#include <memory>
#include <vector>

#include "sim/sources.hpp"

namespace superlane::sim {

/// Weight rows: addresses of SRAM rows, or of copies in `storage` for rows that are not (or no longer) in SRAM.
struct WeightRows {
    std::vector<const uint8_t*> rows;
    std::unique_ptr<uint8_t[]> storage;

    uint8_t* copy(size_t row, const uint8_t* bytes, size_t lanes) {
        if (!storage) storage = std::make_unique<uint8_t[]>(rows.size() * lanes);
        uint8_t* to = storage.get() + row * lanes;
        std::memmove(to, bytes, lanes);
        rows[row] = to;
        return to;
    }
    void detach(const uint8_t* row, size_t lanes) {
        for (size_t i = 0; i < rows.size(); ++i)
            if (rows[i] == row) copy(i, row, lanes);
    }
};

struct PlaneData {
    struct Result {
        int64_t cycle = -1;  ///< in which an ACC may take it
        std::vector<uint32_t> lanes;
    };

    PlaneData(const isa::Geometry& geometry, uint32_t depth, const uint8_t* zero) : lanes(size_t(geometry.lanes())), results(depth) {
        load.rows.assign(lanes, zero);
        array.rows.assign(lanes, zero);
    }

    uint8_t* slot(size_t index, size_t count) {
        if (slots.empty()) slots.resize(count * lanes);
        return slots.data() + index * lanes;
    }
    std::vector<uint32_t>& accumulator(size_t index, size_t count) {
        if (accumulators.empty()) accumulators.resize(count);
        if (accumulators[index].empty()) accumulators[index].resize(lanes);
        return accumulators[index];
    }
    Result& result(int64_t cycle) { return results[size_t(cycle) % results.size()]; }

    size_t lanes;
    WeightRows load, array;
    std::vector<uint8_t> slots;
    std::vector<std::vector<uint32_t>> accumulators;
    std::vector<Result> results;  ///< by cycle, modulo their number
};

}  // namespace superlane::sim
