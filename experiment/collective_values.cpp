// SPDX-License-Identifier: Apache-2.0
// Inputs from a counter, sums by plain arithmetic along the trees.
#include "experiment/collective_values.hpp"

#include <bit>

#include "base/error.hpp"
#include "base/half.hpp"

namespace superlane::experiment {
namespace {

using compiler::Collective;
using Row = std::vector<uint32_t>;

uint64_t scramble(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/// Bits of a chip's own row: floats in [-1, 1) whose sums are rounded, integers of all sizes.
Row own_row(const Collective& c, int member, int row, int lanes, uint64_t seed) {
    Row values(static_cast<size_t>(lanes));
    uint64_t state = scramble(seed * 0x9e3779b97f4a7c15ull + (uint64_t(member) << 32 | uint64_t(row)));
    for (uint32_t& value : values) {
        const uint64_t random = scramble(state += 0x9e3779b97f4a7c15ull);
        const float real = float(int64_t(random % 65536) - 32768) / 32768.0f;
        switch (c.rows.type) {
            case isa::DType::F16:
                value = float_to_half(real);
                break;
            case isa::DType::F32:
                value = std::bit_cast<uint32_t>(real);
                break;
            case isa::DType::I32:
                value = uint32_t(random);
                break;
            default:
                value = uint8_t(random);
        }
    }
    return values;
}

uint32_t plus(isa::DType type, uint32_t a, uint32_t b) {
    if (type == isa::DType::F16) return float_to_half(half_to_float(uint16_t(a)) + half_to_float(uint16_t(b)));
    if (type == isa::DType::F32) return std::bit_cast<uint32_t>(std::bit_cast<float>(a) + std::bit_cast<float>(b));
    return a + b;
}

/// Each member's own row, then its children's sums in their order; the tree stands for one so many parts further on.
Row sum_of(const Collective& c, const compiler::TreeJob& job, int part, int row, int lanes, uint64_t seed) {
    std::vector<Row> sums(size_t(c.graph.members()));
    const compiler::Tree& tree = *job.tree;
    for (size_t i = tree.order.size(); i-- > 0;) {
        const int member = tree.order[i];
        Row& sum = sums[size_t(member)] = own_row(c, c.plan.parts.turned_member(member, part), row, lanes, seed);
        for (int child = 0; child < tree.children_of(member); ++child) {
            Row& other = sums[size_t(c.graph.edge(tree.child(member, child)).to)];
            for (size_t lane = 0; lane < sum.size(); ++lane) sum[lane] = plus(c.rows.type, sum[lane], other[lane]);
            Row().swap(other);
        }
    }
    return std::move(sums[size_t(tree.root)]);
}

void write_row(sim::SystemMachine& machine, int chip, const compiler::RowPlace& place, const Row& values) {
    std::vector<uint8_t> bytes(values.size());
    for (int k = 0; k < place.region.width; ++k) {
        for (size_t lane = 0; lane < values.size(); ++lane) bytes[lane] = uint8_t(values[lane] >> (8 * k));
        machine.write(chip, place.region.side, place.region.slices[size_t(k)], place.region.address + place.row, bytes);
    }
}

Row read_row(const sim::SystemMachine& machine, int chip, const compiler::RowPlace& place) {
    std::vector<uint8_t> bytes(size_t(machine.system().chip.lanes()));
    Row values(bytes.size());
    for (int k = 0; k < place.region.width; ++k) {
        machine.read(chip, place.region.side, place.region.slices[size_t(k)], place.region.address + place.row, bytes);
        for (size_t lane = 0; lane < bytes.size(); ++lane) values[lane] |= uint32_t(bytes[lane]) << (8 * k);
    }
    return values;
}

}  // namespace

void write_inputs(sim::SystemMachine& machine, const Collective& c, uint64_t seed) {
    const int lanes = machine.system().chip.lanes();
    for (int m = 0; m < c.graph.members(); ++m) {
        const Collective::Held held = c.before(m);
        for (int row = held.first_row; row < held.first_row + held.rows; ++row)
            write_row(machine, c.graph.chip(m), c.place_before(m, row), own_row(c, m, row, lanes, seed));
    }
}

int64_t check_outputs(const sim::SystemMachine& machine, const Collective& c, uint64_t seed) {
    const int lanes = machine.system().chip.lanes();
    int64_t compared = 0;
    const auto check_row = [&](const compiler::TreeJob& job, int part, int row) {
        const int root = c.plan.parts.turned_member(job.tree->root, part);
        const Row expected = job.up ? sum_of(c, job, part, row, lanes, seed) : own_row(c, root, row, lanes, seed);
        for (int m = 0; m < c.graph.members(); ++m) {
            const Collective::Held held = c.after(m);
            if (row < held.first_row || row >= held.first_row + held.rows || (!job.down && m != root)) continue;
            SUPERLANE_CHECK(read_row(machine, c.graph.chip(m), c.place_after(m, row)) == expected,
                            "collective: wrong values in row", row, "of chip", c.graph.chip(m));
            ++compared;
        }
    };
    for (const compiler::TreeJob& job : c.plan.jobs)
        for (int part = 0; part < c.plan.parts.count; ++part)
            for (int row = 0; row < job.rows; ++row) check_row(job, part, c.plan.row(job, row, part));
    return compared;
}

}  // namespace superlane::experiment
