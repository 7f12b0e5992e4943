// SPDX-License-Identifier: Apache-2.0
// SRAM allocation, and host images of vectors.
#include "compiler/memory.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::compiler {

Memory::Memory(const models::Chip& chip, const Memory* beside) : chip_(&chip) {
    if (beside) {
        bottom_ = beside->bottom_;
        top_ = beside->top_;
        dram_ = beside->dram_;
        return;
    }
    for (int side = 0; side < 2; ++side) {
        bottom_[size_t(side)].assign(size_t(chip.geometry.mem_slices), 0);
        top_[size_t(side)].assign(size_t(chip.geometry.mem_slices), chip.data_words());
    }
}

int Memory::words(const std::string& name, Side side, const std::vector<int>& slices, int count, End end) {
    std::vector<int>& bottom = bottom_[size_t(side)];
    std::vector<int>& top = top_[size_t(side)];
    int low = 0, high = chip_->data_words();
    for (const int slice : slices) {
        low = std::max(low, bottom[size_t(slice)]);
        high = std::min(high, top[size_t(slice)]);
    }
    if (high - low < count)
        throw user_error(name, " does not fit: ", count, " words wanted in each of ", slices.size(), " MEM slices (",
                         slices.front(), " to ", slices.back(), side == Side::West ? ", west" : ", east", "), ",
                         std::max(0, high - low), " of ", chip_->data_words(), " free; chip '", chip_->name, "' has ",
                         chip_->sram_bytes(), " B of SRAM");
    const int address = end == End::Bottom ? low : high - count;
    for (const int slice : slices)
        (end == End::Bottom ? bottom : top)[size_t(slice)] = end == End::Bottom ? low + count : address;
    return address;
}

VectorRegion Memory::vectors(const std::string& name, Side side, int group, int width, int rows, bool constant) {
    VectorRegion region{side, width, {}, 0, rows, constant};
    // Of a group's slices take the `width` emptiest neighbours.
    const int per_group = chip_->geometry.slices_per_hop;
    const int first = group * per_group;
    int best = first;
    for (int candidate = first; candidate + width <= first + per_group; candidate += width)
        if (free_words(side, candidate) > free_words(side, best)) best = candidate;
    std::vector<int> slices;
    for (int k = 0; k < width; ++k) slices.push_back(region.slices[size_t(k)] = best + k);
    region.address = words(name, side, slices, rows, constant ? End::Bottom : End::Top);
    return region;
}

int64_t Memory::words_used() const {
    int64_t used = 0;
    for (int side = 0; side < 2; ++side)
        for (int slice = 0; slice < chip_->geometry.mem_slices; ++slice)
            used += chip_->data_words() - free_words(Side(side), slice);
    return used;
}

void put_row(Image& image, const VectorRegion& region, int row, const std::vector<uint32_t>& values) {
    for (int k = 0; k < region.width; ++k) {
        ImageBlock block{region.side, region.slices[size_t(k)], region.address + row,
                         std::vector<uint8_t>(values.size())};
        for (size_t lane = 0; lane < values.size(); ++lane) block.bytes[lane] = uint8_t(values[lane] >> (8 * k));
        image.push_back(std::move(block));
    }
}

}  // namespace superlane::compiler
