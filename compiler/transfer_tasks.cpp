// SPDX-License-Identifier: Apache-2.0
// Issues, flows and cells of transfers. Streams and ports are chosen so that transfers of different cycles never meet.
#include "compiler/transfer_tasks.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"

namespace superlane::compiler {
namespace {

// Of a side's C2C ports the first two send; results of the VXM leave on the highest streams, sources come in from the
// lowest on.
constexpr int send_ports = 2, receive_ports = isa::sxm_links - send_ports;
constexpr int kept_streams = 4;

}  // namespace

RowPlace TransferTasks::plane(const RowPlace& place, int byte) {
    RowPlace one = place;
    one.region.width = 1;
    one.region.slices = {place.region.slices[size_t(byte)]};
    return one;
}

Task TransferTasks::send(const RowPlace& place, int byte, int link) {
    const models::Chip& chip = problem_.chip();
    const RowPlace from = plane(place, byte);
    const Side side = from.region.side, direction = outward(side);
    const int edge = problem_.plan().sxm_edge(side), position = problem_.plan().mem(side, from.region.slices[0]);
    const int stream = sends_ % (chip.geometry.streams - kept_streams), port = sends_ % send_ports;
    ++sends_;
    Task task;
    add_access(problem_, task, Opcode::Read, from.region, 0, from.row, 1, 1, 1,
               -std::abs(edge - position) - chip.timing.mem_read, isa::stream(direction, stream));
    task.flows.push_back({direction, stream, isa::diagonal(direction, 0, edge), 1, 1, std::min(edge, position),
                          std::max(edge, position)});
    Issue issue{problem_.queues().c2c(side, port), 0, 1, 1, 0, {}};
    issue.instruction.opcode = Opcode::Send;
    issue.instruction.a = isa::stream(direction, stream);
    issue.instruction.index = uint16_t(link);
    task.issues.push_back(issue);
    task.holds.push_back({problem_.queues().size() + chip.geometry.alus + link, 0, chip.timing.c2c_vector_interval});
    return task;
}

Task TransferTasks::receive(const RowPlace& place, int byte, int link) {
    const models::Chip& chip = problem_.chip();
    const RowPlace to = plane(place, byte);
    const Side side = to.region.side, direction = inward(side);
    const int edge = problem_.plan().sxm_edge(side), position = problem_.plan().mem(side, to.region.slices[0]);
    const int stream = chip.geometry.streams - 1 - receives_ % kept_streams;
    const int port = send_ports + receives_ % receive_ports, driven = chip.timing.c2c_receive;
    ++receives_;
    Task task;
    Issue issue{problem_.queues().c2c(side, port), 0, 1, 1, 0, {}};
    issue.instruction.opcode = Opcode::Receive;
    issue.instruction.dst = isa::stream(direction, stream);
    issue.instruction.index = uint16_t(link);
    task.issues.push_back(issue);
    add_access(problem_, task, Opcode::Write, to.region, 0, to.row, 1, 1, 1, driven + std::abs(edge - position),
               isa::stream(direction, stream));
    task.flows.push_back({direction, stream, isa::diagonal(direction, driven, edge), 1, 1, std::min(edge, position),
                          std::max(edge, position)});
    return task;
}

Task TransferTasks::add(DType type, const std::vector<RowPlace>& operands, const RowPlace& to) const {
    VectorTask task(problem_, 1);
    VectorTask::Value sum = task.read(operands[0].region, type, operands[0].row);
    for (size_t i = 1; i < operands.size(); ++i)
        sum = task.op(Opcode::Add, type, sum, task.read(operands[i].region, type, operands[i].row));
    task.write(sum, to.region, to.row);
    Task built = task.finish();
    // Bytes of a row come and go one by one here: each is a cell of its own.
    const size_t rows = built.accesses.size();
    for (size_t i = 0; i < rows; ++i)
        for (int byte = 1; byte < to.region.width; ++byte) {
            Access access = built.accesses[i];
            access.cell += uint32_t(byte * problem_.chip().geometry.words);
            built.accesses.push_back(access);
        }
    return built;
}

int TransferTasks::operands(const models::Chip& chip, int width) {
    return std::min(chip.geometry.alus, chip.geometry.streams / width - 1);
}

const Access& TransferTasks::access(const Task& task, const RowPlace& place, bool write) const {
    const uint32_t cell =
        problem_.word_cell(place.region.side, place.region.slices[0], place.region.address + place.row);
    for (const Access& access : task.accesses)
        if (access.write == write && access.cell == cell) return access;
    SUPERLANE_CHECK(false, "the task does not use that place");
    return task.accesses.front();
}

int TransferTasks::settled(const Task& task, const RowPlace& place) const { return access(task, place, true).settled; }
int TransferTasks::reads(const Task& task, const RowPlace& place) const { return access(task, place, false).at; }

}  // namespace superlane::compiler
