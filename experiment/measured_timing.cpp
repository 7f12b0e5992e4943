// SPDX-License-Identifier: Apache-2.0
// Times of small programs: each instruction is put where the simulator first takes it, so no parameter is read here but
// the places where Reads must start to arrive together.
#include <algorithm>
#include <cstdlib>

#include "experiment/measured.hpp"
#include "experiment/probe.hpp"

namespace superlane::experiment::measured {
namespace {

constexpr int64_t start = 30;  // cycle of the first Read; room before it for what is set up

std::string repeat(int more, int step) { return "\nrepeat " + std::to_string(more) + ", 1, " + std::to_string(step); }
std::string read(int word, const std::string& to) { return "read " + std::to_string(word) + " -> " + to; }
std::string write(int word, const std::string& from) { return "write " + std::to_string(word) + ", " + from; }
std::string mxm(char side, int plane, const std::string& port) {
    return std::string("mxm.") + side + '.' + std::to_string(plane) + '.' + port;
}

/// Cycles from a Read's dispatch to the MXM's input.
int64_t to_mxm(char side, int number) {
    const isa::Side where = side == 'w' ? isa::Side::West : isa::Side::East;
    const isa::Floorplan plan = tsp().floorplan();
    return tsp().timing.mem_read + std::abs(plan.mxm_in(where) - plan.mem(where, number));
}

/// Full tiles into all four planes, from the 32 slices next to each MXM; the cycle after the last LW.
int64_t load_four_planes(Probe& probe) {
    const int vectors = tsp().geometry.load_streams, loads = tsp().lanes() / vectors;
    const int slices = tsp().geometry.planes * vectors, nearest = tsp().geometry.mem_slices - slices;
    int64_t done = 0;
    for (const char side : {'w', 'e'}) {
        const int64_t meet = start + to_mxm(side, nearest);
        for (int i = 0; i < slices; ++i)
            probe.at(meet - to_mxm(side, nearest + i), slice(side, nearest + i),
                     read(0, outward(side, i)) + repeat(loads - 1, 1));
    }
    for (const char side : {'w', 'e'})
        for (int plane = 0; plane < tsp().geometry.planes; ++plane) {
            const std::string load = "lw.i8 " + outward(side, plane * vectors) + ", " + std::to_string(vectors);
            const int64_t at = probe.first(start, mxm(side, plane, "weights"), load + repeat(loads - 1, 0));
            done = std::max(done, at + loads);
        }
    return done;
}

}  // namespace

std::string slice(char side, int number) { return std::string("mem.") + side + '.' + std::to_string(number); }
std::string outward(char side, int stream) { return (side == 'w' ? 'W' : 'E') + std::to_string(stream); }
std::string inward(char side, int stream) { return (side == 'w' ? 'E' : 'W') + std::to_string(stream); }

double vxm_round_trip(int number) {
    Probe probe(tsp());
    const std::string here = slice('w', number);
    probe.at(start, here, read(0, "E0"));
    const int64_t alu = probe.first(start + 1, "vxm.3", "neg.i8 E0 -> W1");
    const int64_t back = probe.first(alu + 1, here, write(1, "W1"));
    return double(probe.first(back + 1, here, read(1, "W9")) - start);
}

/// The nearer operand is read later, so that both meet in the ALU.
double vxm_two_operands(int x, int y, int z, bool same_side) {
    Probe probe(tsp());
    const int quad_x = x / tsp().geometry.slices_per_hop, quad_y = y / tsp().geometry.slices_per_hop;
    const int far = std::max(quad_x, quad_y);
    probe.at(start + far - quad_x, slice('w', x), read(0, "E0"));
    probe.at(start + far - quad_y, slice('w', y), read(0, "E1"));
    const std::string out = same_side ? "W5" : "E5", to = slice(same_side ? 'w' : 'e', z);
    const int64_t alu = probe.first(start + 1, "vxm.0", "add.i8 E0, E1 -> " + out);
    const int64_t arrived = probe.first(alu + 1, to, write(7, out));
    return double(probe.first(arrived + 1, to, read(7, "E9")) - start);
}

double vxm_chain(int vectors, int operations) {
    Probe probe(tsp());
    probe.at(start, slice('w', 13), read(0, "E0") + repeat(vectors - 1, 0));
    int64_t at = start;
    for (int op = 0; op < operations; ++op) {
        const std::string from = op == 0 ? "E0" : "a" + std::to_string(op - 1);
        const std::string to = op == operations - 1 ? " -> E1" : "";
        at = probe.first(at + 1, "vxm." + std::to_string(op), "add.i8 " + from + ", #1" + to + repeat(vectors - 1, 0));
    }
    probe.first(at + 1, slice('e', 30), write(9, "E1") + repeat(vectors - 1, 1));
    return double(probe.run().last_tile_cycles - start);
}

double product_into_alu() {
    Probe probe(tsp());
    constexpr int64_t load = 80;
    for (int k = 0; k < 16; ++k) probe.at(load - to_mxm('w', 25 + k), slice('w', 25 + k), read(0, outward('w', k)));
    probe.at(load, mxm('w', 0, "weights"), "lw.i8 W0, 16");
    probe.at(load + 1, mxm('w', 0, "activations"), "iw.i8");
    probe.at(load + 10, slice('w', 43), read(0, "W16"));
    const int64_t enter = probe.first(load + 11, mxm('w', 0, "activations"), "abc.i8 W16");
    const int64_t leave = probe.first(enter + 1, mxm('w', 0, "accumulate"), "acc.pass.i8 -> E0");
    return double(probe.first(leave + 1, "vxm.0", "relu.i32 E0 -> E4") - (load + 10));
}

double shift_turn() {
    Probe probe(tsp());
    const std::string here = slice('e', 43);
    probe.at(start, here, read(0, "E0"));
    const int64_t shift = probe.first(start + 1, "sxm.e.permuter.0", "shift.i8 E0, 16 -> W0");
    const int64_t back = probe.first(shift + 1, here, write(1, "W0"));
    return double(probe.first(back + 1, here, read(1, "E1")) - start);
}

double permute(int vectors) {
    Probe probe(tsp());
    for (int k = 0; k < 2; ++k) probe.at(start - 20, slice('e', 40 + k), read(0, outward('e', k)));
    probe.first(start - 19, "sxm.e.permuter.1", "permute.map E0");
    probe.at(start, slice('e', 43), read(0, "E4") + repeat(vectors - 1, 0));
    const int64_t enter = probe.first(start + 1, "sxm.e.permuter.1", "permute.i8 E4 -> W5" + repeat(vectors - 1, 0));
    const int64_t back = probe.first(enter + 1, slice('e', 42), write(0, "W5") + repeat(vectors - 1, 1));
    return double(probe.first(back + vectors, slice('e', 42), read(vectors - 1, "E9")) - start);
}

double barrier() {
    constexpr int64_t notified = 100;
    Probe at_once(tsp()), parked(tsp());
    const int64_t alone = at_once.at(0, slice('e', 5), read(0, "E0")).run().cycles;
    parked.at(notified, slice('w', 0), "notify").at(0, slice('e', 5), "sync\n" + read(0, "E0"));
    return double(parked.run().cycles - alone - notified);
}

double four_planes() {
    Probe probe(tsp());
    return double(load_four_planes(probe) - start);
}

double int8_tops() {
    Probe probe(tsp());
    constexpr int activations = 100;
    const int64_t loaded = load_four_planes(probe);
    for (const char side : {'w', 'e'})
        for (int plane = 0; plane < tsp().geometry.planes; ++plane) {
            const int number = tsp().geometry.mem_slices - 1 - plane;
            const std::string stream = outward(side, plane * tsp().geometry.load_streams);
            const std::string queue = mxm(side, plane, "activations");
            probe.at(loaded, queue, "iw.i8");
            probe.at(loaded + 1, slice(side, number), read(0, stream) + repeat(activations - 1, 0));
            probe.first(loaded + 1, queue, "abc.i8 " + stream + repeat(activations - 1, 0));
        }
    const double macs = double(probe.run().counters.macs_int8()) / activations;
    return 2 * macs * tsp().clock_mhz * 1e6 / 1e12;
}

double link_gigabytes_per_s() {
    Probe probe(tsp());
    probe.at(start, slice('e', 43), read(0, "E0") + repeat(299, 0));
    const int64_t one = probe.first(start + 1, "c2c.e.0", "send E0, 0");
    const int64_t other = probe.first(one + 1, "c2c.e.0", "send E0, 0");
    return tsp().lanes() * tsp().clock_mhz * 1e6 / double(other - one) / 1e9;
}

}  // namespace superlane::experiment::measured
