// SPDX-License-Identifier: Apache-2.0
// What a run finds and does: hazards, each once a pair of bursts, and trace records; both in an order of their own.
#pragma once
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "sim/prepare.hpp"

namespace superlane::sim {

/// A burst's instruction as a hazard names it.
InstructionRef refer(const PreparedProgram& program, const isa::QueueMap& queues, uint32_t burst);

class HazardLog {
public:
    void add(RawHazard hazard);
    /// Says more about a hazard, if it was one and this cycle its first.
    void explain(const RawHazard& hazard);
    bool empty() const { return found_.empty(); }
    /// How many happen before a cycle.
    size_t before(int64_t cycle) const;
    /// In words, sorted by cycle, kind, slice, stream, instructions; at most `most`.
    std::vector<Hazard> report(const PreparedProgram& program, size_t most) const;

private:
    using Key = std::tuple<HazardKind, int, int, uint32_t, uint32_t>;
    std::map<Key, RawHazard> found_;  ///< the earliest of each key
};

/// One event: a chunk is dispatched, drives streams, or takes values from a driver.
struct TraceRecord {
    enum class Kind : uint8_t { Dispatch, Drive, Take };
    int64_t cycle = 0;
    uint32_t burst = 0;
    Kind kind = Kind::Dispatch;
    int32_t stream = -1;
    uint32_t first = 0, count = 0;  ///< elements
    uint32_t driver = no_burst;
    int32_t position = 0;
    uint32_t interval = 1;  ///< cycles from element to element
    int32_t from = 0;       ///< of a value taken: where it was driven
    auto operator<=>(const TraceRecord&) const = default;
};

class Trace {
public:
    void add(const TraceRecord& record) { records_.push_back(record); }
    /// Sorted.
    const std::vector<TraceRecord>& records();
    /// Sorted lines.
    std::string text(const PreparedProgram& program);

private:
    std::vector<TraceRecord> records_;
};

}  // namespace superlane::sim
