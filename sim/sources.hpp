// SPDX-License-Identifier: Apache-2.0
// Where the values of a segment lie: rows of an SRAM, or a block that the driving unit fills as it computes.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/sram.hpp"
#include "sim/streams.hpp"

namespace superlane::sim {

struct Source {
    const Sram* sram = nullptr;
    Sram* pins = nullptr;       ///< the same, for planes that hold its rows
    int64_t address = 0, step = 0, read = 0, interval = 1;
    std::unique_ptr<uint8_t[]> block;
    uint32_t users = 0;         ///< streams that carry this
};

class SourcePool {
public:
    explicit SourcePool(int lanes) : lanes_(lanes) {}

    uint32_t add_sram(Sram& sram, int64_t address, int64_t step, const Beat& reads) {
        const uint32_t id = fresh(1);
        Source& source = sources_[id];
        source.sram = source.pins = &sram;
        source.address = address;
        source.step = step;
        source.read = reads.first;
        source.interval = reads.interval;
        return id;
    }
    /// Room for `elements` of `streams` planes each, zeroed; one user a stream.
    uint32_t add_block(uint32_t elements, int streams) {
        const uint32_t id = fresh(uint32_t(streams));
        sources_[id].block = std::make_unique<uint8_t[]>(size_t(elements) * size_t(streams) * size_t(lanes_));
        sources_[id].step = streams;
        return id;
    }
    void release(uint32_t id, uint32_t users) {
        Source& source = sources_[id];
        if ((source.users -= users) > 0) return;
        source = Source();
        free_.push_back(id);
    }

    /// Plane 0 of an element of a block.
    uint8_t* element(uint32_t id, uint32_t index) {
        Source& source = sources_[id];
        return source.block.get() + size_t(index) * size_t(source.step) * size_t(lanes_);
    }
    const Source& of(const Segment& segment) const { return sources_[segment.source]; }
    /// The bytes that a segment carries on a stream at coordinate c, and where they lie if in SRAM.
    struct Found {
        const uint8_t* bytes;
        Sram* sram;
        int64_t address;
    };
    Found find(const Segment& segment, int operand, int64_t c) const {
        const Source& source = sources_[segment.source];
        const int64_t index = (c - segment.diagonal.first) / segment.diagonal.interval;
        if (!source.sram) return {source.block.get() + (size_t(index) * size_t(source.step) + segment.plane(operand)) * size_t(lanes_), nullptr, 0};
        const int64_t address = source.address + index * source.step;
        return {source.sram->row(address, source.read + index * source.interval), source.pins, address};
    }

private:
    uint32_t fresh(uint32_t users) {
        uint32_t id = uint32_t(sources_.size());
        if (free_.empty()) {
            sources_.emplace_back();
        } else {
            id = free_.back();
            free_.pop_back();
        }
        sources_[id].users = users;
        return id;
    }

    int lanes_;
    std::vector<Source> sources_;
    std::vector<uint32_t> free_;
};

}  // namespace superlane::sim
