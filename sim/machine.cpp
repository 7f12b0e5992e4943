// SPDX-License-Identifier: Apache-2.0
// The machine as others see it: memory that stays, and runs on it.
#include "sim/machine.hpp"

#include <utility>

#include "base/error.hpp"
#include "sim/chrome_trace.hpp"
#include "sim/engine.hpp"
#include "sim/memory.hpp"

namespace superlane::sim {

struct Machine::Body {
    models::Chip chip;
    std::string digest;  ///< of the chip
    Options options;
    ChipMemory memory;
    std::vector<LinkVector> inbox;
};

Machine::Machine(const models::Chip& chip, Options options) {
    if (options.window_cycles < 1) throw user_error("window_cycles must be at least 1, not ", options.window_cycles);
    if (!options.vcd_file.empty() && options.engine != Engine::Kernel) throw user_error("a waveform (", options.vcd_file, ") needs the kernel engine");
    body_ = std::make_unique<Body>(Body{chip, chip.digest(), options, ChipMemory(chip, options.data == Data::Functional), {}});
}

Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

const models::Chip& Machine::chip() const { return body_->chip; }
const Options& Machine::options() const { return body_->options; }

void Machine::write(isa::Side side, int slice, int address, std::span<const uint8_t> bytes) {
    body_->memory.write(body_->chip, side, slice, address, bytes);
}
void Machine::read(isa::Side side, int slice, int address, std::span<uint8_t> bytes) const {
    body_->memory.read(body_->chip, side, slice, address, bytes);
}
std::span<const uint8_t> Machine::view(isa::Side side, int slice, int address, int words) {
    return body_->memory.view(body_->chip, side, slice, address, words);
}
void Machine::watch(std::vector<Watch> watches) {
    if (!watches.empty() && body_->options.engine != Engine::Fast) throw user_error("streams can be watched with the fast engine only");
    body_->options.watches = std::move(watches);
}
void Machine::load(const isa::Program& program) { body_->memory.load(body_->chip, program); }

void Machine::receive(LinkVector vector) {
    const isa::Geometry& geometry = body_->chip.geometry;
    if (vector.link < 0 || vector.link >= geometry.links) throw user_error("link ", vector.link, ": the chip has ", geometry.links);
    if (body_->options.data == Data::TimingOnly) vector.bytes.clear();
    body_->inbox.push_back(std::move(vector));
}

RunResult Machine::run(const isa::Program& program) {
    load(program);
    return run(prepare(body_->chip, program));
}

RunResult Machine::run(const std::shared_ptr<const PreparedProgram>& program) {
    const Options& options = body_->options;
    if (program->chip_digest != body_->digest) throw user_error("the program was prepared for another chip than '", body_->chip.name, "'");
    const std::vector<LinkVector> inbox = std::exchange(body_->inbox, {});
    for (const bool alone : {true, false}) {
        std::vector<LinkEnd> ends(size_t(body_->chip.geometry.links));
        for (const LinkVector& vector : inbox) ends[size_t(vector.link)].deliver({vector.cycle}, vector.bytes);
        Wiring wiring;
        wiring.alone = alone;
        for (LinkEnd& end : ends) wiring.ends.push_back(&end);
        Core core(body_->chip, *program, options, body_->memory.srams(), std::move(wiring));
        std::unique_ptr<Trace>& trace = core.shared().trace;
        if (!options.chrome_trace_file.empty() && !trace) trace = std::make_unique<Trace>();
        if (options.engine == Engine::Fast) run_fast(core, options.window_cycles);
        else run_kernel(core, options.window_cycles, options.vcd_file);
        if (core.apart() && !core.shared().hazards.empty()) continue;  // once more, for their words
        if (!options.chrome_trace_file.empty()) write_chrome_trace(options.chrome_trace_file, body_->chip, {{0, {}, program.get(), Clock(), &trace->records()}});
        return core.finish();
    }
    SUPERLANE_CHECK(false, "a run that is not alone is never apart");
    return {};
}

}  // namespace superlane::sim
