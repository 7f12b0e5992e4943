// SPDX-License-Identifier: Apache-2.0
// Which reads met which flipped bits.
#include "sim/ecc.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::sim {

namespace {
constexpr int word_bits = 128, check_bits = 9;
}

Ecc::Ecc(const models::Chip& chip, const std::vector<Fault>& faults) {
    const SliceMap slices(chip.geometry);
    watched_.resize(size_t(slices.size()));
    for (const Fault& fault : faults) {
        const isa::Geometry& g = chip.geometry;
        if (fault.slice < 0 || fault.slice >= g.mem_slices || fault.address < 0 || fault.address >= g.words || fault.superlane < 0 ||
            fault.superlane >= g.superlanes)
            throw user_error("fault at slice ", fault.slice, ", address ", fault.address, ", superlane ", fault.superlane, ": no such word");
        const int slice = slices.mem(fault.side, fault.slice);
        watched_[size_t(slice)] = true;
        auto word = std::find_if(words_.begin(), words_.end(), [&](const Word& w) {
            return w.slice == slice && w.address == fault.address && w.superlane == fault.superlane;
        });
        if (word == words_.end()) word = words_.insert(words_.end(), Word{slice, fault.address, fault.superlane, {}});
        for (const int bit : fault.bits) {
            if (bit < 0 || bit >= word_bits + check_bits) throw user_error("fault: bit ", bit, " is not in 0..", word_bits + check_bits - 1);
            word->flips.emplace_back(fault.cycle, bit);
        }
    }
    written_.assign(words_.size(), INT64_MIN);
}

void Ecc::judge(int64_t cycle, HazardLog& hazards) {
    for (const Word& word : words_) judge(word, judged_, cycle, hazards);
    std::erase_if(accesses_, [&](const Access& access) { return access.beat.last() < cycle; });
    judged_ = cycle;
}

void Ecc::judge(const Word& word, int64_t from, int64_t to, HazardLog& hazards) {
    struct Event {
        int64_t cycle;
        bool read;  // a write in the cycle of a read comes first; that pair is a hazard anyway
        uint32_t burst;
    };
    std::vector<Event> events;
    for (const Access& access : accesses_)
        if (access.slice == word.slice)
            for (uint32_t i = 0; i < access.beat.count; ++i)
                if (access.address + i * access.step == word.address && access.beat.at(i) >= from && access.beat.at(i) < to)
                    events.push_back({access.beat.at(i), !access.write, access.burst});
    std::sort(events.begin(), events.end(), [](const Event& x, const Event& y) { return std::tie(x.cycle, x.read, x.burst) < std::tie(y.cycle, y.read, y.burst); });
    int64_t& written = written_[size_t(&word - words_.data())];
    for (const Event& event : events) {
        if (!event.read) {
            written = event.cycle;
            continue;
        }
        std::vector<int> wrong;  // a bit that flips twice is right again
        for (const auto& [cycle, bit] : word.flips) {
            if (cycle > event.cycle || cycle < written) continue;
            const auto again = std::find(wrong.begin(), wrong.end(), bit);
            again == wrong.end() ? void(wrong.push_back(bit)) : void(wrong.erase(again));
        }
        if (wrong.size() == 1) ++corrected_;
        if (wrong.size() < 2) continue;
        fatal_ = true;
        hazards.add({HazardKind::Uncorrectable, event.cycle, word.slice, -1, event.burst, no_burst,
                     "address " + std::to_string(word.address) + ", superlane " + std::to_string(word.superlane) + ", " + std::to_string(wrong.size()) + " bits"});
    }
}

}  // namespace superlane::sim
