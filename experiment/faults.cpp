// SPDX-License-Identifier: Apache-2.0
// Parses injected faults.
#include "experiment/faults.hpp"

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>

#include "base/error.hpp"

namespace superlane::experiment {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    boost::split(parts, text, [=](char c) { return c == separator; });
    return parts;
}

/// A number of the fault, decimal or 0x..., within [0, limit).
int64_t number(const std::string& fault, const char* what, const std::string& text, int64_t limit,
               const char* option = "--fault") {
    size_t used = 0;
    int64_t value = -1;
    try {
        value = std::stoll(text, &used, 0);
    } catch (const std::exception&) {
    }
    if (text.empty() || used != text.size() || value < 0 || value >= limit)
        throw user_error(option, " ", fault, ": ", what, " '", text, "' must be a number from 0 to ", limit - 1);
    return value;
}

}  // namespace

sim::Fault parse_fault(const std::string& text, const models::Chip& chip) {
    const std::vector<std::string> parts = split(text, ':');
    if (parts.size() != 5)
        throw user_error("--fault ", text,
                         ": must be CYCLE:SLICE:ADDRESS:SUPERLANE:BIT[,BIT], such as 120:mem.e.3:0x10:5:7");
    const isa::QueueMap queues(chip.geometry);
    const int queue = queues.find(parts[1]);
    if (queue < 0 || queues[queue].kind != isa::SliceKind::Mem)
        throw user_error("--fault ", text, ": '", parts[1], "' is no MEM slice of chip '", chip.name,
                         "' (mem.w.0 to mem.e.", chip.geometry.mem_slices - 1, ")");
    sim::Fault fault{.cycle = number(text, "cycle", parts[0], int64_t(1) << 40),
                     .side = queues[queue].side,
                     .slice = queues[queue].unit};
    fault.address = int(number(text, "address", parts[2], chip.geometry.words));
    fault.superlane = int(number(text, "superlane", parts[3], chip.geometry.superlanes));
    for (const std::string& bit : split(parts[4], ',')) fault.bits.push_back(int(number(text, "bit", bit, 137)));
    return fault;
}

std::vector<sim::Fault> parse_faults(const std::vector<std::string>& texts, const models::Chip& chip) {
    std::vector<sim::Fault> faults;
    for (const std::string& text : texts) faults.push_back(parse_fault(text, chip));
    return faults;
}

StepLinkError parse_link_error(const std::string& text, int steps, const models::Chip& chip) {
    const std::vector<std::string> parts = split(text, ':');
    const char* option = "--link-error";
    if (parts.size() != 4)
        throw user_error(option, " ", text, ": must be STEP:CHIP:LINK:N, such as 2:5:0:17, each from 0 on");
    StepLinkError error{.step = int(number(text, "step", parts[0], steps, option)), .text = text};
    error.at.chip = int(number(text, "chip", parts[1], 1'000'000, option));
    error.at.link = int(number(text, "link", parts[2], chip.geometry.links, option));
    error.at.vector = number(text, "vector", parts[3], int64_t(1) << 40, option);
    return error;
}

}  // namespace superlane::experiment
