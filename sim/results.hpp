// SPDX-License-Identifier: Apache-2.0
// The blocks that chunks under way fill with their results, by chunk.
#pragma once
#include <algorithm>
#include <utility>
#include <vector>

#include "sim/core.hpp"

namespace superlane::sim {

class Results {
public:
    explicit Results(Shared& shared) : shared_(shared) {}

    /// Registers the streams a chunk drives, and keeps their block if values are computed.
    void drive(uint32_t id, const Chunk& chunk, const StreamUse& use, int position) {
        uint32_t source = 0;
        if (shared_.functional() && use.streams > 0 && chunk.drives() > 0) {
            source = shared_.sources.add_block(chunk.drives(), use.streams);
            blocks_.push_back({id, source});
        }
        shared_.drive(id, chunk, use, position, chunk.first, source);
    }

    /// Planes of the `drive`-th result of a chunk; empty if it drives none.
    bool planes(uint32_t id, uint32_t drive, int streams, uint8_t** planes) {
        const auto place = find(id);
        if (place == blocks_.end()) return false;
        uint8_t* first = shared_.sources.element(place->second, drive);
        for (int k = 0; k < streams; ++k) planes[k] = first + size_t(k) * size_t(shared_.chip.lanes());
        return true;
    }

    /// The last element is done: segments own the block now.
    void done(const Element& element, const Chunk& chunk) {
        if (element.index + 1 != chunk.count) return;
        const auto place = find(element.chunk);
        if (place != blocks_.end()) blocks_.erase(place);
    }

private:
    using Block = std::pair<uint32_t, uint32_t>;
    std::vector<Block>::iterator find(uint32_t id) {
        return std::find_if(blocks_.begin(), blocks_.end(), [&](const Block& block) { return block.first == id; });
    }

    Shared& shared_;
    std::vector<Block> blocks_;  ///< chunk, source
};

}  // namespace superlane::sim
