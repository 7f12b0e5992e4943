// SPDX-License-Identifier: Apache-2.0
// How many of everything a chip has, its instruction queues, and where on the stream line each slice stands.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isa/timing.hpp"

namespace superlane::isa {

enum class Side : uint8_t { West, East };
constexpr Side opposite(Side side) { return side == Side::West ? Side::East : Side::West; }
constexpr int sign(Side side) { return side == Side::West ? -1 : 1; }

enum class SliceKind : uint8_t { Mem, Vxm, Mxm, Sxm, C2c, Icu, Dram };

constexpr int lanes_per_superlane = 16;
constexpr int max_streams = 64;  // a direction; an encoding limit, the chip's own count is Geometry::streams

/// Counts of one chip. Invariants (checked by the chip loader): all > 0, streams <= max_streams and a multiple of 16.
struct Geometry {
    int superlanes = 20;
    int mem_slices = 44;        ///< per hemisphere
    int slices_per_hop = 4;     ///< MEM slices that share a stream register
    int words = 8192;           ///< per MEM slice, of lanes() bytes
    int banks = 2;              ///< per MEM slice; bank = top bits of the word address
    int streams = 32;           ///< per direction
    int alus = 16;              ///< in the VXM
    int planes = 2;             ///< MXM planes per hemisphere
    int load_streams = 16;      ///< weight streams per plane
    int activation_slots = 64;  ///< vectors an MXM plane's activation buffer holds
    int accumulators = 64;      ///< result vectors an MXM plane's accumulator holds
    int links = 16;             ///< chip-to-chip
    int dram_channels = 0;      ///< of memory beside the chip, per hemisphere
    int dram_mib = 0;           ///< of all of them

    int lanes() const { return superlanes * lanes_per_superlane; }
    int words_per_bank() const { return words / banks; }
    int hops_to_sxm() const { return (mem_slices + slices_per_hop - 1) / slices_per_hop; }
    /// Vectors of one DRAM channel.
    int64_t dram_vectors() const {
        return dram_channels == 0 ? 0 : (int64_t(dram_mib) << 20) / (2 * dram_channels) / lanes();
    }
    static constexpr int on_chip_counts = 12;
    /// Counts in order of declaration: what files and digests store. Those of DRAM only where there is some.
    std::vector<int> counts() const;
    static Geometry from_counts(const std::vector<int>& counts);
    bool operator==(const Geometry&) const = default;
};

/// The ports of SliceKind::Mxm and the units of SliceKind::Sxm that own a queue each (ISCA20 counts, split assumed).
enum class MxmPort : uint8_t { Weights, Activations, Accumulate };
constexpr int mxm_ports = 3;
constexpr int sxm_distributors = 4, sxm_transposers = 2, sxm_permuters = 2, sxm_selectors = 1, sxm_links = 5;
constexpr int sxm_units = sxm_distributors + sxm_transposers + sxm_permuters + sxm_selectors;
enum class SxmUnit : uint8_t { Distributor, Transposer, Permuter, Selector };

/// One instruction queue. `unit` is the MEM slice, ALU, plane, SXM unit (distributors first), C2C port or DRAM channel;
/// `port` is an MxmPort.
struct Queue {
    SliceKind kind = SliceKind::Mem;
    Side side = Side::West;  ///< West for the VXM, which has no side
    uint8_t port = 0;
    uint16_t unit = 0;
    bool operator==(const Queue&) const = default;
};

/// Dense numbering of a chip's queues, and their names in assembly: mem.w.12, vxm.3, mxm.e.1.weights,
/// sxm.w.transposer.0, c2c.e.4, dram.w.0.
class QueueMap {
public:
    explicit QueueMap(const Geometry& geometry);
    int size() const { return int(queues_.size()); }
    const Queue& operator[](int index) const { return queues_[size_t(index)]; }
    int mem(Side side, int slice) const { return mem_[int(side)] + slice; }
    int vxm(int alu) const { return vxm_ + alu; }
    int mxm(Side side, int plane, MxmPort port) const { return mxm_[int(side)] + plane * mxm_ports + int(port); }
    int sxm(Side side, SxmUnit kind, int number) const;
    int c2c(Side side, int port) const { return c2c_[int(side)] + port; }
    int dram(Side side, int channel) const { return dram_[int(side)] + channel; }
    std::string name(int index) const;
    /// Index of a queue's name; -1 if there is none.
    int find(std::string_view name) const;

private:
    std::vector<Queue> queues_;
    int mem_[2], mxm_[2], sxm_[2], c2c_[2], dram_[2], vxm_ = 0;
};

SxmUnit sxm_unit_kind(int unit);

/// Positions on the stream line, in cycles of travel; eastward values move +1 a cycle, westward -1. West MEM group 0
/// stands at 0.
class Floorplan {
public:
    Floorplan(const Geometry& geometry, const Timing& timing);
    int mem(Side side, int slice) const {
        const int group = slice / slices_per_hop_ * hop_;
        return side == Side::West ? -group : passthrough_ + group;
    }
    int vxm_edge(Side side) const { return side == Side::West ? 0 : passthrough_; }
    /// Where an ALU samples streams of this direction: `vxm.entry` past the edge they come in by.
    int vxm_operand(Side direction) const { return direction == Side::East ? entry_ : passthrough_ - entry_; }
    int sxm_edge(Side side) const { return vxm_edge(side) + sign(side) * to_sxm_; }
    int mxm_in(Side side) const { return sxm_edge(side) + sign(side) * to_mxm_; }
    int mxm_out(Side side) const { return sxm_edge(side) + sign(side) * from_mxm_; }
    int west_end() const { return first_; }
    int east_end() const { return last_; }

private:
    int slices_per_hop_, hop_, to_sxm_, passthrough_, entry_, to_mxm_, from_mxm_, first_, last_;
};

/// The coordinate that a moving value keeps: cycle - position eastward, cycle + position westward.
constexpr int64_t diagonal(Side direction, int64_t cycle, int position) {
    return direction == Side::East ? cycle - position : cycle + position;
}

}  // namespace superlane::isa
