// SPDX-License-Identifier: Apache-2.0
// Rows of vectors over links, SRAM to SRAM: what every exchange between chips is made of.
#pragma once
#include <map>
#include <vector>

#include "compiler/memory.hpp"
#include "compiler/problem.hpp"

namespace superlane::compiler {

/// A row that was sent, for the receiver that waits for it.
struct SentRow {
    int task = -1;
    int left = 0;  ///< cycle of the task in which its last vector is taken onto the link
};

/// A row that comes from another program or goes to one.
struct Crossing {
    int task = -1;
    int vectors = 0;
};

/// Adds send and receive tasks to a problem. Vectors of a link keep their order: the n-th sent is the n-th received.
/// All chips that run the program begin it in the same cycle, so a receive may wait for a send of the same program:
/// that of the peer, which sends when this chip sends.
class Network {
public:
    /// `latency_cycles`: the longest of any cable, from the serializer to the receive FIFO.
    Network(Problem& problem, int latency_cycles);

    /// Byte by byte onto each of these links, a vector each c2c.vector_interval.
    /// `beyond`: what waits for it elsewhere, as Task::beyond.
    SentRow send(const VectorRegion& region, int row, const std::vector<int>& links, uint64_t ranks = ~0ull,
                 int64_t beyond = 0);
    /// From a link to a row, no sooner than `from` can have arrived.
    int receive(int link, const VectorRegion& region, int row, const SentRow& from, uint64_t ranks = ~0ull);
    /// What another program sent, at the pace at which a link brings vectors; the row's last vector not before a cycle.
    int receive_paced(int link, const VectorRegion& region, int row, int64_t arrival, uint64_t ranks = ~0ull);

private:
    struct Last {
        int task = -1, at = 0;  ///< of a link: its latest task, and the last cycle in which that used it
    };
    int next_port(Side side) { return port_[int(side)]++ % isa::sxm_links; }
    int next_stream(int width);
    int take(Task task, int link, const VectorRegion& region, int row, int pace);

    Problem& problem_;
    int latency_cycles_;
    std::map<int, Last> sent_, received_;  ///< by link
    int port_[2] = {}, stream_ = 0;
};

}  // namespace superlane::compiler
