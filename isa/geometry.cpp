// SPDX-License-Identifier: Apache-2.0
// Queue numbering and names; positions on the stream line.
#include "isa/geometry.hpp"

#include <algorithm>
#include <bit>

#include "base/error.hpp"

namespace superlane::isa {
namespace {

constexpr const char* side_letter[] = {"w", "e"};
constexpr const char* port_name[] = {"weights", "activations", "accumulate"};
constexpr const char* sxm_name[] = {"distributor", "transposer", "permuter", "selector"};
constexpr int sxm_first[] = {0, sxm_distributors, sxm_distributors + sxm_transposers,
                             sxm_distributors + sxm_transposers + sxm_permuters};

}  // namespace

// A member added to Geometry must be added here too: the size of the structure tells.
using AllCounts = std::array<int, 14>;
static_assert(sizeof(Geometry) == sizeof(AllCounts));
std::vector<int> Geometry::counts() const {
    const auto all = std::bit_cast<AllCounts>(*this);
    return {all.begin(), dram_channels == 0 ? all.begin() + on_chip_counts : all.end()};
}
Geometry Geometry::from_counts(const std::vector<int>& counts) {
    AllCounts all{};
    SUPERLANE_CHECK(counts.size() <= all.size(), counts.size());
    std::copy(counts.begin(), counts.end(), all.begin());
    return std::bit_cast<Geometry>(all);
}

SxmUnit sxm_unit_kind(int unit) {
    int kind = 3;
    while (unit < sxm_first[kind]) --kind;
    return SxmUnit(kind);
}

QueueMap::QueueMap(const Geometry& geometry) {
    const auto add = [this](SliceKind kind, Side side, int unit, int port = 0) {
        queues_.push_back({kind, side, uint8_t(port), uint16_t(unit)});
    };
    for (const Side side : {Side::West, Side::East}) {
        mem_[int(side)] = size();
        for (int slice = 0; slice < geometry.mem_slices; ++slice) add(SliceKind::Mem, side, slice);
        mxm_[int(side)] = size();
        for (int plane = 0; plane < geometry.planes; ++plane)
            for (int port = 0; port < mxm_ports; ++port) add(SliceKind::Mxm, side, plane, port);
        sxm_[int(side)] = size();
        for (int unit = 0; unit < sxm_units; ++unit) add(SliceKind::Sxm, side, unit);
        c2c_[int(side)] = size();
        for (int port = 0; port < sxm_links; ++port) add(SliceKind::C2c, side, port);
    }
    vxm_ = size();
    for (int alu = 0; alu < geometry.alus; ++alu) add(SliceKind::Vxm, Side::West, alu);
    for (const Side side : {Side::West, Side::East}) {
        dram_[int(side)] = size();
        for (int channel = 0; channel < geometry.dram_channels; ++channel) add(SliceKind::Dram, side, channel);
    }
}

int QueueMap::sxm(Side side, SxmUnit kind, int number) const { return sxm_[int(side)] + sxm_first[int(kind)] + number; }

std::string QueueMap::name(int index) const {
    const Queue& queue = (*this)[index];
    const std::string side = side_letter[int(queue.side)];
    const std::string unit = std::to_string(queue.unit);
    switch (queue.kind) {
        case SliceKind::Mem:
            return "mem." + side + "." + unit;
        case SliceKind::Vxm:
            return "vxm." + unit;
        case SliceKind::Mxm:
            return "mxm." + side + "." + unit + "." + port_name[queue.port];
        case SliceKind::Sxm: {
            const int kind = int(sxm_unit_kind(queue.unit));
            return "sxm." + side + "." + sxm_name[kind] + "." + std::to_string(queue.unit - sxm_first[kind]);
        }
        case SliceKind::C2c:
            return "c2c." + side + "." + unit;
        case SliceKind::Dram:
            return "dram." + side + "." + unit;
        case SliceKind::Icu:
            break;
    }
    check_failed(__FILE__, __LINE__, "queue kind");
}

int QueueMap::find(std::string_view name) const {
    for (int index = 0; index < size(); ++index)
        if (this->name(index) == name) return index;
    return -1;
}

Floorplan::Floorplan(const Geometry& geometry, const Timing& timing)
    : slices_per_hop_(geometry.slices_per_hop),
      hop_(timing.stream_hop),
      to_sxm_(geometry.hops_to_sxm() * timing.stream_hop),
      passthrough_(timing.vxm_passthrough),
      entry_(timing.vxm_entry),
      to_mxm_(timing.sxm_to_mxm),
      from_mxm_(timing.sxm_from_mxm) {
    first_ = std::min(mxm_in(Side::West), mxm_out(Side::West));
    last_ = std::max(mxm_in(Side::East), mxm_out(Side::East));
}

}  // namespace superlane::isa
