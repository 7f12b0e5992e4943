// SPDX-License-Identifier: Apache-2.0
// Hazards: collected once a pair of bursts, sorted, put into words.
#include "sim/hazards.hpp"

#include <algorithm>

#include "isa/disassembler.hpp"
#include "sim/log.hpp"

namespace superlane::sim {
namespace {

struct Row {
    std::string_view name, explanation;
};
constexpr Row rows[] = {
#define HAZARD(name, text, explanation) {text, explanation},
#include "sim/hazards.def"
#undef HAZARD
};

std::string in_words(const InstructionRef& instruction) {
    std::string text = instruction.queue + "[" + std::to_string(instruction.position) + "]";
    if (instruction.line) text += " line " + std::to_string(instruction.line);
    return text + " '" + instruction.text + "'";
}

}  // namespace

InstructionRef refer(const PreparedProgram& program, const isa::QueueMap& queues, uint32_t burst) {
    if (burst == no_burst) return {};
    const BurstInfo& info = program.bursts[burst];
    return {queues.name(int(info.queue)), info.position, info.line, isa::to_text(info.instruction)};
}

std::string_view hazard_name(HazardKind kind) { return rows[size_t(kind)].name; }
std::string_view hazard_explanation(HazardKind kind) { return rows[size_t(kind)].explanation; }

std::string Hazard::message() const {
    std::string text = "cycle " + std::to_string(cycle) + ", " + slice + (stream.empty() ? "" : ", " + stream) + ": " +
                       std::string(hazard_explanation(kind));
    if (!detail.empty()) text += " (" + detail + ")";
    if (!a.queue.empty()) text += ": " + in_words(a);
    if (!b.queue.empty()) text += " and " + in_words(b);
    return text;
}

void HazardLog::add(RawHazard hazard) {
    if (hazard.b != no_burst && hazard.b < hazard.a) std::swap(hazard.a, hazard.b);
    const auto [place, fresh] = found_.try_emplace({hazard.kind, hazard.slice, hazard.stream, hazard.a, hazard.b}, hazard);
    if (!fresh && hazard.cycle < place->second.cycle) place->second = std::move(hazard);
}

void HazardLog::explain(const RawHazard& hazard) {
    const auto place = found_.find({hazard.kind, hazard.slice, hazard.stream, hazard.a, hazard.b});
    if (place != found_.end() && place->second.cycle == hazard.cycle) place->second.detail = hazard.detail;
}

size_t HazardLog::before(int64_t cycle) const {
    return size_t(std::count_if(found_.begin(), found_.end(), [&](const auto& entry) { return entry.second.cycle < cycle; }));
}

std::vector<Hazard> HazardLog::report(const PreparedProgram& program, size_t most) const {
    std::vector<const RawHazard*> sorted;
    for (const auto& [key, hazard] : found_) sorted.push_back(&hazard);  // the map's order decides between equal cycles
    std::stable_sort(sorted.begin(), sorted.end(), [](const RawHazard* x, const RawHazard* y) { return x->cycle < y->cycle; });
    if (sorted.size() > most) sorted.resize(most);
    const isa::QueueMap queues(program.geometry);
    const SliceMap slices(program.geometry);
    std::vector<Hazard> hazards;
    for (const RawHazard* raw : sorted) {
        InstructionRef a = refer(program, queues, raw->a), b = refer(program, queues, raw->b);
        if (raw->b != no_burst && program.bursts[raw->b].cycle < program.bursts[raw->a].cycle) std::swap(a, b);
        hazards.push_back({raw->kind, raw->cycle, slices.name(raw->slice), stream_name(raw->stream), raw->detail, a, b});
    }
    return hazards;
}

}  // namespace superlane::sim
