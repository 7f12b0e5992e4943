// SPDX-License-Identifier: Apache-2.0
// The text trace, sorted so that both engines give the same bytes.
#include <algorithm>

#include "isa/disassembler.hpp"
#include "sim/log.hpp"

namespace superlane::sim {
namespace {

std::string padded(int64_t cycle) {
    std::string text = std::to_string(cycle);
    return std::string(text.size() < 8 ? 8 - text.size() : 0, ' ') + text;
}

class Lines {
public:
    explicit Lines(const PreparedProgram& program) : program_(program), queues_(program.geometry) {
        for (int queue = 0; queue < queues_.size(); ++queue) names_.push_back(queues_.name(queue));
    }

    std::string line(const TraceRecord& record) const {
        std::string text = padded(record.cycle) + ' ' + name(record.burst) + ' ';
        const std::string elements = std::to_string(record.first) + ".." + std::to_string(record.first + record.count - 1);
        switch (record.kind) {
            case TraceRecord::Kind::Dispatch: return text + isa::to_text(program_.bursts[record.burst].instruction) + " x" + std::to_string(record.count) + '\n';
            case TraceRecord::Kind::Drive: return text + "drives " + stream_name(record.stream) + " at " + std::to_string(record.position) + ", " + elements + '\n';
            case TraceRecord::Kind::Take: break;
        }
        return text + "takes " + stream_name(record.stream) + " at " + std::to_string(record.position) + ", " + elements + ", of " + name(record.driver) + '\n';
    }

private:
    std::string name(uint32_t burst) const {
        if (burst == no_burst) return "nobody";
        const BurstInfo& info = program_.bursts[burst];
        return names_[info.queue] + '[' + std::to_string(info.position) + ']';
    }

    const PreparedProgram& program_;
    isa::QueueMap queues_;
    std::vector<std::string> names_;
};

}  // namespace

const std::vector<TraceRecord>& Trace::records() {
    std::sort(records_.begin(), records_.end());
    return records_;
}

std::string Trace::text(const PreparedProgram& program) {
    const Lines lines(program);
    std::string text;
    for (const TraceRecord& record : records()) text += lines.line(record);
    return text;
}

}  // namespace superlane::sim
