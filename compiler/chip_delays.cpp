// SPDX-License-Identifier: Apache-2.0
// What a transfer costs inside a chip, measured on the tasks themselves.
#include <algorithm>

#include "compiler/collective_program.hpp"
#include "compiler/transfer_tasks.hpp"

namespace superlane::compiler {
namespace {

/// Of places on one side; 0 when there is none on that side.
template <class Measure>
int worst(const std::vector<RowPlace>& places, Side side, Measure measure) {
    int cycles = 0;
    for (const RowPlace& place : places)
        if (place.region.side == side) cycles = std::max(cycles, measure(place));
    return cycles;
}

class Measured {
public:
    Measured(const models::Chip& chip, const CollectiveRows& rows)
        : problem_(chip),
          tasks_(problem_),
          type_(rows.type),
          input_(rows.input.samples()),
          output_(rows.output.samples()) {
        RowShelves shelves = rows.shelves;
        if (rows.in_place) return;
        staged_ = staging(shelves, 0).samples();
        for (const RowPlace& place : staging(shelves, 0).samples()) sums_.push_back(place);
    }

    int send(const RowPlace& place) { return -tasks_.reads(tasks_.send(place, 0, 0), place); }
    int receive(const RowPlace& place) { return tasks_.settled(tasks_.receive(place, 0, 0), place); }
    int first_send(Side side) {
        return std::max(worst(input_, side, [&](const RowPlace& p) { return send(p); }), passing(side));
    }
    int forward(Side side) {
        return worst(output_, side, [&](const RowPlace& p) { return receive(p) + send(p); });
    }
    /// `parts` received rows, all at the worst place, added to an own or earlier one.
    ChipDelays::Add add(Side side, int parts) {
        std::vector<RowPlace> operands{of_side(input_, side)};
        for (int i = 0; i < parts; ++i) {
            operands.push_back(of_side(staged_, side));
            operands.back().row = i;
            operands.back().region.rows = parts;
        }
        const RowPlace to = of_side(output_, side);
        const Task task = tasks_.add(type_, operands, to);
        const int behind = worst(staged_, side, [&](const RowPlace& p) { return receive(p); });
        ChipDelays::Add add;
        // The sum may lie in staging: as far beyond the output as receiving tells.
        const int farther =
            std::max(0, worst(sums_, side, [&](const RowPlace& p) { return receive(p); }) - receive(to));
        const int settled = tasks_.settled(task, to) + farther;
        add.operand.push_back(settled + farther - tasks_.reads(task, operands[0]));
        for (int i = 1; i <= parts; ++i) add.operand.push_back(behind - tasks_.reads(task, operands[size_t(i)]));
        add.sum = settled + passing(side);
        return add;
    }

private:
    static RowPlace of_side(const std::vector<RowPlace>& places, Side side) {
        return *std::find_if(places.begin(), places.end(), [&](const RowPlace& p) { return p.region.side == side; });
    }
    int passing(Side side) {
        const auto sends = [&](const RowPlace& p) { return send(p); };
        return std::max(worst(output_, side, sends), worst(sums_, side, sends));
    }

    Problem problem_;
    TransferTasks tasks_;
    isa::DType type_;
    std::vector<RowPlace> input_, output_, staged_, sums_;
};

}  // namespace

ChipDelays chip_delays(const models::Chip& chip, const CollectiveRows& rows, int latency_cycles, int degree,
                       int slack) {
    const isa::Timing& timing = chip.timing;
    ChipDelays delays;
    delays.width = rows.width;
    delays.interval = timing.c2c_vector_interval;
    delays.sent_to_receive = slack + timing.c2c_send + latency_cycles;
    delays.at_once = std::clamp(3 * degree / (2 * timing.c2c_vector_interval) + 1, 1, 3);
    delays.operands_per_task = TransferTasks::operands(chip, rows.width);
    Measured measured(chip, rows);
    if (!rows.in_place) delays.add.resize(size_t(delays.operands_per_task) + 1);
    for (const Side side : {Side::West, Side::East}) {
        delays.first_send = std::max<int64_t>(delays.first_send, measured.first_send(side));
        delays.forward = std::max(delays.forward, measured.forward(side));
        for (size_t parts = 1; parts < delays.add.size(); ++parts) {
            const ChipDelays::Add add = measured.add(side, int(parts));
            ChipDelays::Add& worst = delays.add[parts];
            worst.operand.resize(add.operand.size(), INT32_MIN);
            for (size_t i = 0; i < add.operand.size(); ++i)
                worst.operand[i] = std::max(worst.operand[i], add.operand[i]);
            worst.sum = std::max(worst.sum, add.sum);
        }
    }
    return delays;
}

}  // namespace superlane::compiler
