// SPDX-License-Identifier: Apache-2.0
// Streams and slices in words, for hazards and traces.
#include "base/error.hpp"
#include "sim/prepare.hpp"

namespace superlane::sim {
namespace {

constexpr const char* side_letter[] = {"w", "e"};

}  // namespace

std::string stream_name(int operand) {
    if (operand < 0) return {};
    const bool east = isa::stream_direction(uint16_t(operand)) == isa::Side::East;
    return (east ? "E" : "W") + std::to_string(isa::stream_index(uint16_t(operand)));
}

int SliceMap::of(const isa::Queue& queue) const {
    switch (queue.kind) {
        case isa::SliceKind::Mem: return mem(queue.side, queue.unit);
        case isa::SliceKind::Vxm: return vxm();
        case isa::SliceKind::Mxm: return mxm(queue.side);
        case isa::SliceKind::Sxm: return sxm(queue.side);
        case isa::SliceKind::C2c: return c2c();
        case isa::SliceKind::Dram: return dram();
        case isa::SliceKind::Icu: break;
    }
    check_failed(__FILE__, __LINE__, "queue kind");
}

std::string SliceMap::name(int slice) const {
    if (slice < 0) return "program";
    if (slice < 2 * mem_) return std::string("mem.") + side_letter[slice / mem_] + "." + std::to_string(slice % mem_);
    const int other = slice - vxm();
    if (other == 0) return "vxm";
    if (other < 3) return std::string("mxm.") + side_letter[other - 1];
    if (other < 5) return std::string("sxm.") + side_letter[other - 3];
    return other == 5 ? "c2c" : "dram";
}

}  // namespace superlane::sim
