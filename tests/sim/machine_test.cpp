// SPDX-License-Identifier: Apache-2.0
// The machine from outside: errors, ECC, traces, waveforms, many in one process.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "models/chip_cost.hpp"
#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

using sim::HazardKind;
using testing::HasSubstr;

isa::Program copy_program() {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 0), read(0, W(4)), 20, 1, 1)
        .at(21, program.mem(west, 40), write(200, W(4)), 20, 1, 1);
    return program.build();
}

std::string file_text(const std::string& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

TEST(Machine, RefusesProgramsOfOtherChips) {
    models::Chip other = chip;
    other.timing.mem_read = 2;
    sim::Machine machine(other);
    EXPECT_THROW(machine.run(copy_program()), UserError);
    EXPECT_THROW(machine.run(sim::prepare(chip, copy_program())), UserError);
    other.geometry.mem_slices = 40;
    EXPECT_THROW(sim::prepare(other, copy_program()), UserError);
    models::Chip instant = chip;
    instant.timing.mem_gather = 0;
    isa::Program program = copy_program();
    program.chip_digest.clear();
    EXPECT_THROW(sim::prepare(instant, program), UserError);
}

TEST(Machine, RefusesOptionsThatDoNotGoTogether) {
    sim::Options with;
    with.vcd_file = "wave.vcd";
    EXPECT_THROW(sim::Machine(chip, with), UserError);
    with = {};
    with.window_cycles = 0;
    EXPECT_THROW(sim::Machine(chip, with), UserError);
}

TEST(Machine, ManyInOneProcess) {
    const auto program = sim::prepare(chip, copy_program());
    for (int i = 0; i < 1000; ++i) {
        sim::Machine machine(chip, options(i % 2 ? sim::Engine::Kernel : sim::Engine::Fast,
                                           i % 3 ? sim::Data::TimingOnly : sim::Data::Functional));
        ASSERT_EQ(machine.run(program).cycles, 42);
    }
}

TEST(Machine, AnEmptyProgramTakesNoCycles) {
    for (const sim::Engine engine : {sim::Engine::Fast, sim::Engine::Kernel}) {
        const sim::RunResult result = sim::Machine(chip, options(engine)).run(ProgramBuilder(chip).build());
        EXPECT_EQ(result.cycles, 0);
        EXPECT_EQ(messages(result), "");
    }
}

TEST(Machine, InitialDataIsLoaded) {
    isa::Program program = copy_program();
    program.data.push_back({west, 0, 3, counting(chip, 5)});
    sim::Machine machine(chip);
    machine.run(program);
    EXPECT_EQ(row_of(machine, west, 40, 203), counting(chip, 5));
}

sim::RunResult with_faults(std::vector<sim::Fault> faults, sim::Engine engine, sim::Data data) {
    sim::Options with = options(engine, data);
    with.faults = std::move(faults);
    return sim::Machine(chip, with).run(copy_program());
}

TEST(Ecc, OneBitIsCorrectedTwoStopAndAWriteHeals) {
    for (const sim::Engine engine : {sim::Engine::Fast, sim::Engine::Kernel})
        for (const sim::Data data : {sim::Data::Functional, sim::Data::TimingOnly}) {
            EXPECT_EQ(with_faults({{0, west, 0, 3, 7, {130}}}, engine, data).corrected_ecc, 1u);
            EXPECT_EQ(with_faults({{13, west, 0, 3, 7, {5}}}, engine, data).corrected_ecc, 1u);  // row 3 is read at 13
            EXPECT_EQ(with_faults({{14, west, 0, 3, 7, {5}}}, engine, data).corrected_ecc, 0u);
            EXPECT_EQ(with_faults({{0, west, 40, 203, 7, {5, 6}}}, engine, data).hazards.size(), 0u);  // never read
            const sim::RunResult result = with_faults({{0, west, 0, 3, 7, {5, 6}}}, engine, data);
            EXPECT_TRUE(result.stopped);
            EXPECT_THAT(messages(result), HasSubstr("cycle 13, mem.w.0: a word with two or more flipped bits was read "
                                                    "(address 3, superlane 7, 2 bits)"));
        }
    ProgramBuilder healed(chip);
    healed.at(10, healed.mem(west, 8), read(0, E(0)))
        .at(12, healed.mem(west, 4), write(3, E(0)))
        .at(20, healed.mem(west, 4), read(3, W(0)));
    for (const int64_t cycle : {12, 14}) {
        sim::Options with;
        with.faults = {{cycle, west, 4, 3, 0, {1}}};
        EXPECT_EQ(sim::Machine(chip, with).run(healed.build()).corrected_ecc, cycle == 14 ? 1u : 0u);
    }
    EXPECT_THROW(with_faults({{0, west, 0, 3, 20, {1}}}, sim::Engine::Fast, sim::Data::TimingOnly), UserError);
}

TEST(Trace, TextNamesDriversAndTakers) {
    const sim::RunResult result = run_every_way(chip, copy_program());
    EXPECT_THAT(result.trace, HasSubstr("      11 mem.w.0[1] drives W4 at 0, 0..19\n"));
    EXPECT_THAT(result.trace, HasSubstr("      21 mem.w.40[1] takes W4 at -10, 0..19, of mem.w.0[1]\n"));
    EXPECT_EQ(result.trace_digest.size(), 64u);
}

TEST(Trace, ChromeFileIsJson) {
    const std::string file = testing::TempDir() + "superlane_chrome.json";
    sim::Options with;
    with.chrome_trace_file = file;
    sim::Machine(chip, with).run(copy_program());
    const auto root = nlohmann::json::parse(file_text(file));
    int bursts = 0;
    for (const auto& event : root["traceEvents"]) bursts += event["ph"] == "X";
    EXPECT_EQ(bursts, 2);
    std::map<std::string, nlohmann::json> arrow;  // values read at position 0 are written ten hops west
    for (const auto& event : root["traceEvents"])
        if (event.contains("id")) arrow[event["ph"]] = event;
    ASSERT_EQ(arrow.size(), 2u);
    EXPECT_EQ(arrow["s"]["name"], "W4");
    EXPECT_EQ(arrow["f"]["name"], "W4");
    EXPECT_EQ(arrow["f"]["args"],
              (nlohmann::json{{"cycle", 21}, {"count", 20}, {"interval", 1}, {"position", -10}, {"from", 0}}));
    EXPECT_NE(arrow["s"]["tid"], arrow["f"]["tid"]);
    with.data = sim::Data::TimingOnly;
    const std::string text = file_text(file);
    sim::Machine(chip, with).run(copy_program());
    EXPECT_EQ(file_text(file), text);
    EXPECT_EQ(root["otherData"]["positions"]["mem"][40], (nlohmann::json{-10, 15}));
    std::filesystem::remove(file);
    with.chrome_trace_file = testing::TempDir() + "no_such_folder/trace.json";
    EXPECT_THROW(sim::Machine(chip, with).run(copy_program()), UserError);
}

TEST(Trace, WaveformOfSliceActivity) {
    sim::Options with = options(sim::Engine::Kernel, sim::Data::TimingOnly);
    with.vcd_file = testing::TempDir() + "superlane_wave.vcd";
    sim::Machine(chip, with).run(copy_program());
    const std::string text = file_text(with.vcd_file);
    EXPECT_THAT(text, HasSubstr("mem_w_40"));
    EXPECT_THAT(text, HasSubstr("#21000"));  // picoseconds: cycle 21
    std::filesystem::remove(with.vcd_file);
}

TEST(Counters, StreamsEnergyAndInstructions) {
    const sim::RunResult result = run_every_way(chip, copy_program());
    EXPECT_EQ(result.counters.stream_cycles[0][4], 20u * 21);  // position 0 to the west end at -20
    EXPECT_EQ(result.counters.instructions, 40u);
    EXPECT_EQ(result.counters.fetch_bytes, copy_program().instruction_bytes());
    const double bytes = 40.0 * 320 * chip.energy_sram_pj + 420.0 * 320 * chip.energy_hop_pj;
    EXPECT_NEAR(result.counters.dynamic_joules, chip.energy_factor * bytes * 1e-12, 1e-15);
    EXPECT_NEAR(result.counters.static_joules,
                models::static_watts(chip) * double(result.cycles) / (chip.clock_mhz * 1e6), 1e-12);
}

}  // namespace
}  // namespace superlane::test
