// SPDX-License-Identifier: Apache-2.0
// One simulated chip as others see it: memory in, program through, result out. Shows no SystemC type.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "isa/program.hpp"
#include "models/chip.hpp"
#include "sim/counters.hpp"
#include "sim/hazards.hpp"

namespace superlane::sim {

enum class Engine {
    Fast,   ///< one SystemC process a chip
    Kernel  ///< one SystemC process a slice: the reference, and for waveforms
};
enum class Data {
    Functional,  ///< every value is computed
    TimingOnly   ///< cycles, hazards and counters alone; no SRAM is allocated
};

/// Bits that flip in one 16-byte word of SRAM at a cycle: 0..127 data, 128..136 check bits.
struct Fault {
    int64_t cycle = 0;
    isa::Side side = isa::Side::West;
    int slice = 0;
    int address = 0;
    int superlane = 0;
    std::vector<int> bits;
};

/// A stream to look at: all its registers, in so many cycles. Functional runs of the fast engine on one chip.
struct Watch {
    uint16_t stream = 0;  ///< isa::stream operand
    int64_t first_cycle = 0, cycles = 0;
};
/// What stood on a watched stream, by cycle and position from west to east.
struct Watched {
    std::vector<uint8_t> driven;  ///< whether a value stood there
    std::vector<uint8_t> values;  ///< lanes() bytes each
};

struct Options {
    Engine engine = Engine::Fast;
    Data data = Data::Functional;
    int window_cycles = 200;         ///< a chip runs this far alone; hazards stop a run at the end of a window
    bool text_trace = false;         ///< fills RunResult::trace and trace_digest
    std::string chrome_trace_file;   ///< Chrome/Perfetto JSON; empty = none
    std::string vcd_file;            ///< waveform of slice activity, kernel engine only; empty = none
    std::vector<Fault> faults;       ///< of every run, cycles counted from its start
    std::vector<Watch> watches;
    size_t max_hazards = 16;
};

/// A vector on a link. Sent: the cycle in which it was sampled. Received: the cycle from which a Receive may take it.
struct LinkVector {
    int link = 0;
    int64_t cycle = 0;
    std::vector<uint8_t> bytes;  ///< lanes() of them; empty when timing only
    bool operator==(const LinkVector&) const = default;
};

struct RunResult {
    int64_t cycles = 0;            ///< of tile 0; see "The length of a program" in docs/machine_model.md
    int64_t last_tile_cycles = 0;  ///< cycles + superlanes - 1
    bool stopped = false;          ///< by too many hazards or an uncorrectable word
    std::vector<Hazard> hazards;   ///< sorted by cycle, kind, slice, stream, instructions
    Counters counters;
    uint64_t corrected_ecc = 0;
    std::vector<LinkVector> sent;  ///< by cycle and link
    std::vector<Watched> watched;  ///< in the order of Options::watches
    std::string trace;             ///< one line an event, sorted; same in both engines and both data modes
    std::string trace_digest;      ///< SHA-256 of `trace`; empty without text_trace
};

/// A program expanded and sorted for one chip; immutable, to be shared by runs and by chips.
class PreparedProgram;
/// UserError when the program was made for another geometry or cannot be dispatched.
std::shared_ptr<const PreparedProgram> prepare(const models::Chip& chip, const isa::Program& program);

/// Memory persists from run to run (a decode runs one program a token); everything else starts anew. One thread at a time.
class Machine {
public:
    explicit Machine(const models::Chip& chip, Options options = {});
    ~Machine();
    Machine(Machine&&) noexcept;
    Machine& operator=(Machine&&) noexcept;

    const models::Chip& chip() const;
    const Options& options() const;

    /// Bytes of consecutive words from `address` on. Timing-only machines take writes for nothing and read zeros.
    void write(isa::Side side, int slice, int address, std::span<const uint8_t> bytes);
    void read(isa::Side side, int slice, int address, std::span<uint8_t> bytes) const;
    /// Words where they lie, without a copy; valid as long as the machine. UserError unless they are in one block of memory.
    std::span<const uint8_t> view(isa::Side side, int slice, int address, int words);
    /// Streams to look at in the runs from now on.
    void watch(std::vector<Watch> watches);
    /// The program's initial data into memory.
    void load(const isa::Program& program);
    /// Queues a vector that the next run's Receive on this link takes, first in first out.
    void receive(LinkVector vector);

    /// load(program), then run.
    RunResult run(const isa::Program& program);
    /// Runs on memory as it stands.
    RunResult run(const std::shared_ptr<const PreparedProgram>& program);

private:
    struct Body;
    std::unique_ptr<Body> body_;
};

}  // namespace superlane::sim
