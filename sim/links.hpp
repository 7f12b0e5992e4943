// SPDX-License-Identifier: Apache-2.0
// A chip's ends of its links during a run: vectors on their way, and the Receives that take them. Cycles are the
// system's.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/clocks.hpp"
#include "sim/fifo.hpp"
#include "sim/prepare.hpp"

namespace superlane::sim {

/// A Receive that came before its vector was known, and the launch whose program it is of.
struct EarlyReceive {
    int launch = 0;
    int64_t cycle = 0;  ///< of the program
    uint32_t burst = no_burst;
    int link = 0;  ///< of the program
};

/// A vector as it leaves; `link` and `cycle` are the program's.
struct Departure {
    int launch = 0, link = 0;
    int64_t cycle = 0;
    uint32_t burst = no_burst;
    std::vector<uint8_t> bytes;
};

/// One end of a link. The n-th Receive belongs to the n-th vector, whenever either comes.
class LinkEnd {
public:
    struct Taken {
        bool known = false;  ///< the vector has been sent
        int64_t arrival = 0;
        std::vector<uint8_t> bytes;
    };
    /// Who sent a vector, for a hazard that its arrival raises.
    struct Arrival {
        int64_t cycle = 0;
        int launch = 0;
        uint32_t burst = no_burst;
    };

    bool plugged = true;
    bool checked = true;  ///< false: every Receive finds a vector, arrivals are compared afterwards
    int64_t last_send = INT64_MIN / 2;
    int64_t vectors_sent = 0;
    int deepest = 0;  ///< vectors that waited at once

    /// A vector that will arrive; returns the Receive that did not wait for it, if there was one.
    std::optional<EarlyReceive> deliver(const Arrival& arrival, std::vector<uint8_t> bytes) {
        arrivals_.push_back(arrival);
        if (early_.empty()) {
            fifo_.push_back({true, arrival.cycle, std::move(bytes)});
            return {};
        }
        const EarlyReceive receive = early_.front();
        early_.pop_front();
        return receive;
    }
    Taken take(int64_t cycle, const EarlyReceive& receive) {
        if (!checked) return {true, cycle, {}};
        takes_.push_back(cycle);
        if (fifo_.empty()) {
            early_.push_back(receive);
            return {};
        }
        Taken taken = std::move(fifo_.front());
        fifo_.pop_front();
        return taken;
    }
    /// Counts what waited at every arrival before `cycle`, all Receives before it being known; calls full(arrival,
    /// waiting) for each arrival that finds `room` vectors waiting.
    template <class Full>
    void judge(int64_t cycle, int room, Full&& full) {
        for (; !arrivals_.empty() && arrivals_.front().cycle < cycle; arrivals_.pop_front()) {
            ++waiting_;
            for (; !takes_.empty() && takes_.front() <= arrivals_.front().cycle; takes_.pop_front()) --waiting_;
            deepest = std::max(deepest, int(waiting_));
            if (waiting_ > room) full(arrivals_.front(), int(waiting_));
        }
    }

private:
    Fifo<Taken> fifo_;          ///< sent and not received
    Fifo<EarlyReceive> early_;  ///< received and not sent
    Fifo<Arrival> arrivals_;    ///< not judged yet
    Fifo<int64_t> takes_;       ///< not judged yet
    int64_t waiting_ = 0;
};

/// A Send or Receive as it was dispatched; `link` and `cycle` are the program's.
struct LinkEvent {
    int64_t cycle = 0;
    int32_t link = 0;
    bool receive = false;
};

inline std::string link_text(int link) { return "link " + std::to_string(link); }
/// ", arrival at cycle 120" of a program.
inline std::string arrival_text(const Clock& clock, int64_t arrival) {
    return ", arrival at cycle " + std::to_string(clock.local(arrival));
}

/// What a program sees of its chip's links, and when its cycles happen.
struct Wiring {
    std::vector<LinkEnd*> ends;  ///< by link number of the program
    Clock clock;
    int launch = 0;
    bool alone = false;  ///< nothing arrives while the chip runs but what its ends hold already
};

}  // namespace superlane::sim
