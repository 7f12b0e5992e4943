// SPDX-License-Identifier: Apache-2.0
// The instruction table, assembly line by line, programs, and the schedule that a program is.
#include "base/error.hpp"
#include "experiment/compile_step.hpp"
#include "experiment/program_run.hpp"
#include "isa/assembler.hpp"
#include "isa/disassembler.hpp"
#include "isa/operands.hpp"
#include "isa/program.hpp"
#include "isa/program_file.hpp"
#include "python/bindings/bindings.hpp"
#include "sim/prepare.hpp"

namespace superlane::python {
namespace {

const char* kind_name(isa::OperandKind kind) {
    constexpr const char* names[] = {"stream",      "to",        "source", "to",       "address", "slot",
                                     "count",       "unsigned",  "signed", "interval", "step",    "immediate",
                                     "result_type", "reduction", "wrap",   "link"};
    return names[int(kind)];
}

/// [{name, mnemonic, unit, types, operands: [(name, kind)], latency, summary}]
py::list instruction_table() {
    py::list rows;
    for (const isa::InstructionRow& row : isa::instructions()) {
        py::list operands, types;
        for (const isa::Operand& operand : row.operands)
            operands.append(py::make_tuple(std::string(operand.name), kind_name(operand.kind)));
        for (int type = 0; type < isa::dtype_count; ++type)
            if (row.types & isa::type_bit(isa::DType(type))) types.append(std::string(isa::dtype_names[size_t(type)]));
        py::dict one;
        one["name"] = std::string(row.name);
        one["mnemonic"] = std::string(row.mnemonic);
        one["unit"] = std::string(isa::unit_name(row.unit));
        one["types"] = types;
        one["operands"] = operands;
        one["latency"] = std::string(row.latency_key);
        one["summary"] = std::string(row.summary);
        rows.append(one);
    }
    return rows;
}

isa::Target target_of(const models::Chip& chip) { return {chip.name, chip.digest(), chip.geometry}; }

/// Bytes that stand in memory before the program starts.
void add_data(isa::Program& program, const std::string& slice, int address, const py::buffer& bytes) {
    const isa::Queue queue = mem_slice(program.geometry, slice);
    const py::buffer_info info = bytes.request();
    const std::span<const uint8_t> data = bytes_of(info, slice);
    const size_t size = data.size(), lanes = size_t(program.geometry.lanes());
    if (size % lanes != 0 || size == 0)
        throw user_error(slice, ": data must be whole words of ", lanes, " bytes, not ", size, " bytes");
    if (address < 0 || address + int64_t(size / lanes) > program.geometry.words)
        throw user_error(slice, ": words ", address, " to ", address + int64_t(size / lanes) - 1,
                         " are not all in the slice; it has ", program.geometry.words);
    program.data.push_back({queue.side, queue.unit, uint16_t(address), {data.begin(), data.end()}});
}

struct BurstRow {
    int64_t cycle, last_cycle;
    int32_t queue, position, count, interval, step, opcode, line;
};

/// Every instruction with its repetitions, at the cycle in which it is dispatched; by cycle, then queue.
py::array_t<BurstRow> bursts(const isa::Program& program, const models::Chip& chip) {
    std::vector<BurstRow> rows;
    const auto queues = isa::expand(program, chip.timing);
    for (size_t queue = 0; queue < queues.size(); ++queue)
        for (const isa::Burst& burst : queues[queue]) {
            const auto& lines = program.lines.empty() ? std::vector<uint32_t>() : program.lines[queue];
            rows.push_back({burst.cycle, burst.last_cycle(), int32_t(queue), int32_t(burst.position),
                            int32_t(burst.count), int32_t(burst.interval), burst.step,
                            int32_t(burst.instruction.opcode),
                            burst.position < lines.size() ? int32_t(lines[burst.position]) : 0});
        }
    std::stable_sort(rows.begin(), rows.end(), [](const BurstRow& x, const BurstRow& y) { return x.cycle < y.cycle; });
    const auto count = py::ssize_t(rows.size());
    return owned(std::move(rows), {count});
}

py::list regions(const isa::Program& program) {
    py::list rows;
    for (const isa::Region& region : program.regions)
        rows.append(py::make_tuple(
            region.name,
            std::string(region.side == isa::Side::West ? "mem.w." : "mem.e.") + std::to_string(region.slice),
            region.address, region.words));
    return rows;
}

void bind_program(py::module_& module) {
    PYBIND11_NUMPY_DTYPE(BurstRow, cycle, last_cycle, queue, position, count, interval, step, opcode, line);
    py::class_<isa::Program>(module, "Program")
        .def_readonly("chip", &isa::Program::chip)
        .def_property_readonly("digest", &isa::Program::digest)
        .def_property_readonly("instruction_bytes", &isa::Program::instruction_bytes)
        .def("cycles", [](const isa::Program& program,
                          const models::Chip& chip) { return sim::PreparedProgram(chip, program).cycles; })
        .def("text", [](const isa::Program& program) { return isa::disassemble(program); })
        .def("instruction",
             [](const isa::Program& program, int queue, int position) {
                 return isa::to_text(program.text.at(size_t(queue)).at(size_t(position)));
             })
        .def("regions", &regions)
        .def("bursts", &bursts, py::arg("chip"))
        .def("add_data", &add_data, py::arg("slice"), py::arg("address"), py::arg("bytes"))
        .def("save", [](const isa::Program& program, const std::string& path) { isa::save_program(program, path); });
    module.def("read_program", &experiment::read_program, py::arg("path"), py::arg("chip"));
    module.def("instruction_table", &instruction_table);
    py::class_<isa::Assembler>(module, "Assembler")
        .def(py::init([](const models::Chip& chip, const std::string& name) {
                 return isa::Assembler(target_of(chip), name);
             }),
             py::arg("chip"), py::arg("name"))
        .def("line", [](isa::Assembler& assembler, const std::string& text) { assembler.line(text); })
        .def_property_readonly("lines", &isa::Assembler::lines)
        .def("program", &isa::Assembler::program);
}

py::dict schedule(const std::string& model, const models::Chip& chip, int position, int context,
                  const std::string& dtype, int layers, const std::string& scheduler, bool weights) {
    experiment::StepOptions options;
    options.decode.model = model;
    options.decode.chip = chip;
    options.decode.context = context;
    options.decode.dtype = dtype;
    options.decode.layers = layers;
    options.decode.scheduler = scheduler;
    options.position = position;
    options.weights = weights;
    const experiment::Step step = unlocked([&] { return experiment::compile_step(options); });
    py::list operations;
    for (const auto& span : step.compiled.operations)
        operations.append(py::make_tuple(span.name, span.first, span.last));
    py::dict found;
    found["model"] = step.model.name;
    found["cycles"] = step.compiled.cycles;
    found["scheduler"] = step.compiled.scheduler;
    found["operations"] = operations;
    found["reasons"] = step.decisions.reasons;
    found["weight_bytes"] = step.weight_bytes;
    found["program"] = step.compiled.program();
    return found;
}

}  // namespace

isa::Queue mem_slice(const isa::Geometry& geometry, const std::string& name) {
    const isa::QueueMap queues(geometry);
    const int index = queues.find(name);
    if (index < 0 || queues[index].kind != isa::SliceKind::Mem)
        throw user_error("'", name, "' is no MEM slice; the chip has mem.w.0 to mem.e.", geometry.mem_slices - 1);
    return queues[index];
}

std::span<const uint8_t> bytes_of(const py::buffer_info& info, const std::string& where) {
    bool gapless = info.itemsize == 1;
    py::ssize_t stride = 1;
    for (size_t axis = size_t(info.ndim); axis-- > 0; stride *= info.shape[axis])
        gapless &= info.shape[axis] == 1 || info.strides[axis] == stride;
    if (!gapless) throw user_error(where, ": expected bytes without gaps; wider elements lie in several slices");
    return {static_cast<const uint8_t*>(info.ptr), size_t(info.size)};
}

void bind_programs(py::module_& module) {
    bind_program(module);
    module.def("schedule", &schedule, py::arg("model"), py::arg("chip"), py::arg("position"), py::arg("context"),
               py::arg("dtype"), py::arg("layers"), py::arg("scheduler"), py::arg("weights"));
}

}  // namespace superlane::python
