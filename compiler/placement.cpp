// SPDX-License-Identifier: Apache-2.0
// Finds a chain of groups by depth-first search, nearest and best connected neighbours first.
#include "compiler/placement.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "base/error.hpp"

namespace superlane::compiler {
namespace {

using models::System;

/// How one group meets another: which ranks are gateways, and the chip at the other end of each gateway's cables.
struct Meeting {
    Boundary boundary;
    std::vector<std::pair<int, int>> ends;  ///< by gateway: rank, chip at the other end
};

class Chain {
public:
    Chain(const System& system, int group_chips, const std::vector<int>& taken)
        : system_(system), size_(group_chips), peers_(system.all_peers()) {
        const std::set<int> others(taken.begin(), taken.end());
        for (int node = 0; node < system.nodes(); ++node) {
            const int first = node * system.chips_per_node;
            const int chips = std::min(system.chips_per_node, system.chips - first);
            for (int begin = 0; begin + size_ <= chips; begin += size_) {
                std::vector<int> group(static_cast<size_t>(size_));
                std::iota(group.begin(), group.end(), first + begin);
                if (std::any_of(group.begin(), group.end(), [&](int chip) { return others.contains(chip); })) continue;
                for (const int chip : group) group_of_[chip] = int(groups_.size());
                groups_.push_back(std::move(group));
            }
        }
        used_.resize(groups_.size());
    }

    int groups() const { return int(groups_.size()); }

    /// Extends the chain to `stages`; false when every way was tried, or too many.
    bool find(int stages) {
        if (placed_.empty()) return begin(stages);
        if (int(placed_.size()) == stages) return true;
        if (++tries_ > 200'000) return false;
        for (const auto& [preference, next] : neighbours()) {
            const std::optional<Meeting> meeting = meet(placed_.back().chips, next);
            if (!meeting) continue;
            used_[size_t(next)] = true;
            take(ranked(next, *meeting), *meeting);
            if (find(stages)) return true;
            placed_.pop_back();
            placed_.back().out = {};
            used_[size_t(next)] = false;
        }
        return false;
    }

    std::vector<PlacedGroup> finish() {
        for (size_t i = 0; i < placed_.size(); ++i)
            for (int rank = 0; rank < size_; ++rank) placed_[i].links.push_back(links(i, rank));
        return std::move(placed_);
    }

private:
    /// From a group of the first node: not each has a cable out of it.
    bool begin(int stages) {
        for (size_t first = 0; first < groups_.size() && node(int(first)) == node(0); ++first) {
            tries_ = 0;
            used_[first] = true;
            take(groups_[first], std::nullopt);
            if (find(stages)) return true;
            placed_.clear();
            used_[first] = false;
        }
        return false;
    }

    int node(int group) const { return system_.node_of(groups_[size_t(group)][0]); }

    /// Unused groups that a cable leads to: those of the same node first, then those with the most cables.
    std::vector<std::pair<std::pair<bool, int>, int>> neighbours() const {
        std::map<int, int> cables;
        for (const int chip : placed_.back().chips)
            for (const auto& peer : peers_[size_t(chip)])
                if (const auto found = group_of_.find(peer.port.chip); found != group_of_.end())
                    if (!used_[size_t(found->second)]) ++cables[found->second];
        std::vector<std::pair<std::pair<bool, int>, int>> result;
        const int here = system_.node_of(placed_.back().chips[0]);
        for (const auto& [group, count] : cables) result.push_back({{node(group) != here, -count}, group});
        std::sort(result.begin(), result.end());
        return result;
    }

    int cables_between(int from, int to) const {
        const auto& peers = peers_[size_t(from)];
        return int(std::count_if(peers.begin(), peers.end(), [&](const auto& peer) { return peer.port.chip == to; }));
    }

    /// The meeting with the most gateways, each with a chip of its own at the other end.
    std::optional<Meeting> meet(const std::vector<int>& from, int to) const {
        for (int period = 1; period <= size_; ++period) {
            if (size_ % period != 0) continue;
            for (int base = 0; base < period; ++base) {
                Meeting meeting{{1, period, base}, {}};
                std::vector<int> free = groups_[size_t(to)];
                int cables = INT_MAX;
                for (int rank = base; rank < size_; rank += period) {
                    const int chip = from[size_t(rank)];
                    // The chip in the same place where there is a cable to it: programs then have the same ranks.
                    const int same = groups_[size_t(to)][size_t(rank)];
                    auto end = std::find(free.begin(), free.end(), same);
                    if (end == free.end() || cables_between(chip, same) == 0)
                        end =
                            std::find_if(free.begin(), free.end(), [&](int c) { return cables_between(chip, c) > 0; });
                    if (end == free.end()) break;
                    cables = std::min(cables, cables_between(chip, *end));
                    meeting.ends.emplace_back(rank, *end);
                    free.erase(end);
                }
                meeting.boundary.cables = cables;
                if (int(meeting.ends.size()) == size_ / period) return meeting;
            }
        }
        return std::nullopt;
    }

    /// Chips at the ends of the gateways' cables take the gateways' ranks, the others what is left.
    std::vector<int> ranked(int group, const Meeting& meeting) const {
        std::vector<int> chips(size_t(size_), -1), rest = groups_[size_t(group)];
        for (const auto& [rank, chip] : meeting.ends) {
            chips[size_t(rank)] = chip;
            std::erase(rest, chip);
        }
        for (int rank = 0; rank < size_; ++rank) {  // in place where that is free
            const auto same = std::find(rest.begin(), rest.end(), groups_[size_t(group)][size_t(rank)]);
            if (chips[size_t(rank)] >= 0 || same == rest.end()) continue;
            chips[size_t(rank)] = *same;
            rest.erase(same);
        }
        for (int& chip : chips)
            if (chip < 0) {
                chip = rest.front();
                rest.erase(rest.begin());
            }
        return chips;
    }

    void take(std::vector<int> chips, const std::optional<Meeting>& meeting) {
        PlacedGroup group{.chips = std::move(chips)};
        if (meeting) {
            placed_.back().out = meeting->boundary;
            group.in = meeting->boundary;
        }
        placed_.push_back(std::move(group));
    }

    /// Links of `chip` to `to`, in order.
    std::vector<int> links_to(int chip, int to) const {
        std::vector<int> links;
        for (size_t link = 0; link < peers_[size_t(chip)].size(); ++link)
            if (peers_[size_t(chip)][link].port.chip == to) links.push_back(int(link));
        return links;
    }

    std::vector<int> links(size_t index, int rank) const {
        const PlacedGroup& group = placed_[index];
        const int chip = group.chips[size_t(rank)];
        std::vector<int> table;
        for (int offset = 1; offset < size_; ++offset) {
            const std::vector<int> own = links_to(chip, group.chips[size_t((rank + offset) % size_)]);
            SUPERLANE_CHECK(!own.empty(), "chips of a group without a cable", chip);
            table.push_back(own[0]);
        }
        const auto add = [&](const Boundary& boundary, const PlacedGroup* other, bool sender) {
            std::vector<int> own;
            if (other && (rank - boundary.base) % boundary.period == 0)
                own = between(sender ? chip : other->chips[size_t(rank)], sender ? other->chips[size_t(rank)] : chip,
                              sender);
            own.resize(size_t(boundary.cables), -1);
            table.insert(table.end(), own.begin(), own.end());
        };
        add(group.in, index > 0 ? &placed_[index - 1] : nullptr, false);
        add(group.out, index + 1 < placed_.size() ? &placed_[index + 1] : nullptr, true);
        return table;
    }

    /// Cables from a chip to another in the sender's order: the sender's link numbers, or the receiver's.
    std::vector<int> between(int from, int to, bool sender) const {
        std::vector<int> links;
        for (const int link : links_to(from, to))
            links.push_back(sender ? link : peers_[size_t(from)][size_t(link)].port.link);
        return links;
    }

    const System& system_;
    int size_;
    std::vector<std::vector<System::Peer>> peers_;
    std::vector<std::vector<int>> groups_;
    std::map<int, int> group_of_;
    std::vector<bool> used_;
    std::vector<PlacedGroup> placed_;
    int tries_ = 0;
};

}  // namespace

std::vector<PlacedGroup> place_groups(const models::System& system, int group_chips, int stages,
                                      const std::vector<int>& taken) {
    if (group_chips < 1 || system.chips_per_node % group_chips != 0)
        throw user_error("tp ", group_chips, ": the chips of a group must share a node; system '", system.name,
                         "' has ", system.chips_per_node, " chips a node, so tp must divide ", system.chips_per_node);
    Chain chain(system, group_chips, taken);
    if (chain.groups() < stages)
        throw user_error("pp ", stages, " x tp ", group_chips, " need ", stages * group_chips, " chips; system '",
                         system.name, "' has ", system.chips - int(taken.size()), taken.empty() ? "" : " left", " in ",
                         chain.groups(), " groups of ", group_chips);
    if (!chain.find(stages))
        throw user_error("system '", system.name, "': no chain of ", stages, " groups of ", group_chips,
                         " chips with cables between neighbours was found");
    return chain.finish();
}

}  // namespace superlane::compiler
