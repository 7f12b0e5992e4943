// SPDX-License-Identifier: Apache-2.0
// Machines, rows of bytes and results as tests want them.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "sim/machine.hpp"
#include "tests/sim/program_builder.hpp"

namespace superlane::test {

using Row = std::vector<uint8_t>;

inline const models::Chip chip;  ///< the default one

inline Row filled(const models::Chip& chip, int value) { return Row(size_t(chip.lanes()), uint8_t(value)); }
inline Row counting(const models::Chip& chip, int first) {
    Row row(size_t(chip.lanes()));
    for (size_t i = 0; i < row.size(); ++i) row[i] = uint8_t(first + int(i) * 7);
    return row;
}
inline Row row_of(const sim::Machine& machine, Side side, int slice, int address) {
    Row row(size_t(machine.chip().lanes()));
    machine.read(side, slice, address, row);
    return row;
}

/// Sum of products of int8 bytes.
inline int32_t dot(const Row& w, const Row& x) {
    int32_t sum = 0;
    for (size_t k = 0; k < w.size(); ++k) sum += int32_t(int8_t(w[k])) * int8_t(x[k]);
    return sum;
}

inline sim::Options options(sim::Engine engine = sim::Engine::Fast, sim::Data data = sim::Data::Functional, bool trace = false) {
    sim::Options options;
    options.engine = engine;
    options.data = data;
    options.text_trace = trace;
    return options;
}

inline std::string messages(const sim::RunResult& result) {
    std::string text;
    for (const sim::Hazard& hazard : result.hazards) text += hazard.message() + '\n';
    return text;
}

/// What all five ways of running a program must agree on; returns the functional fast result. `prepare_memory` fills a machine.
template <class Fill>
sim::RunResult run_every_way(const models::Chip& chip, const isa::Program& program, Fill&& prepare_memory, std::vector<sim::LinkVector> inbox = {}) {
    const auto prepared = sim::prepare(chip, program);
    sim::RunResult first;
    for (const sim::Engine engine : {sim::Engine::Fast, sim::Engine::Kernel})
        for (const sim::Data data : {sim::Data::Functional, sim::Data::TimingOnly}) {
            sim::Machine machine(chip, options(engine, data, true));
            prepare_memory(machine);
            for (const auto& vector : inbox) machine.receive(vector);
            sim::RunResult result = machine.run(prepared);
            if (engine == sim::Engine::Fast && data == sim::Data::Functional) {
                first = result;
                continue;
            }
            EXPECT_EQ(result.cycles, first.cycles);
            EXPECT_EQ(messages(result), messages(first));
            EXPECT_EQ(result.trace, first.trace);
            EXPECT_EQ(result.counters, first.counters);
            EXPECT_EQ(result.corrected_ecc, first.corrected_ecc);
            EXPECT_EQ(result.stopped, first.stopped);
        }
    sim::Machine untraced(chip, options(sim::Engine::Fast, sim::Data::TimingOnly));  // track by track
    prepare_memory(untraced);
    for (const auto& vector : inbox) untraced.receive(vector);
    const sim::RunResult result = untraced.run(prepared);
    EXPECT_EQ(messages(result), messages(first));
    EXPECT_EQ(result.counters, first.counters);
    EXPECT_EQ(result.cycles, first.cycles);
    EXPECT_EQ(result.stopped, first.stopped);
    return first;
}
inline sim::RunResult run_every_way(const models::Chip& chip, const isa::Program& program) {
    return run_every_way(chip, program, [](sim::Machine&) {});
}

inline std::vector<sim::HazardKind> kinds(const sim::RunResult& result) {
    std::vector<sim::HazardKind> kinds;
    for (const sim::Hazard& hazard : result.hazards) kinds.push_back(hazard.kind);
    return kinds;
}

}  // namespace superlane::test
