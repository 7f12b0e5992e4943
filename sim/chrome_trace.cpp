// SPDX-License-Identifier: Apache-2.0
// The Chrome/Perfetto trace of one chip or many. Tracks without an event are left out.
#include "sim/chrome_trace.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "isa/disassembler.hpp"

namespace superlane::sim {
namespace {

using nlohmann::json;

class Writer {
public:
    Writer(std::ostream& out, const models::Chip& chip) : out_(out), chip_(chip), queues_(chip.geometry) {}

    void begin() { out_ << "{\"displayTimeUnit\":\"ns\",\"traceEvents\":["; }
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
    int program_track() const { return queues_.size(); }

private:
    void span(const TracedProgram& traced, int queue, const std::string& name, int64_t first, int64_t past,
              json arguments) {
        const double microseconds = 1 / chip_.clock_mhz / double(Clock::per_cycle);
        const int64_t begin = traced.clock.picoseconds(first), length = traced.clock.picoseconds(past) - begin;
        event({{"name", name},
               {"ph", "X"},
               {"pid", traced.chip + 1},
               {"tid", queue + 1},
               {"ts", double(begin) * microseconds},
               {"dur", double(length) * microseconds},
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
};

}  // namespace

void write_chrome_trace(const std::string& file, const models::Chip& chip, const std::vector<TracedProgram>& programs) {
    std::ofstream out(file);
    Writer writer(out, chip);
    writer.begin();
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
    for (const TracedProgram& traced : programs) writer.program(traced);
    writer.end();
    if (!out.flush()) throw user_error(file, ": cannot be written");
}

}  // namespace superlane::sim
