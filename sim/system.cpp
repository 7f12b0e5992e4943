// SPDX-License-Identifier: Apache-2.0
// The system as others see it: memory that stays, and runs on it.
#include "sim/system.hpp"

#include "base/error.hpp"
#include "sim/chrome_trace.hpp"
#include "sim/system_deferred.hpp"
#include "sim/system_engine.hpp"

namespace superlane::sim {
namespace {

void check_port(const models::System& system, const char* what, int chip, int link) {
    if (chip < 0 || chip >= system.chips || link < 0 || link >= system.chip.geometry.links)
        throw user_error(what, ": link ", link, " of chip ", chip, ", but system '", system.name, "' has ",
                         system.chips, " chips of ", system.chip.geometry.links, " links");
}

void check(const models::System& system, const SystemOptions& options) {
    if (options.chip.window_cycles < 1)
        throw user_error("window_cycles must be at least 1, not ", options.chip.window_cycles);
    if (options.threads < 1) throw user_error("threads must be at least 1, not ", options.threads);
    if (!options.chip.vcd_file.empty())
        throw user_error("a waveform (", options.chip.vcd_file, ") is of one chip, not of a system");
    if (!options.drift_ppm.empty() && options.drift_ppm.size() != size_t(system.chips))
        throw user_error("drift of ", options.drift_ppm.size(), " clocks is given, but system '", system.name, "' has ",
                         system.chips, " chips");
    constexpr double most_ppm = 1000;
    for (const double ppm : options.drift_ppm)
        if (!(ppm >= -most_ppm && ppm <= most_ppm))
            throw user_error("a clock's drift must be -1000 to 1000 ppm, not ", ppm);
    for (const LinkError& error : options.link_errors) check_port(system, "link error", error.chip, error.link);
    for (const models::Cable& cable : system.cables)
        for (const models::Port& port : cable.ends) check_port(system, "cable", port.chip, port.link);
}

}  // namespace

struct SystemMachine::Body {
    models::System system;
    std::string chip_digest;
    SystemOptions options;
    std::vector<ChipMemory> memories;  ///< one a chip; timing only: one that keeps nothing

    ChipMemory& memory(int chip) {
        if (chip < 0 || chip >= system.chips)
            throw user_error("chip ", chip, ": system '", system.name, "' has ", system.chips);
        return memories[memories.size() == 1 ? 0 : size_t(chip)];
    }
};

SystemMachine::SystemMachine(const models::System& system, SystemOptions options) {
    check(system, options);
    const bool functional = options.chip.data == Data::Functional;
    body_ = std::make_unique<Body>(Body{system, system.chip.digest(), std::move(options), {}});
    for (int chip = 0; chip < (functional ? system.chips : 1); ++chip)
        body_->memories.emplace_back(system.chip, functional);
}

SystemMachine::~SystemMachine() = default;
SystemMachine::SystemMachine(SystemMachine&&) noexcept = default;
SystemMachine& SystemMachine::operator=(SystemMachine&&) noexcept = default;

const models::System& SystemMachine::system() const { return body_->system; }

void SystemMachine::write(int chip, isa::Side side, int slice, int address, std::span<const uint8_t> bytes) {
    body_->memory(chip).write(body_->system.chip, side, slice, address, bytes);
}
void SystemMachine::read(int chip, isa::Side side, int slice, int address, std::span<uint8_t> bytes) const {
    body_->memory(chip).read(body_->system.chip, side, slice, address, bytes);
}
void SystemMachine::load(int chip, const isa::Program& program) {
    body_->memory(chip).load(body_->system.chip, program);
}

void SystemMachine::inject(std::vector<LinkError> errors) {
    for (const LinkError& error : errors) check_port(body_->system, "link error", error.chip, error.link);
    body_->options.link_errors = std::move(errors);
}

SystemResult SystemMachine::run(const std::vector<Launch>& launches) {
    const models::System& system = body_->system;
    const SystemOptions& options = body_->options;
    const bool functional = options.chip.data == Data::Functional;
    std::vector<LaunchRun> runs = plan_launches(system, options, body_->chip_digest, launches);
    if (!options.chip.chrome_trace_file.empty()) {
        std::vector<TracedProgram> traced;
        for (const LaunchRun& run : runs)
            traced.push_back({run.launch->chip, run.launch->name.empty() ? "program" : run.launch->name,
                              run.launch->program.get(), run.wiring.clock});
        write_chrome_trace(options.chip.chrome_trace_file, system.chip, traced);
    }
    if (!functional && options.deferred && options.drift_ppm.empty() && options.chip.engine == Engine::Fast)
        if (auto result = run_deferred(system, options, plan_launches(system, options, body_->chip_digest, launches)))
            return *std::move(result);
    SystemRun run(system, options, std::move(runs), functional ? &body_->memories : nullptr);
    if (options.chip.engine == Engine::Fast)
        run_system_fast(run, options.threads);
    else
        run_system_kernel(run, SliceMap(system.chip.geometry).size());
    return run.finish();
}

}  // namespace superlane::sim
