// SPDX-License-Identifier: Apache-2.0
// The machine as others see it: memory that stays, and runs on it.
#include "sim/machine.hpp"

#include <cstring>

#include "base/error.hpp"
#include "sim/engine.hpp"

namespace superlane::sim {

struct Machine::Body {
    models::Chip chip;
    std::string digest;       ///< of the chip
    Options options;
    std::vector<Sram> srams;  ///< by SliceMap; none when timing only
    std::vector<LinkVector> inbox;

    void check_span(isa::Side side, int slice, int address, size_t bytes) const {
        const size_t words = (bytes + size_t(chip.lanes()) - 1) / size_t(chip.lanes());
        if (slice < 0 || slice >= chip.geometry.mem_slices || address < 0 || size_t(address) + words > size_t(chip.geometry.words))
            throw user_error("memory: ", words, " words at ", SliceMap(chip.geometry).name(SliceMap(chip.geometry).mem(side, slice)), ", address ", address,
                             " are not in the chip, whose ", chip.geometry.mem_slices, " slices a side have ", chip.geometry.words, " words");
    }
};

Machine::Machine(const models::Chip& chip, Options options) : body_(std::make_unique<Body>()) {
    if (options.window_cycles < 1) throw user_error("window_cycles must be at least 1, not ", options.window_cycles);
    if (!options.vcd_file.empty() && options.engine != Engine::Kernel) throw user_error("a waveform (", options.vcd_file, ") needs the kernel engine");
    body_->chip = chip;
    body_->digest = chip.digest();
    body_->options = std::move(options);
    if (body_->options.data == Data::TimingOnly) return;
    for (int slice = 0; slice < 2 * chip.geometry.mem_slices; ++slice) body_->srams.emplace_back(chip.geometry.words, chip.lanes());
}

Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

const models::Chip& Machine::chip() const { return body_->chip; }
const Options& Machine::options() const { return body_->options; }

void Machine::write(isa::Side side, int slice, int address, std::span<const uint8_t> bytes) {
    body_->check_span(side, slice, address, bytes.size());
    if (body_->srams.empty()) return;
    Sram& sram = body_->srams[size_t(SliceMap(body_->chip.geometry).mem(side, slice))];
    const size_t lanes = size_t(body_->chip.lanes());
    for (size_t done = 0; done < bytes.size(); done += lanes)
        std::memcpy(sram.writable(address + int64_t(done / lanes)), bytes.data() + done, std::min(lanes, bytes.size() - done));
}

void Machine::read(isa::Side side, int slice, int address, std::span<uint8_t> bytes) const {
    body_->check_span(side, slice, address, bytes.size());
    if (body_->srams.empty()) return void(std::memset(bytes.data(), 0, bytes.size()));
    const Sram& sram = body_->srams[size_t(SliceMap(body_->chip.geometry).mem(side, slice))];
    const size_t lanes = size_t(body_->chip.lanes());
    for (size_t done = 0; done < bytes.size(); done += lanes)
        std::memcpy(bytes.data() + done, sram.current(address + int64_t(done / lanes)), std::min(lanes, bytes.size() - done));
}

void Machine::load(const isa::Program& program) {
    const isa::Geometry& geometry = body_->chip.geometry;
    for (const isa::DataBlock& block : program.data) {
        const size_t words = (block.bytes.size() + size_t(geometry.lanes()) - 1) / size_t(geometry.lanes());
        if (block.slice < geometry.mem_slices && block.address + words <= size_t(geometry.words))  // else a hazard of the run
            write(block.side, block.slice, block.address, block.bytes);
    }
}

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
    Core core(body_->chip, *program, options, body_->srams.empty() ? nullptr : &body_->srams, std::exchange(body_->inbox, {}));
    if (options.engine == Engine::Fast) run_fast(core, options.window_cycles);
    else run_kernel(core, options.window_cycles, options.vcd_file);
    if (!options.chrome_trace_file.empty()) write_chrome_trace(options.chrome_trace_file, body_->chip, *program);
    return core.finish();
}

}  // namespace superlane::sim
