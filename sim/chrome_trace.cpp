// SPDX-License-Identifier: Apache-2.0
// The Chrome/Perfetto trace of one chip or many. Tracks without an event are left out. Arrows ("flows") lead from the
// burst that drives a stream to the one that takes its values.
#include "sim/chrome_trace.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/error.hpp"
#include "isa/disassembler.hpp"

namespace superlane::sim {
namespace {

using nlohmann::json;

class Writer {
public:
    Writer(std::ostream& out, const models::Chip& chip) : out_(out), chip_(chip), queues_(chip.geometry) {}

    void begin(int64_t cycles) {
        out_ << "{\"displayTimeUnit\":\"ns\",\"otherData\":" << machine(cycles) << ",\"traceEvents\":[";
    }
    void end() { out_ << "\n]}\n"; }

    void process(int chip, const std::string& name) {
        event({{"name", "process_name"}, {"ph", "M"}, {"pid", chip + 1}, {"args", {{"name", name}}}});
        event({{"name", "process_sort_index"}, {"ph", "M"}, {"pid", chip + 1}, {"args", {{"sort_index", chip}}}});
    }
    void track(int chip, int queue) {
        const std::string name = queue == queues_.size() ? "programs" : queues_.name(queue);
        event(
            {{"name", "thread_name"}, {"ph", "M"}, {"pid", chip + 1}, {"tid", queue + 1}, {"args", {{"name", name}}}});
    }
    void program(const TracedProgram& traced) {
        if (!traced.name.empty())
            span(traced, queues_.size(), traced.name, 0, traced.program->cycles,
                 {{"instructions", traced.program->instruction_cycles}});
        for (const BurstInfo& burst : traced.program->bursts)
            span(traced, int(burst.queue), isa::to_text(burst.instruction), burst.cycle,
                 burst.cycle + int64_t(burst.count - 1) * burst.interval + 1,
                 {{"cycle", burst.cycle},
                  {"count", burst.count},
                  {"interval", burst.interval},
                  {"position", burst.position},
                  {"line", burst.line}});
    }
    /// Streams side by side that one burst drove and another took are one arrow.
    void arrows(const TracedProgram& traced) {
        const auto& records = *traced.records;
        for (size_t i = 0, next; i < records.size(); i = next) {
            next = i + 1;
            if (records[i].kind != TraceRecord::Kind::Take || records[i].driver == no_burst) continue;
            while (next < records.size() && beside(records[i], records[next], int(next - i))) ++next;
            arrow(traced, records[i], int(next - i));
        }
    }
    int program_track() const { return queues_.size(); }

private:
    /// What pictures need: length of the longest program, positions on the stream line, counts.
    json machine(int64_t cycles) const {
        const isa::Floorplan plan = chip_.floorplan();
        const auto both = [&](auto&& at) { return json{at(isa::Side::West), at(isa::Side::East)}; };
        json mem = json::array();
        for (int slice = 0; slice < chip_.geometry.mem_slices; ++slice)
            mem.push_back(both([&](isa::Side side) { return plan.mem(side, slice); }));
        return {{"chip", chip_.name},
                {"clock_mhz", chip_.clock_mhz},
                {"cycles", cycles},
                {"streams", chip_.geometry.streams},
                {"alus", chip_.geometry.alus},
                {"planes", chip_.geometry.planes},
                {"positions",
                 {{"mem", mem},
                  {"vxm", both([&](isa::Side side) { return plan.vxm_edge(side); })},
                  {"sxm", both([&](isa::Side side) { return plan.sxm_edge(side); })},
                  {"mxm_in", both([&](isa::Side side) { return plan.mxm_in(side); })},
                  {"mxm_out", both([&](isa::Side side) { return plan.mxm_out(side); })},
                  {"ends", json{plan.west_end(), plan.east_end()}}}}};
    }
    static bool beside(const TraceRecord& x, const TraceRecord& y, int streams) {
        return y.kind == x.kind && y.stream == x.stream + streams &&
               std::tie(x.cycle, x.burst, x.first, x.count, x.driver, x.position, x.interval, x.from) ==
                   std::tie(y.cycle, y.burst, y.first, y.count, y.driver, y.position, y.interval, y.from);
    }
    /// An arrow begins in the span of its driver and ends where the first value is taken.
    void arrow(const TracedProgram& traced, const TraceRecord& take, int streams) {
        const auto& bursts = traced.program->bursts;
        std::string name = stream_name(take.stream);
        if (streams > 1) name.append("-").append(stream_name(take.stream + streams - 1));
        json ends[2];
        for (const bool end : {false, true}) {
            const BurstInfo& burst = bursts[end ? take.burst : take.driver];
            ends[end] = {{"name", name},
                         {"cat", "streams"},
                         {"id", arrows_},
                         {"pid", traced.chip + 1},
                         {"tid", int(burst.queue) + 1},
                         {"ts", double(traced.clock.picoseconds(end ? take.cycle : burst.cycle)) * microseconds()}};
        }
        ends[0]["ph"] = "s";
        ends[1]["ph"] = "f";
        ends[1]["bp"] = "e";
        ends[1]["args"] = {{"cycle", take.cycle},
                           {"count", take.count},
                           {"interval", take.interval},
                           {"position", take.position},
                           {"from", take.from}};
        event(ends[0]);
        event(ends[1]);
        ++arrows_;
    }
    double microseconds() const { return 1 / chip_.clock_mhz / double(Clock::per_cycle); }  ///< of a clock's picosecond
    void span(const TracedProgram& traced, int queue, const std::string& name, int64_t first, int64_t past,
              json arguments) {
        const int64_t begin = traced.clock.picoseconds(first), length = traced.clock.picoseconds(past) - begin;
        event({{"name", name},
               {"ph", "X"},
               {"pid", traced.chip + 1},
               {"tid", queue + 1},
               {"ts", double(begin) * microseconds()},
               {"dur", double(length) * microseconds()},
               {"args", std::move(arguments)}});
    }
    void event(const json& event) {
        out_ << (first_ ? "\n" : ",\n") << event;
        first_ = false;
    }

    std::ostream& out_;
    const models::Chip& chip_;
    isa::QueueMap queues_;
    bool first_ = true;
    int64_t arrows_ = 0;
};

}  // namespace

void write_chrome_trace(const std::string& file, const models::Chip& chip, const std::vector<TracedProgram>& programs) {
    std::ofstream out(file);
    Writer writer(out, chip);
    int64_t cycles = 0;
    for (const TracedProgram& traced : programs) cycles = std::max(cycles, traced.program->cycles);
    writer.begin(cycles);
    std::set<std::pair<int, int>> tracks;
    for (const TracedProgram& traced : programs) {
        if (!traced.name.empty()) tracks.insert({traced.chip, writer.program_track()});
        for (const BurstInfo& burst : traced.program->bursts) tracks.insert({traced.chip, int(burst.queue)});
    }
    int named = -1;
    for (const auto& [number, queue] : tracks) {
        if (number != named)
            writer.process(number, programs.size() == 1 ? chip.name : "chip " + std::to_string(number));
        named = number;
        writer.track(number, queue);
    }
    for (const TracedProgram& traced : programs) {
        writer.program(traced);
        if (traced.records) writer.arrows(traced);
    }
    writer.end();
    if (!out.flush()) throw user_error(file, ": cannot be written");
}

}  // namespace superlane::sim
