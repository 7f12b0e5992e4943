// SPDX-License-Identifier: Apache-2.0
// The simulated chip: memory in and out as arrays, programs run, streams watched.
#include "sim/machine.hpp"

#include "base/error.hpp"
#include "experiment/faults.hpp"
#include "experiment/result.hpp"
#include "isa/operands.hpp"
#include "python/bindings/bindings.hpp"

namespace superlane::python {
namespace {

sim::Options options_of(const models::Chip& chip, const std::string& engine, bool timing_only, bool trace,
                        const std::string& chrome_trace, const std::vector<std::string>& faults) {
    sim::Options options;
    options.engine = experiment::engine_of(engine);
    options.data = timing_only ? sim::Data::TimingOnly : sim::Data::Functional;
    options.text_trace = trace;
    options.chrome_trace_file = chrome_trace;
    options.faults = experiment::parse_faults(faults, chip);
    return options;
}

py::array_t<uint8_t> read(const sim::Machine& machine, const std::string& slice, int address, int words) {
    const isa::Queue queue = mem_slice(machine.chip().geometry, slice);
    const int lanes = machine.chip().lanes();
    if (words < 1) throw user_error(slice, ": words must be at least 1, not ", words);
    std::vector<uint8_t> bytes(size_t(words) * size_t(lanes));
    machine.read(queue.side, queue.unit, address, bytes);
    return owned(std::move(bytes), {words, lanes});
}

/// The words where they lie; they change when a program writes them.
py::array view(py::object self, const std::string& slice, int address, int words) {
    auto& machine = self.cast<sim::Machine&>();
    const isa::Queue queue = mem_slice(machine.chip().geometry, slice);
    const std::span<const uint8_t> bytes = machine.view(queue.side, queue.unit, address, words);
    py::array_t<uint8_t> array({words, machine.chip().lanes()}, bytes.data(), self);
    array.attr("setflags")(py::arg("write") = false);
    return array;
}

void write(sim::Machine& machine, const std::string& slice, int address, const py::buffer& bytes) {
    const isa::Queue queue = mem_slice(machine.chip().geometry, slice);
    const py::buffer_info info = bytes.request();
    machine.write(queue.side, queue.unit, address, bytes_of(info, slice));
}

py::dict counters(const sim::Counters& from) {
    py::dict all;
    all["vectors_read"] = from.vectors_read();
    all["vectors_written"] = from.vectors_written();
    all["macs_int8"] = from.macs_int8();
    all["macs_fp16"] = from.macs_fp16();
    all["alu_ops"] = from.alu_ops;
    all["stream_register_cycles"] = from.stream_register_cycles();
    all["vectors_sent"] = from.vectors_sent;
    all["vectors_received"] = from.vectors_received;
    all["instructions"] = from.instructions;
    all["energy_j"] = from.joules();
    return all;
}

py::dict hazard(const sim::Hazard& from) {
    py::dict one;
    one["kind"] = std::string(sim::hazard_name(from.kind));
    one["cycle"] = from.cycle;
    one["slice"] = from.slice;
    one["stream"] = from.stream;
    one["message"] = from.message();
    one["explanation"] = std::string(sim::hazard_explanation(from.kind));
    return one;
}

py::dict watched(sim::Watched&& from, int positions, int lanes) {
    const auto cycles = py::ssize_t(from.driven.size()) / positions;
    py::dict one;
    one["driven"] = owned(std::move(from.driven), {cycles, positions});
    one["values"] = owned(std::move(from.values), {cycles, positions, lanes});
    return one;
}

py::dict run(sim::Machine& machine, const isa::Program& program, bool load,
             const std::vector<std::tuple<std::string, int64_t, int64_t>>& watch) {
    std::vector<sim::Watch> watches;
    for (const auto& [name, first, cycles] : watch) {
        const auto stream = isa::stream_named(name);
        const int streams = machine.chip().geometry.streams;
        if (!stream || isa::stream_index(*stream) >= streams)
            throw user_error("'", name, "' is no stream to watch; the chip has E0 to E", streams - 1, " and W0 to W",
                             streams - 1);
        watches.push_back({*stream, first, cycles});
    }
    sim::RunResult result = unlocked([&] {
        machine.watch(watches);
        if (load) machine.load(program);
        return machine.run(sim::prepare(machine.chip(), program));
    });
    const models::Chip& chip = machine.chip();
    const isa::Floorplan plan = chip.floorplan();
    py::dict found;
    found["cycles"] = result.cycles;
    found["last_tile_cycles"] = result.last_tile_cycles;
    found["stopped"] = result.stopped;
    found["corrected_ecc"] = result.corrected_ecc;
    found["counters"] = counters(result.counters);
    found["trace"] = result.trace;
    py::list hazards, streams;
    for (const sim::Hazard& one : result.hazards) hazards.append(hazard(one));
    for (sim::Watched& one : result.watched)
        streams.append(watched(std::move(one), plan.east_end() - plan.west_end() + 1, chip.lanes()));
    found["hazards"] = hazards;
    found["streams"] = streams;
    return found;
}

}  // namespace

void bind_machine(py::module_& module) {
    py::class_<sim::Machine>(module, "Machine")
        .def(py::init([](const models::Chip& chip, const std::string& engine, bool timing_only, bool trace,
                         const std::string& chrome_trace, const std::vector<std::string>& faults) {
                 return sim::Machine(chip, options_of(chip, engine, timing_only, trace, chrome_trace, faults));
             }),
             py::arg("chip"), py::arg("engine") = "fast", py::arg("timing_only") = false, py::arg("trace") = false,
             py::arg("chrome_trace") = "", py::arg("faults") = std::vector<std::string>())
        .def("write", &write, py::arg("slice"), py::arg("address"), py::arg("bytes"))
        .def("read", &read, py::arg("slice"), py::arg("address"), py::arg("words"))
        .def("view", &view, py::arg("slice"), py::arg("address"), py::arg("words"))
        .def("run", &run, py::arg("program"), py::arg("load"), py::arg("watch"));
}

}  // namespace superlane::python
