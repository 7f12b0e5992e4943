// SPDX-License-Identifier: Apache-2.0
// From a program to chunks and actions: expansion, cutting, sorting.
#include "sim/prepare.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "sim/machine.hpp"

namespace superlane::sim {
namespace {

using isa::Opcode;

bool is_vxm(const isa::Instruction& instruction) { return isa::row_of(instruction.opcode).unit == isa::Unit::Alu; }

/// Dispatch to the word on its stream; 0 for what drives nothing, and for the VXM, whose exit link_vxm knows.
int drive_delay(const isa::Instruction& instruction, const isa::Timing& timing) {
    const isa::InstructionRow& row = isa::row_of(instruction.opcode);
    switch (row.unit) {
        case isa::Unit::Distributor:
        case isa::Unit::Transposer:
        case isa::Unit::Permuter:
        case isa::Unit::Selector: return timing.*row.latency + 2 * timing.sxm_io_crossing;
        default: return timing.*row.latency;
    }
}

void check_latencies(const models::Chip& chip) {
    const isa::Timing& t = chip.timing;
    const auto need = [&](int cycles, const char* what) {
        if (cycles < 1) throw user_error("chip '", chip.name, "': ", what, " must be at least 1 cycle in all: a result may not stand in the cycle of its operands");
    };
    need(t.mem_read, "mem.read");
    need(t.mem_write, "mem.write");
    need(t.mem_gather, "mem.gather");
    need(t.vxm_op, "vxm.op");
    need(t.vxm_special, "vxm.special");
    need(t.mxm_activation_in + t.mxm_multiply, "mxm.activation_in + mxm.multiply");
    need(t.mxm_accumulate_out, "mxm.accumulate_out");
    need(2 * t.sxm_io_crossing + std::min({t.sxm_distributor, t.sxm_transposer, t.sxm_permuter, t.sxm_shifter}), "the way through the SXM");
    need(t.c2c_receive, "c2c.receive");
    if (chip.has_dram()) need(t.dram_latency, "dram.latency");
}

int slice_of(const PreparedProgram& program, const Chunk& chunk) {
    return program.slice_of_queue[program.bursts[chunk.burst].queue];
}

/// What its slice does of a chunk, at one or two cycles.
void add_actions(const PreparedProgram& program, uint32_t id, std::vector<Action>& to) {
    const Chunk& chunk = program.chunks[id];
    const uint16_t slice = uint16_t(slice_of(program, chunk));
    const auto push = [&](int64_t cycle, Act act, uint8_t rank) { to.push_back({cycle, id, slice, rank, act}); };
    switch (chunk.instruction.opcode) {
        case Opcode::InstallWeights: return push(chunk.first, Act::Both, 0);
        case Opcode::LoadWeights: return push(chunk.last(), Act::End, 2);
        case Opcode::Read:
        case Opcode::DramRead:
        case Opcode::ActivatePlay:
        case Opcode::AccumulateEmit: return push(chunk.first, Act::Start, 1);
        default: break;
    }
    if (chunk.count == 1) return push(chunk.first, Act::Both, 1);
    push(chunk.first, Act::Start, 1);
    push(chunk.last(), Act::End, 2);
}

void sort(std::vector<Action>& actions) {
    std::sort(actions.begin(), actions.end(), [](const Action& x, const Action& y) {
        return std::tie(x.cycle, x.slice, x.rank, x.chunk, x.act) < std::tie(y.cycle, y.slice, y.rank, y.chunk, y.act);
    });
}

class Preparation {
public:
    Preparation(const models::Chip& chip, const isa::Program& program, PreparedProgram& out)
        : chip_(chip), program_(program), out_(out), queues_(chip.geometry), slices_(chip.geometry), plan_(chip.floorplan()) {}

    void run() {
        check_latencies(chip_);
        const auto text = isa::expand(program_, chip_.timing);
        find_cuts(text);
        for (int queue = 0; queue < queues_.size(); ++queue) out_.slice_of_queue.push_back(slices_.of(queues_[queue]));
        for (int queue = 0; queue < queues_.size(); ++queue)
            for (const isa::Burst& burst : text[size_t(queue)]) add(burst, queue);
        link_vxm(chip_, std::move(vxm_), slices_, out_.chunks, out_.hazards);
        check_program();
        std::stable_sort(out_.powered.begin(), out_.powered.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
        check_alignments();
        note_chunks();
    }

private:
    /// LW chunks end before each IW of their plane pair, for the buffer changes there.
    void find_cuts(const std::vector<std::vector<isa::Burst>>& text) {
        for (int queue = 0; queue < queues_.size(); ++queue) {
            if (queues_[queue].kind != isa::SliceKind::Mxm) continue;
            for (const isa::Burst& burst : text[size_t(queue)])
                if (burst.instruction.opcode == Opcode::InstallWeights)
                    for (uint32_t i = 0; i < burst.count; ++i) cuts_of(queues_[queue]).push_back(burst.cycle + int64_t(i) * burst.interval);
        }
        for (auto& side : cuts_)
            for (auto& cuts : side) std::sort(cuts.begin(), cuts.end());
    }
    std::vector<int64_t>& cuts_of(const isa::Queue& queue) {
        auto& side = cuts_[int(queue.side)];
        side.resize(size_t(chip_.geometry.planes));
        return side[queue.unit / 2u];
    }

    void add(const isa::Burst& burst, int queue) {
        const uint32_t id = uint32_t(out_.bursts.size());
        const auto& lines = program_.lines;
        const bool has_line = size_t(queue) < lines.size() && burst.position < lines[size_t(queue)].size();
        out_.bursts.push_back({burst.cycle, burst.count, burst.interval, uint32_t(queue), burst.position,
                               has_line ? lines[size_t(queue)][burst.position] : 0, burst.instruction});
        out_.instruction_cycles += burst.count;
        const bool writes = burst.instruction.opcode == Opcode::Write || burst.instruction.opcode == Opcode::Scatter;
        out_.cycles = std::max(out_.cycles, burst.last_cycle() + (writes ? chip_.timing.mem_write : 1));
        if (!refused(chip_, queues_, burst, queue, id, out_.hazards)) cut(burst, queues_[queue], id);
    }

    void cut(const isa::Burst& burst, const isa::Queue& queue, uint32_t id) {
        const Opcode opcode = burst.instruction.opcode;
        for (uint32_t i = 0; opcode == Opcode::Config && i < burst.count; ++i)  // another Config may stand between repetitions
            out_.powered.emplace_back(burst.cycle + int64_t(i) * burst.interval, burst.instruction.count);
        if (opcode == Opcode::Deskew || opcode == Opcode::RuntimeDeskew) align(burst);
        if (opcode == Opcode::Config || opcode == Opcode::Notify || opcode == Opcode::Deskew || opcode == Opcode::RuntimeDeskew) return;
        const bool single = queue.kind == isa::SliceKind::C2c || opcode == Opcode::InstallWeights || opcode == Opcode::Ifetch;
        const uint32_t most = single ? 1 : std::max(1u, uint32_t(max_chunk_cycles) / burst.interval);
        Chunk chunk;
        chunk.interval = burst.interval;
        chunk.step = burst.step;
        chunk.burst = id;
        chunk.unit = queue.unit;
        chunk.side = queue.side;
        chunk.instruction = burst.instruction;
        chunk.delay = drive_delay(burst.instruction, chip_.timing);
        chunk.position = int16_t(ifetch_position(queue, burst.instruction));
        for (uint32_t done = 0; done < burst.count; done += chunk.count) {
            chunk.first = burst.cycle + int64_t(done) * burst.interval;
            chunk.index = first_index(burst.instruction) + int32_t(done) * burst.step;
            chunk.count = std::min(most, burst.count - done);
            if (opcode == Opcode::LoadWeights) chunk.count = before_cut(chunk, cuts_of(queue));
            (is_vxm(burst.instruction) ? vxm_ : out_.chunks).push_back(chunk);
        }
    }

    static int32_t first_index(const isa::Instruction& instruction) {
        return instruction.opcode == Opcode::DramRead ? int32_t(instruction.imm) : instruction.index;
    }

    void align(const isa::Burst& burst) {
        const int64_t resume = isa::resume_cycle(burst.instruction, burst.cycle, chip_.timing);
        out_.alignments.push_back({burst.cycle, resume, burst.instruction.opcode == Opcode::Deskew});
        out_.cycles = std::max(out_.cycles, resume);
    }

    /// The chip re-aligns as a whole: nothing may be dispatched meanwhile, in any queue.
    void check_alignments() {
        std::sort(out_.alignments.begin(), out_.alignments.end(), [](const Alignment& x, const Alignment& y) { return x.begin < y.begin; });
        for (const Alignment& alignment : out_.alignments)
            for (uint32_t id = 0; id < out_.bursts.size(); ++id) {
                const BurstInfo& burst = out_.bursts[id];
                const int64_t late = std::max<int64_t>(0, alignment.begin + 1 - burst.cycle);
                const int64_t element = (late + burst.interval - 1) / burst.interval, cycle = burst.cycle + element * burst.interval;
                if (element < burst.count && cycle < alignment.resume)
                    out_.hazards.push_back({HazardKind::Realigned, cycle, out_.slice_of_queue[burst.queue], -1, id, no_burst, {}});
            }
    }

    static uint32_t before_cut(const Chunk& chunk, const std::vector<int64_t>& cuts) {
        const auto next = std::upper_bound(cuts.begin(), cuts.end(), chunk.first);
        if (next == cuts.end() || *next > chunk.last()) return chunk.count;
        return uint32_t((*next - chunk.first + chunk.interval - 1) / chunk.interval);
    }

    int ifetch_position(const isa::Queue& queue, const isa::Instruction& instruction) const {
        switch (queue.kind) {
            case isa::SliceKind::Mem: return plan_.mem(queue.side, queue.unit);
            case isa::SliceKind::Vxm: return plan_.vxm_operand(isa::stream_direction(instruction.a));
            case isa::SliceKind::Mxm: return plan_.mxm_in(queue.side);
            default: return plan_.sxm_edge(queue.side);
        }
    }

    void check_program() {
        const auto report = [&](HazardKind kind, std::string detail) { out_.hazards.push_back({kind, 0, -1, -1, no_burst, no_burst, std::move(detail)}); };
        if (int64_t(out_.instruction_bytes) > chip_.text_limit())
            report(HazardKind::TextStore, std::to_string(out_.instruction_bytes) + " bytes of " + std::to_string(chip_.text_limit()));
        const auto check = [&](const std::string& what, int slice, uint64_t first, uint64_t words) {
            if (slice >= chip_.geometry.mem_slices) report(HazardKind::Region, what + ": slice " + std::to_string(slice) + " of " + std::to_string(chip_.geometry.mem_slices));
            else if (first + words > uint64_t(chip_.data_words()))
                report(HazardKind::Region, what + ": words up to " + std::to_string(first + words) + " of " + std::to_string(chip_.data_words()));
        };
        for (const isa::Region& region : program_.regions) check("region " + region.name, region.slice, region.address, region.words);
        for (const isa::DataBlock& block : program_.data)
            check("data", block.slice, block.address, (block.bytes.size() + size_t(chip_.lanes()) - 1) / size_t(chip_.lanes()));
    }

    void note_chunks() {
        for (const Chunk& chunk : out_.chunks) {
            if (slice_of(out_, chunk) == slices_.c2c() && chunk.instruction.opcode != Opcode::Ifetch) out_.links = std::max(out_.links, chunk.index + 1);
            out_.longest_chunk = std::max(out_.longest_chunk, int(chunk.last() - chunk.first));
        }
    }

    const models::Chip& chip_;
    const isa::Program& program_;
    PreparedProgram& out_;
    isa::QueueMap queues_;
    SliceMap slices_;
    isa::Floorplan plan_;
    std::vector<Chunk> vxm_;
    std::vector<std::vector<int64_t>> cuts_[2];  ///< [side][plane pair], cycles of IW
};

}  // namespace

PreparedProgram::PreparedProgram(const models::Chip& chip, const isa::Program& program) : geometry(program.geometry) {
    if (!(program.geometry == chip.geometry))
        throw user_error("the program was made for chip '", program.chip, "' of another geometry than '", chip.name, "'");
    chip_digest = chip.digest();
    if (!program.chip_digest.empty() && program.chip_digest != chip_digest)
        throw user_error("the program was made for chip '", program.chip, "' with other timing than '", chip.name, "': a static schedule is right for one machine only");
    instruction_bytes = program.instruction_bytes();
    Preparation(chip, program, *this).run();
}

int PreparedProgram::powered_superlanes(int64_t cycle) const {
    const auto after = std::upper_bound(powered.begin(), powered.end(), cycle, [](int64_t c, const auto& entry) { return c < entry.first; });
    return after == powered.begin() ? geometry.superlanes : std::prev(after)->second;
}

const std::vector<Action>& PreparedProgram::actions() const {
    std::call_once(once_, [&] {
        actions_.reserve(2 * chunks.size());
        for (uint32_t id = 0; id < chunks.size(); ++id) add_actions(*this, id, actions_);
        sort(actions_);
    });
    return actions_;
}

std::vector<std::vector<Turn>> turns(const PreparedProgram& program) {
    std::vector<std::vector<Action>> actions(size_t(SliceMap(program.geometry).size()));
    for (uint32_t id = 0; id < program.chunks.size(); ++id) add_actions(program, id, actions[size_t(slice_of(program, program.chunks[id]))]);
    std::vector<std::vector<Turn>> turns;
    for (std::vector<Action>& own : actions) {
        sort(own);
        auto& of_slice = turns.emplace_back();
        of_slice.reserve(own.size());
        for (const Action& action : own) of_slice.push_back({action.chunk, action.act});
    }
    return turns;
}

std::shared_ptr<const PreparedProgram> prepare(const models::Chip& chip, const isa::Program& program) {
    auto prepared = std::make_shared<PreparedProgram>(chip, program);
    record_tracks(chip, *prepared);
    return prepared;
}

}  // namespace superlane::sim
