// SPDX-License-Identifier: Apache-2.0
// Send and receive tasks.
#include "compiler/network.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"
#include "compiler/vector_task.hpp"

namespace superlane::compiler {
namespace {

/// What arrives is taken at once, whatever else would have the bank or the stream: a FIFO holds few vectors. More than
/// any chain of tasks takes.
constexpr int64_t appointment = int64_t(1) << 40;

}  // namespace

Network::Network(Problem& problem, int latency_cycles) : problem_(problem), latency_cycles_(latency_cycles) {}

/// Streams in turn, so that exchanges spread over what weights leave free.
int Network::next_stream(int width) {
    const int streams = problem_.chip().geometry.streams;
    stream_ = (stream_ + 1) % streams;
    return std::min(stream_, streams - width);
}

SentRow Network::send(const VectorRegion& region, int row, const std::vector<int>& links, uint64_t ranks,
                      int64_t beyond) {
    const isa::Geometry& geometry = problem_.chip().geometry;
    const int interval = problem_.chip().timing.c2c_vector_interval;
    const Side side = region.side, direction = outward(side);
    const int edge = problem_.plan().sxm_edge(side);
    const int reads = (int(links.size()) + isa::sxm_links - 1) / isa::sxm_links;  // a port takes one vector a cycle
    SUPERLANE_CHECK(reads >= 1 && reads < interval, "links of one send", links.size());
    Task task;
    task.ranks = ranks;
    task.beyond = beyond;
    for (int k = 0; k < region.width; ++k)
        for (int part = 0; part < reads; ++part) {
            const int at = k * interval + part, stream = next_stream(1);
            const int position = problem_.plan().mem(side, region.slices[size_t(k)]);
            add_access(problem_, task, Opcode::Read, region, k, row, 1, 1, 1,
                       at - std::abs(edge - position) - problem_.chip().timing.mem_read,
                       isa::stream(direction, stream));
            task.flows.push_back({direction, stream, isa::diagonal(direction, at, edge), 1, 1, std::min(edge, position),
                                  std::max(edge, position)});
            for (int i = part * isa::sxm_links; i < std::min(int(links.size()), (part + 1) * isa::sxm_links); ++i) {
                Issue issue{problem_.queues().c2c(side, i % isa::sxm_links), at, 1, 1, 0, {}};
                issue.instruction.opcode = Opcode::Send;
                issue.instruction.a = isa::stream(direction, stream);
                issue.instruction.index = uint16_t(links[size_t(i)]);
                task.issues.push_back(issue);
                task.holds.push_back({problem_.queues().size() + geometry.alus + links[size_t(i)], at, interval});
            }
        }
    const int left = (region.width - 1) * interval + reads - 1;
    if (!region.constant) {  // the last byte is read later than the first: nobody may overwrite the row in between
        Access last = task.accesses.front();
        last.at += left;
        task.accesses.push_back(last);
    }
    for (const int link : links) {
        Last& before = sent_[link];
        if (before.task >= 0) task.after.push_back({before.task, before.at + interval});
        before = {int(problem_.tasks().size()), left};
    }
    return {problem_.add(std::move(task)), left};
}

int Network::receive(int link, const VectorRegion& region, int row, const SentRow& from, uint64_t ranks) {
    const int flight = problem_.chip().timing.c2c_send + latency_cycles_;
    Task task;
    task.ranks = ranks;
    task.after.push_back({from.task, from.left + flight - (region.width - 1)});
    return take(std::move(task), link, region, row, 1);
}

int Network::receive_paced(int link, const VectorRegion& region, int row, int64_t arrival, uint64_t ranks) {
    Task task;
    task.ranks = ranks;
    task.earliest = std::max<int64_t>(0, arrival - (region.width - 1));
    task.beyond = appointment;
    return take(std::move(task), link, region, row, problem_.chip().timing.c2c_vector_interval);
}

/// `pace`: cycles from one vector's arrival to the next one's. A row is taken when its last vector is there.
int Network::take(Task task, int link, const VectorRegion& region, int row, int pace) {
    const isa::Timing& timing = problem_.chip().timing;
    const Side side = region.side, direction = inward(side);
    const int edge = problem_.plan().sxm_edge(side);
    const int stream = std::min(next_stream(1), problem_.chip().geometry.streams - region.width);
    const int port = next_port(side);
    for (int k = 0; k < region.width; ++k) {
        const int position = problem_.plan().mem(side, region.slices[size_t(k)]);
        const int driven = k + timing.c2c_receive;
        Issue issue{problem_.queues().c2c(side, port), k, 1, 1, 0, {}};
        issue.instruction.opcode = Opcode::Receive;
        issue.instruction.dst = isa::stream(direction, stream + k);
        issue.instruction.index = uint16_t(link);
        task.issues.push_back(issue);
        add_access(problem_, task, Opcode::Write, region, k, row, 1, 1, 1, driven + std::abs(edge - position),
                   isa::stream(direction, stream + k));
        task.flows.push_back({direction, stream + k, isa::diagonal(direction, driven, edge), 1, 1,
                              std::min(edge, position), std::max(edge, position)});
    }
    task.accesses.back().settled += region.width - 1;  // the row is whole when its last byte is there
    Last& before = received_[link];
    if (before.task >= 0) task.after.push_back({before.task, before.at + 1 + region.width * (pace - 1)});
    before = {int(problem_.tasks().size()), region.width - 1};
    return problem_.add(std::move(task));
}

}  // namespace superlane::compiler
