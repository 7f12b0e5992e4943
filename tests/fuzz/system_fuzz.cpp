// SPDX-License-Identifier: Apache-2.0
// Any bytes as the JSON file of a system: a UserError, or a system whose cables lead back to where they came from.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.hpp"
#include "models/json_file.hpp"
#include "models/system_file.hpp"
#include "models/topology.hpp"

using namespace superlane;

namespace {

void check(const models::System& system) {
    const auto peers = system.all_peers();
    SUPERLANE_CHECK(int(peers.size()) == system.chips && system.nodes() >= 1 && system.racks() >= 1);
    for (int chip = 0; chip < system.chips; ++chip)
        for (size_t link = 0; link < peers[size_t(chip)].size(); ++link) {
            const models::Port there = peers[size_t(chip)][link].port;
            if (there.chip < 0) continue;
            const models::Port back = peers[size_t(there.chip)][size_t(there.link)].port;
            SUPERLANE_CHECK(back.chip == chip && back.link == int(link), chip, link);
        }
    SUPERLANE_CHECK(models::connected_parts(system).size() == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    try {
        check(models::parse_system(parse_json({reinterpret_cast<const char*>(data), size}, "input"), "input"));
    } catch (const UserError&) {
    }
    return 0;
}
